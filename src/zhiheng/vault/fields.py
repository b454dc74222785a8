"""A model field whose value stands sealed in the database."""

from typing import Any

from django.db import models

from zhiheng.vault.sealing import seal, unseal


class SealedField(models.BinaryField):
    """Any JSON value, sealed at rest. It cannot be searched: keep a blind index beside it.

    A request that opens one leaves an entry in the audit trail, unless it holds nothing `of_patients`.
    """

    def __init__(self, *args: Any, of_patients: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        self.of_patients = of_patients
        super().__init__(*args, **kwargs)

    @property
    def about(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else unseal(value, about=self.about, of_patients=self.of_patients)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(value, about=self.about)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        return super().get_db_prep_value(value, connection, prepared=True)

    def value_to_string(self, obj: Any) -> str:
        raise TypeError("A sealed value is never written out as text.")

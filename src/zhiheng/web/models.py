"""What a person keeps of the lists: filters and columns under a name."""

from django.conf import settings
from django.db import models

from zhiheng.vault.fields import SealedField


class SavedView(models.Model):
    """One list as a person likes it. The query never has searched text.

    Sealed, since people write what they like into names and filters: a patient's name, too. It is shown to nobody else.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    listing = models.CharField(max_length=60)
    name_index = models.CharField(max_length=32)  # blind index
    sealed = SealedField(of_patients=False)  # {"name", "query"}
    is_first = models.BooleanField(default=False)  # shown when the list is opened without a query

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "listing", "name_index"], name="saved_view_name_once"),
            models.UniqueConstraint(
                fields=["user", "listing"], condition=models.Q(is_first=True), name="saved_view_first_once"
            ),
        ]

    @property
    def name(self) -> str:
        return str(self.sealed["name"])

    @property
    def query(self) -> str:
        return str(self.sealed["query"])

"""Clinical times: the hospital's local time without zone, kept as such."""

from datetime import datetime
from typing import Any

from django.db import models


class LocalTimeField(models.Field):
    """A timestamp without time zone. Django's own field would take it for a moment in some zone and shift it."""

    def db_type(self, connection: Any) -> str:
        return "timestamp(0) without time zone"

    def get_internal_type(self) -> str:
        return "LocalTimeField"

    def to_python(self, value: Any) -> datetime | None:
        return datetime.fromisoformat(value) if isinstance(value, str) else value

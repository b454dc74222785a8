"""The audit trail: entries that are only ever added."""

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """One thing that somebody did. `on` names it by kind and code; never a patient's name, number or value."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    event = models.CharField(max_length=60, db_index=True)
    on_kind = models.CharField(max_length=40, blank=True)
    on_code = models.CharField(max_length=80, blank=True, db_index=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

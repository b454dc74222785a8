"""A version of a pack as it was imported: its files, its hash, who made and who approved it. Rows never change."""

from django.conf import settings
from django.db import models


class PackVersion(models.Model):
    """One version of one disease. `files` holds every file that it was compiled from, by path."""

    abbr = models.CharField(max_length=20, db_index=True)
    version = models.CharField(max_length=60)
    content_hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200, blank=True)
    specialty = models.CharField(max_length=60)
    unit = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    report_days = models.PositiveIntegerField(null=True)  # days after discharge within which a case may be reported
    files = models.JSONField()
    imported_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

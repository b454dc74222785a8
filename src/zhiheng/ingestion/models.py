"""Interfaces, batches and rejects; the record tables stand in `records`."""

from django.conf import settings
from django.db import models

from zhiheng.ingestion.records import MODELS  # noqa: F401  (the record models belong to this app)
from zhiheng.vault.fields import SealedField


class Interface(models.Model):
    """A way in which records come: a profile, and a folder that is watched or nothing but uploads."""

    name = models.CharField(max_length=80, unique=True)
    profile = models.CharField(max_length=200)  # name of a profile, or path of its folder
    folder = models.CharField(max_length=500, blank=True)
    is_enabled = models.BooleanField(default=True)
    last_looked_at = models.DateTimeField(null=True)
    last_received_at = models.DateTimeField(null=True)


class Batch(models.Model):
    """One delivery of files, from its arrival to its records."""

    class State(models.TextChoices):
        RECEIVED = "received"
        PREVIEWED = "previewed"
        RUNNING = "running"
        STORED = "stored"
        FAILED = "failed"
        CANCELLED = "cancelled"

    interface = models.ForeignKey(Interface, models.PROTECT, related_name="batches")
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVED)
    digest = models.CharField(max_length=64, db_index=True)  # of all files: the same delivery twice has one effect
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    progress = models.JSONField(default=dict)
    problem = models.TextField(blank=True)

    @property
    def code(self) -> str:
        return f"B{self.pk:06d}"


class Reject(models.Model):
    """Something that could not be taken as it was. `found` and the row's text stand sealed."""

    class State(models.TextChoices):
        OPEN = "open"
        CORRECTED = "corrected"
        DISMISSED = "dismissed"

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rejects")
    file = models.CharField(max_length=300)
    row = models.CharField(max_length=120, blank=True)
    field = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=60, db_index=True)
    effect = models.CharField(max_length=20)
    reason = models.TextField()
    remedy = models.TextField()
    sealed = SealedField()  # {"found": ..., "correction": ...}
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

"""Interfaces, batches and rejects; the record tables stand in `records`."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhiheng.ingestion.records import MODELS  # noqa: F401  (the record models belong to this app)
from zhiheng.vault.fields import SealedField

SILENT = timedelta(minutes=30)  # of a run; the longest single step is the reading of one large file


class Interface(models.Model):
    """A way in which records come: a profile, and a folder that is watched or nothing but uploads."""

    name = models.CharField(_("Name"), max_length=80, unique=True)
    profile = models.CharField(_("Profile"), max_length=200)  # name of a profile that is shipped, or path of its folder
    folder = models.CharField(_("Watched folder"), max_length=500, blank=True)
    marker = models.CharField(_("Marker of a complete delivery"), max_length=100, blank=True)  # .done; else: settled
    settle_seconds = models.PositiveIntegerField(_("Seconds without change"), default=60)
    move_to = models.CharField(_("Move files once stored to"), max_length=200, blank=True)  # a folder below `folder`
    keep_days = models.PositiveIntegerField(_("Keep deliveries (days)"), default=400)
    is_enabled = models.BooleanField(_("Enabled"), default=True)
    last_looked_at = models.DateTimeField(null=True, editable=False)
    last_received_at = models.DateTimeField(null=True, editable=False)
    problem = models.TextField(blank=True, editable=False)  # why the last look found nothing: never a file's name

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    """A folder in which a delivery lies, as the last look found it. Its name stands as a blind index."""

    interface = models.ForeignKey(Interface, models.CASCADE, related_name="places")
    place = models.CharField(max_length=32, db_collation="C")
    fingerprint = models.CharField(max_length=32, db_collation="C")  # of the names, sizes and times of its files
    since = models.DateTimeField()  # since when it has looked like this
    batch = models.ForeignKey("Batch", models.SET_NULL, null=True, related_name="+")  # taken in as this batch

    class Meta:
        constraints = [models.UniqueConstraint("interface", "place", name="place_once")]


class Batch(models.Model):
    """One delivery of files, from its arrival to its records."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        PREVIEWED = "previewed", _("To be confirmed")
        WAITING = "waiting", _("Waits its turn")
        RUNNING = "running", _("In work")
        STORED = "stored", _("Stored")
        FAILED = "failed", _("Failure")
        CANCELLED = "cancelled", _("Cancelled")

    class Origin(models.TextChoices):
        UPLOAD = "upload", _("Upload")
        FOLDER = "folder", _("Folder")

    interface = models.ForeignKey(Interface, models.PROTECT, related_name="batches")
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVED, db_index=True)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.UPLOAD)
    digest = models.CharField(max_length=64, db_index=True)  # of all files: the same delivery twice has one effect
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    runs = models.PositiveIntegerField(default=0)  # how often it was stored: once, and each replay
    counts = models.JSONField(default=dict)  # table -> new, corrected, unchanged, retired
    progress = models.JSONField(default=dict)  # numbers only: {"step", "file", "files", "done", "total"}
    problem = models.TextField(blank=True)
    is_cancelling = models.BooleanField(default=False)
    purged_at = models.DateTimeField(null=True)  # since then its files are gone: it cannot be read again
    # {"files": [{"name", "size", "stored"}], "read": [{"name", "reader", "rows", ...}], "preview": ...}
    sealed = SealedField(null=True)

    class Meta:
        ordering = ("-pk",)

    @property
    def code(self) -> str:
        return f"B{self.pk:06d}"

    @property
    def is_cut_off(self) -> bool:
        """Has the run given no sign for so long that nobody works on it any more?"""
        last = datetime.fromisoformat(self.progress["at"]) if "at" in self.progress else self.started_at
        return self.state == self.State.RUNNING and bool(last) and timezone.now() - last > SILENT


class WholeVisit(models.Model):
    """The newest delivery of a visit by a source that delivers visits whole: an older one read again says nothing."""

    source = models.CharField(max_length=100)
    encounter_key = models.CharField(max_length=32, db_collation="C")
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("source", "encounter_key", name="whole_visit_once")]


class Reject(models.Model):
    """Something that could not be taken as it was. Names of files and resources are sealed too: some name people."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CORRECTED = "corrected", _("Corrected")
        DISMISSED = "dismissed", _("Dismissed")
        RESOLVED = "resolved", _("Resolved")  # a later reading of the same files did not meet it again

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rejects")
    identity = models.CharField(max_length=32, db_collation="C")  # blind index of file, row, field, kind and value
    number = models.PositiveIntegerField()  # its place among the rejects of the batch
    field = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=60, db_index=True)
    effect = models.CharField(max_length=20)
    # {"file", "row", "found", "reason", "remedy", "correction", "everywhere", "note"}
    sealed = SealedField()
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    is_pending = models.BooleanField(default=False)  # corrected, and the files not read again since
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("batch", "identity", name="reject_once")]
        indexes = [models.Index("batch", "state", "kind", name="reject_of_batch")]

    @property
    def code(self) -> str:
        return f"{self.batch.code}.{self.number}"


class MirrorFile(models.Model):
    """A sealed Parquet file of the mirror: one table, one discharge month. It never changes."""

    table = models.CharField(max_length=40)
    month = models.CharField(max_length=7)  # 2025-03; "open": visits that are not over
    name = models.CharField(max_length=32, unique=True)  # of the file in the mirror's folder
    rows = models.PositiveIntegerField()
    written_at = models.DateTimeField(auto_now_add=True)


class MirrorSnapshot(models.Model):
    """The mirror after a batch: which file holds each table and month. A finished run names its number."""

    number = models.PositiveIntegerField(unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    files = models.ManyToManyField(MirrorFile, related_name="snapshots")
    is_kept = models.BooleanField(default=False)  # something refers to it: retention leaves it alone

    class Meta:
        ordering = ("-number",)

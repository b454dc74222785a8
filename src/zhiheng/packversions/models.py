"""A version of a pack as it was imported: its files, its hash, who made and who approved it. Rows never change."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PackVersion(models.Model):
    """One version of one disease. A trigger refuses every change but the approval, which comes once."""

    class Origin(models.TextChoices):
        SHIPPED = "shipped", _("Shipped with the product")  # tested with it: in force from the import on
        IMPORTED = "imported", _("Imported by a person")  # in force when another person has approved it

    abbr = models.CharField(max_length=20, db_index=True)
    version = models.CharField(max_length=60)
    content_hash = models.CharField(max_length=64, unique=True)
    number = models.PositiveIntegerField(null=True)  # of the disease in the national list
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200, blank=True)
    specialty = models.CharField(max_length=60)
    unit = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    report_days = models.PositiveIntegerField(null=True)  # days after discharge within which a case may be reported
    folder = models.CharField(max_length=60)
    origin = models.CharField(max_length=10, choices=Origin)
    imported_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = (F("number").asc(nulls_last=True), "abbr", "-valid_from", "-id")
        constraints = [
            models.CheckConstraint(
                name="pack_version_ends_after_it_begins",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="pack_version_approved_by_another_person",
                condition=Q(approved_by=None) | (Q(author__isnull=False) & ~Q(approved_by=F("author"))),
            ),
            models.CheckConstraint(
                name="pack_version_approved_by_somebody",
                condition=Q(origin="shipped", approved_at__isnull=False)
                | Q(origin="imported", approved_at__isnull=True, approved_by__isnull=True)
                | Q(origin="imported", approved_at__isnull=False, approved_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"{self.abbr} {self.version} ({self.content_hash[:8]})"

    @property
    def is_approved(self) -> bool:
        return self.approved_at is not None


class PackText(models.Model):
    """The text of a file, once, however many versions were compiled from it: packs/common belongs to all of them."""

    digest = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()


class PackFile(models.Model):
    """A file that a version was compiled from, by its path: `stemi/find.yaml`, `common/items.yaml`."""

    pack_version = models.ForeignKey(PackVersion, models.PROTECT, related_name="files")
    path = models.CharField(max_length=200)
    text = models.ForeignKey(PackText, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("path",)
        constraints = [models.UniqueConstraint("pack_version", "path", name="pack_file_once")]


class Upload(models.Model):
    """A pack or an overlay that somebody brought as a ZIP: checked by a job, then a version, or a list of problems.

    Its files stay only until they have been checked.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Being checked")
        REFUSED = "refused", _("Not taken in")
        MADE = "made", _("Taken in")

    name = models.CharField(max_length=200)  # of the ZIP
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    valid_from = models.DateField(null=True)  # where the person said something else than the pack
    valid_until = models.DateField(null=True)
    files = models.JSONField(null=True)  # {"stemi/find.yaml": its text}
    problems = models.JSONField(default=list)  # [{"file", "line", "found", "message"}]
    warnings = models.JSONField(default=list)
    examples = models.PositiveIntegerField(default=0)  # that were run
    version = models.ForeignKey(PackVersion, models.PROTECT, null=True, related_name="uploads")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                name="pack_upload_keeps_nothing_that_was_checked",
                condition=Q(state="waiting", files__isnull=False, version=None)
                | Q(state="refused", files=None, version=None)
                | Q(state="made", files=None, version__isnull=False),
            ),
        ]

    @property
    def code(self) -> str:
        return f"U{self.pk:05d}"

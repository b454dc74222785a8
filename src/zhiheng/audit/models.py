"""The audit trail: entries that are only ever added, and the chain that shows whether they still are what they were."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Entry(models.Model):
    """One thing that somebody did. `on` names it by kind and code; never a patient's name, number or value."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    roles = models.CharField(max_length=200, blank=True)  # held at that time, by code
    event = models.CharField(max_length=60, db_index=True)
    on_kind = models.CharField(max_length=40, blank=True)
    on_code = models.CharField(max_length=80, blank=True, db_index=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        # Who has seen this case, in whatever list?
        indexes = [GinIndex(fields=["detail"], opclasses=["jsonb_path_ops"], name="entry_by_detail")]

    @property
    def facts(self):
        """The details that say something. A template cannot ask for `detail.items`: a detail may be called so."""
        told = ((name, value) for name, value in self.detail.items() if value or (value == 0 and value is not False))
        return [(name, ", ".join(map(str, value)) if isinstance(value, list) else value) for name, value in told]


class Seal(models.Model):
    """A link of the chain: the digest of one entry together with the digest of the link before it."""

    position = models.BigIntegerField(primary_key=True)
    # A number, not a foreign key: the seal of an entry that was taken away must stay and tell.
    entry_id = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)


class Verification(models.Model):
    """What an examination of the chain found."""

    class Outcome(models.TextChoices):
        PASSED = "passed", _("Passed")
        FAILED = "failed", pgettext_lazy("verification", "Failed")
        COULD_NOT_RUN = "could_not_run", _("Could not run")

    at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=20, choices=Outcome)
    sealed = models.BigIntegerField(default=0)
    unsealed = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=20, blank=True)
    position = models.BigIntegerField(null=True)  # of the first broken link
    entry_id = models.BigIntegerField(null=True)

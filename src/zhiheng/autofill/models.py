"""What the records prove for a case: every filling is kept, since a proof may be opened years later."""

from django.db import models

from zhiheng.casefinding.models import Case
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.fields import SealedField


class Filling(models.Model):
    """What one run of the fill rules found for a case. A run that finds the same as before adds none."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="fillings")
    number = models.PositiveIntegerField()
    pack_version = models.ForeignKey(PackVersion, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    digest = models.CharField(max_length=64)
    # {"proposals": {code: {"value", "evidence": [{"table", "source", "source_id", "record_version", "time", "excerpt",
    #  "rule", "candidates", "examined"}]}}, "refused": [{"item", "reason", "found", ...}]}
    sealed = SealedField()

    class Meta:
        constraints = [models.UniqueConstraint("case", "number", name="filling_number_once")]

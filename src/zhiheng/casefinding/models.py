"""Cases: one for each disease that a visit (or a patient's year) may belong to, with its decision and its state."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhiheng.accounts.models import Campus, Department, Staff
from zhiheng.ingestion.fields import LocalTimeField
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.fields import SealedField


class State(models.TextChoices):
    """Where a case stands: exactly one of these, always."""

    UNDECIDED = "undecided", _("To be decided")  # 待确认
    TO_FILL = "to_fill", _("To be filled")  # 待填报
    FILLING = "filling", _("Being filled")  # 填报中
    DEPARTMENT_REVIEW = "department_review", _("For department review")  # 待科室审核
    HOSPITAL_REVIEW = "hospital_review", _("For hospital review")  # 待院级审核
    RETURNED = "returned", _("Returned")  # 驳回
    CANNOT_COMPLETE = "cannot_complete", _("Cannot be completed")  # 无法完成
    TO_SUBMIT = "to_submit", _("To be submitted")  # 待上报
    SUBMITTING = "submitting", _("Being submitted")  # 上报中
    UNKNOWN = "unknown", _("Outcome unknown")  # 未知
    SUBMITTED = "submitted", _("Submitted")  # 已上报
    REFUSED = "refused", _("Refused by the platform")  # 国家驳回
    DONE = "done", _("Done")  # 完成
    WITHDRAWN = "withdrawn", _("Withdrawn")  # 已撤销
    NOT_REQUIRED = "not_required", _("Not required")  # 无需填报


class Case(models.Model):
    """A visit (or a patient and year) that a pack looked at: in, out with its reasons, or undecided with its questions."""

    class Decision(models.TextChoices):
        IN = "in", _("In")
        OUT = "out", _("Out")
        UNDECIDED = "undecided", _("Undecided")

    code = models.CharField(max_length=40, unique=True)  # STEMI-25-000123: the only name of a case outside its pages
    pack_version = models.ForeignKey(PackVersion, models.PROTECT, related_name="cases")
    abbr = models.CharField(max_length=20, db_index=True)
    encounter_key = models.CharField(max_length=32, db_index=True)  # the deciding visit
    person_key = models.CharField(max_length=32, db_index=True)
    year = models.PositiveSmallIntegerField(null=True)  # only where the unit is a patient and year
    decision = models.CharField(max_length=10, choices=Decision)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=20, choices=State)
    is_manual = models.BooleanField(default=False)  # a person opened it: re-screening reports, and changes nothing
    reasons = models.JSONField(default=list)  # [{"id", "text"}]: why it is out
    questions = models.JSONField(default=list)  # what must be answered before it is decided
    standing = models.JSONField(default=list)  # what records cannot know and a person should keep in mind
    campus = models.ForeignKey(Campus, models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="cases")
    department_name = models.CharField(max_length=100, blank=True)  # as the records say
    encounter_class = models.CharField(max_length=20)
    admit_time = LocalTimeField(null=True)
    discharge_time = LocalTimeField(null=True)
    due_date = models.DateField(null=True)
    assigned_to = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="cases")
    opened_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    # {"name", "sex", "birth_date", "record_number", "patient_id", "encounter_id", "encounter_ids", "evidence": [...]}
    sealed = SealedField()
    name_index = models.CharField(max_length=32, blank=True)
    record_index = models.CharField(max_length=32, blank=True)
    patient_index = models.CharField(max_length=32, blank=True)


class CaseEvent(models.Model):
    """What happened to a case's decision and state, in order."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

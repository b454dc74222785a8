"""Visits that were looked at, and cases: one for each disease that a visit (or a patient's year) may belong to."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhiheng.accounts.models import Campus, Department, Staff, User
from zhiheng.accounts.scope import ALL
from zhiheng.ingestion.fields import LocalTimeField
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.fields import SealedField

BLIND = {"max_length": 32, "blank": True, "default": ""}  # a blind index: 32 hex digits that say nothing


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


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a department; those without one are seen by those who see the whole organisation."""

    permission = ""

    def visible_to(self, user: User) -> "ScopedQuerySet":
        return self.within(user.departments_for(self.permission))

    def within(self, departments: frozenset[int]) -> "ScopedQuerySet":
        return self if departments is ALL else self.filter(department__in=departments)


class VisitQuerySet(ScopedQuerySet):
    permission = "casefinding.search"


class CaseQuerySet(ScopedQuerySet):
    permission = "desk.view_cases"


class Visit(models.Model):
    """A visit that was screened, whether or not it became a case: what the search and the ledger ask."""

    encounter_key = models.CharField(max_length=32, unique=True)
    person_key = models.CharField(max_length=32, db_index=True)
    patient_key = models.CharField(max_length=32, db_index=True)
    name_index = models.CharField(**BLIND, db_index=True)
    record_index = models.CharField(**BLIND, db_index=True)
    id_index = models.CharField(**BLIND, db_index=True)
    encounter_class = models.CharField(max_length=20)
    campus = models.ForeignKey(Campus, models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="visits")
    department_name = models.CharField(max_length=100, blank=True)  # as the records say
    admit_time = LocalTimeField(null=True)
    discharge_time = LocalTimeField(null=True)
    has_ended = models.BooleanField()  # neither still there nor cancelled
    ended_on = models.DateField(null=True)  # null also where it ended and nobody wrote down when
    is_gone = models.BooleanField(default=False)  # the records no longer hold it
    content = models.CharField(max_length=32)  # blind index of all of this: has anything changed?
    sealed = SealedField()  # {"name", "sex", "birth_date", "record_number", "patient_id", "encounter_id"}
    screened_at = models.DateTimeField(auto_now=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("ended_on", "encounter_class", name="visit_by_end"),
            models.Index("department", "ended_on", name="visit_by_department"),
        ]

    @property
    def code(self) -> str:
        return f"V{self.pk:06d}"


class Case(models.Model):
    """A visit (or a patient and year) that a pack looked at: in, out with its reasons, or undecided with its questions.

    `decision` is what stands. `finding` is what the records say today, `basis` what they said when the decision was
    made; where the finding is no longer the basis and speaks against the decision, the case `is_contradicted`.
    """

    class Decision(models.TextChoices):
        IN = "in", _("In")
        OUT = "out", _("Out")
        UNDECIDED = "undecided", _("Undecided")

    code = models.CharField(max_length=40, unique=True)  # STEMI-25-000123: the only name of a case outside its pages
    pack_version = models.ForeignKey(PackVersion, models.PROTECT, related_name="cases")
    abbr = models.CharField(max_length=20)
    encounter_key = models.CharField(max_length=32, db_index=True)  # the deciding visit
    visits = models.ManyToManyField(Visit, related_name="cases")  # several only by the year
    person_key = models.CharField(max_length=32, db_index=True)
    year = models.PositiveSmallIntegerField(null=True)  # only where the unit is a patient and year
    quarters = models.JSONField(default=list)  # the rounds of that year
    decision = models.CharField(max_length=10, choices=Decision)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=20, choices=State)
    is_manual = models.BooleanField(default=False)  # a person opened it: re-screening reports, and changes nothing
    reasons = models.JSONField(default=list)  # [{"id", "text"}]: why it is out
    questions = models.JSONField(default=list)  # what must be answered before it is decided
    standing = models.JSONField(default=list)  # what records cannot know and a person should keep in mind
    finding = models.JSONField(default=dict)  # {"decision", "ids"}
    basis = models.JSONField(default=dict)
    is_contradicted = models.BooleanField(default=False)
    moved_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="moved_here")
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
    records_digest = models.CharField(**BLIND)  # of the rows of its person: have the records changed?
    # {"name", "sex", "birth_date", "record_number", "patient_id", "encounter_id", "encounter_ids", "evidence": [...]}
    sealed = SealedField()
    name_index = models.CharField(**BLIND)
    record_index = models.CharField(**BLIND)
    patient_index = models.CharField(**BLIND)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("state", "due_date", "id", name="case_by_state"),
            models.Index("department", "state", "due_date", name="case_by_department"),
            models.Index("abbr", "state", "due_date", name="case_by_disease"),
            models.Index("due_date", "id", name="case_by_due_date"),
            # As lists ask for it: the newest first, those without a discharge at the end.
            models.Index(F("discharge_time").desc(nulls_last=True), F("id").desc(), name="case_by_discharge"),
            models.Index("assigned_to", "state", "due_date", name="case_by_filler"),
            models.Index("id", name="case_contradicted", condition=Q(is_contradicted=True)),
            models.Index("name_index", name="case_by_name"),
            models.Index("record_index", name="case_by_record_number"),
            models.Index("patient_index", name="case_by_patient"),
        ]
        constraints = [
            models.UniqueConstraint("abbr", "encounter_key", name="case_once_a_visit", condition=Q(year=None)),
            models.UniqueConstraint(
                "abbr", "person_key", "year", name="case_once_a_year", condition=Q(year__isnull=False)
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="case_state_is_known"),
            # One state says one decision: whoever changes the one changes the other.
            models.CheckConstraint(
                name="case_state_fits_decision",
                condition=Q(decision="undecided", state="undecided")
                | Q(decision="out", state="not_required")
                | (Q(decision="in") & ~Q(state__in=("undecided", "not_required"))),
            ),
            models.CheckConstraint(name="case_moved_is_out", condition=Q(moved_to=None) | Q(decision="out")),
            models.CheckConstraint(name="case_not_moved_to_itself", condition=~Q(moved_to=F("id"))),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("desk:case", args=[self.code])

    def days_left(self, today: date) -> int | None:
        """Return the days until it is due, negative where it is late; None for a case without a deadline."""
        return (self.due_date - today).days if self.due_date else None


class CaseEvent(models.Model):
    """What happened to a case's decision and state, in order. Events are only ever added."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("Found by screening")
        ADDED = "added", _("Added by hand")
        RESCREENED = "rescreened", _("Decided again on changed records")
        CONTRADICTED = "contradicted", _("The records now say something else")
        AGREED = "agreed", _("The records agree again")
        DECIDED = "decided", _("Decided")
        KEPT = "kept", _("Kept against the records")
        EXCLUDED = "excluded", _("Excluded")
        RESTORED = "restored", _("Restored")
        MOVED_AWAY = "moved_away", _("Moved to another disease")
        MOVED_HERE = "moved_here", _("Moved here from another disease")
        ASSIGNED = "assigned", _("Assigned")
        STATE = "state", _("State changed")
        VERSION = "version", _("Moved to another version of its pack")

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30, choices=Kind)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    detail = models.JSONField(default=dict)  # codes and ids
    sealed = SealedField(null=True)  # {"reason", "answers"}: what people write may name somebody

    class Meta:
        ordering = ("id",)
        indexes = [models.Index("case", "id", name="event_of_case")]

    @property
    def reason(self) -> str:
        return (self.sealed or {}).get("reason", "")

    @property
    def answers(self) -> dict[str, bool]:
        return (self.sealed or {}).get("answers", {})


class Counter(models.Model):
    """The last number given to a case of a disease and year."""

    abbr = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("abbr", "year", name="counter_once")]

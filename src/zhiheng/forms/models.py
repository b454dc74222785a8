"""The answers of a case: the present state in one sealed document, and every change that led to it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from zhiheng.casefinding.models import Case
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.fields import SealedField


class AnswerState(models.TextChoices):
    UNANSWERED = "unanswered", _("Unanswered")
    PROPOSED = "proposed", _("Proposed")
    CONFIRMED = "confirmed", _("Confirmed")
    UNKNOWN = "unknown", _("Cannot be determined")  # 无法确定/无记录
    OPEN = "open", _("Left open with a reason")
    ASIDE = "aside", _("Set aside")  # hidden by other answers; comes back with them


class Answers(models.Model):
    """The form of a case as it stands."""

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="answers")
    # The form that the answers belong to; a case that is moved to another one takes along what both forms have.
    pack_version = models.ForeignKey(PackVersion, models.PROTECT, null=True, related_name="+")
    revision = models.PositiveIntegerField(default=0)
    # {code: {"value", "state", "origin", "revision", "by", "at", "reason", "filling", "proven", "difference",
    # "reasons"}}
    # "filling": number of the filling that proves the value. "proven": what the records said when a person decided.
    # "difference": {"id", "value"} of the open one. "reasons": {rule: {"reason", "found", "by", "at"}} for advisories.
    document = SealedField(default=dict)
    changed_at = models.DateTimeField(auto_now=True)
    # Counters for lists, written with the document.
    total = models.PositiveIntegerField(default=0)  # shown items that must be answered
    left = models.PositiveIntegerField(default=0)  # of these not answered, a proposal counting as no answer
    proposed = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    advisories = models.PositiveIntegerField(default=0)  # without a reason
    left_open = models.PositiveIntegerField(default=0)  # with a reason: nobody can answer them
    differences = models.PositiveIntegerField(default=0)


class AnswerChange(models.Model):
    """One change of one answer; a trigger keeps it from being altered or deleted.

    An undo is a change of its own that names what it takes back.
    """

    class Kind(models.TextChoices):
        TYPED = "typed", _("Answered")
        CONFIRMED = "confirmed", _("Proposal confirmed")
        UNKNOWN = "unknown", _("Marked as cannot be determined")
        OPENED = "opened", _("Left open with a reason")
        CLEARED = "cleared", _("Cleared")
        PROPOSED = "proposed", _("Proposed from the records")
        RULE = "rule", _("Follows from other answers")
        UNDONE = "undone", _("Undone")
        TAKEN = "taken", _("New value of the records taken")
        KEPT = "kept", _("Own value kept against the records")
        EXPLAINED = "explained", _("Reason given for an advisory")
        DIFFERS = "differs", _("The records prove something else")
        MOVED = "moved", _("Left behind when the form changed")

    case = models.ForeignKey(Case, models.CASCADE, related_name="changes")
    item = models.CharField(max_length=60)
    revision = models.PositiveIntegerField()  # of the form: changes of one save have the same
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30, choices=Kind)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone_by")
    token = models.CharField(max_length=40, null=True)  # the page's name of the save, where it gave one
    sealed = SealedField()  # {"before": entry, "after": entry, "reason"}

    class Meta:
        constraints = [
            models.UniqueConstraint("case", "revision", "item", name="change_once"),
            models.UniqueConstraint("case", "token", condition=models.Q(token__isnull=False), name="save_once"),
        ]
        indexes = [
            models.Index("case", "item", models.F("revision").desc(), name="history_of_item"),
            models.Index("by", "at", name="changes_of_person"),
        ]


# What follows from other answers or from the records; it is undone with its cause.
FOLLOWS = frozenset(
    {AnswerChange.Kind.RULE, AnswerChange.Kind.PROPOSED, AnswerChange.Kind.DIFFERS, AnswerChange.Kind.MOVED}
)
# The newest of these is what the next one stands on.
COUNTS = frozenset(AnswerChange.Kind) - {AnswerChange.Kind.RULE, AnswerChange.Kind.DIFFERS}


class Difference(models.Model):
    """The records now prove something else than what a person has confirmed: keep or take, with a reason."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        KEPT = "kept", _("Kept")
        TAKEN = "taken", _("Taken")
        GONE = "gone", _("No longer differs")

    case = models.ForeignKey(Case, models.CASCADE, related_name="differences")
    item = models.CharField(max_length=60)
    filling = models.ForeignKey("autofill.Filling", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    raised_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    sealed = SealedField()  # {"value", "filling", "proposed", "reason"}: `filling` is the one the answer was proven by

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "case", "item", condition=models.Q(state="open"), name="one_open_difference_of_an_item"
            )
        ]


class Presence(models.Model):
    """Who has a form open, and at which item: a second editor is told."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="present")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    item = models.CharField(max_length=60, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("case", "user", name="presence_once")]

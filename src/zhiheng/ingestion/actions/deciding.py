"""What people decide about rejects: correct, dismiss, take back, and read the files of a batch again."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.audit import recording as audit
from zhiheng.ingestion import rejects
from zhiheng.ingestion.actions.batches import CannotDo, run_again
from zhiheng.ingestion.models import Batch, Reject

LONGEST = 2000
State = Reject.State
_DECIDED = ("state", "is_pending", "decided_by", "decided_at", "sealed")


@transaction.atomic
def correct(*, reject: Reject, value: str, by: Any, everywhere: bool = False) -> Reject:
    """Type the value that a field should have had; the next reading of the batch takes it. Empty: there is no value.

    `everywhere` in the file where the field has the wrong value, not in the one row alone.
    """
    reject = _locked(reject)
    value = value.strip()
    if not rejects.is_correctable(reject):
        raise CannotDo(_("Only a field of a row can be corrected here. Correct this at its source."))
    if len(value) > LONGEST or not value.isprintable():
        raise CannotDo(_("The correction must be one line of at most %(count)d characters.") % {"count": LONGEST})
    if value == reject.sealed["found"]:
        raise CannotDo(_("This is the value that was found. Type what it should be."))
    reject.sealed = {**reject.sealed, "correction": value, "everywhere": everywhere}
    return _decide(reject, State.CORRECTED, by, "ingestion.reject_corrected", is_pending=True)


@transaction.atomic
def dismiss(*, reject: Reject, note: str, by: Any, alike: bool = False) -> int:
    """Leave a reject as it is, with the reason; with `alike` all open ones of its kind and field in the batch.

    Returns how many that were.
    """
    note = note.strip()[:LONGEST]
    if not note:
        raise CannotDo(_("Say why this reject needs nothing."))
    reject = _locked(reject)
    found = {reject.pk: reject} | ({each.pk: each for each in _alike(reject)} if alike else {})
    for each in found.values():
        each.sealed = {**each.sealed, "note": note}
        each.state, each.is_pending, each.decided_by, each.decided_at = State.DISMISSED, False, by, timezone.now()
    Reject.objects.bulk_update(found.values(), _DECIDED, batch_size=1000)
    audit.log(
        "ingestion.reject_dismissed", by=by, on=reject, batch=reject.batch.code, kind=reject.kind, count=len(found)
    )
    return len(found)


@transaction.atomic
def reopen(*, reject: Reject, by: Any) -> Reject:
    """Take a correction or a dismissal back."""
    reject = _locked(reject)
    if reject.state not in (State.CORRECTED, State.DISMISSED):
        raise CannotDo(_("There is no decision to take back."))
    return _decide(reject, State.OPEN, by, "ingestion.reject_reopened")


@transaction.atomic
def replay(*, by: Any, batch: Batch | None = None, chosen: Iterable[Reject] = ()) -> list[Batch]:
    """Read the files of a batch, or of the batches of some rejects, again. What is stored is not stored twice."""
    ids = {batch.pk} if batch else {each.batch_id for each in chosen}
    return [run_again(batch=each, by=by) for each in Batch.objects.filter(pk__in=ids).order_by("received_at")]


def _decide(reject: Reject, state: str, by: Any, event: str, *, is_pending: bool = False) -> Reject:
    reject.state, reject.is_pending = state, is_pending
    reject.decided_by, reject.decided_at = by, timezone.now()
    reject.save(update_fields=_DECIDED)
    audit.log(event, by=by, on=reject, batch=reject.batch.code, kind=reject.kind)
    return reject


def _alike(reject: Reject) -> Iterable[Reject]:
    alike = reject.batch.rejects.filter(kind=reject.kind, field=reject.field, state=State.OPEN)
    return alike.select_for_update()


def _locked(reject: Reject) -> Reject:
    return Reject.objects.select_for_update(of=["self"]).select_related("batch").get(pk=reject.pk)

"""What people and jobs do with the form of a case: each is one transaction that locks the case's answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.audit.recording import log
from zhiheng.autofill import queries as autofill
from zhiheng.casefinding import actions as casefinding
from zhiheng.casefinding.models import Case, State
from zhiheng.casefinding.states import NotAllowed
from zhiheng.forms import queries, typing
from zhiheng.forms.editing import CannotChange, Edit, Kind, NotNow, answered, same, start
from zhiheng.forms.models import AnswerChange, AnswerState, Difference, Presence
from zhiheng.forms.proposing import NOTHING, propose
from zhiheng.forms.queries import FormState, ItemState, Saved
from zhiheng.forms.sheet import SheetItem
from zhiheng.forms.state import PERSON, RECORD, Entry
from zhiheng.forms.typing import Clock, Unreadable
from zhiheng.forms.undoing import CannotUndo, UndoLine, undo, undo_period

__all__ = [
    "CannotChange",
    "CannotHandIn",
    "CannotUndo",
    "NotNow",
    "UndoLine",
    "Unreadable",
    "answer",
    "clear",
    "confirm",
    "confirm_section",
    "explain",
    "hand_in",
    "keep",
    "leave",
    "leave_open",
    "mark_unknown",
    "open_proof",
    "take",
    "take_back",
    "take_proposals",
    "touch",
    "undo",
    "undo_period",
]


class CannotHandIn(CannotChange):
    """The form is not complete: `state` has the lists of what stands in the way."""

    def __init__(self, message: str, state: FormState) -> None:
        super().__init__(message)
        self.state = state


# Answering -----------------------------------------------------------------------------------------------------------


def answer(
    *,
    case: Case,
    item: str,
    typed: str | Sequence[str] | None,
    by: Any,
    revision: int | None = None,
    seen: int | None = None,
    token: str = "",
) -> Saved:
    """Answer an item with what somebody typed; nothing typed clears it. Unreadable when it cannot be read.

    `revision` is the item's revision that the editor saw: where somebody else has answered it since, nothing is saved
    and the conflict is told. Without it, or with the conflict's own revision, the answer is saved. `seen` is the
    revision of the form that the page shows: what others have changed since comes back as changed too. `token` names
    the save: the same one posted twice has one effect.
    """
    line = queries.sheet_for(case).by_code.get(item)
    if line is None:
        raise CannotChange(_("This form has no item %(code)s.") % {"code": item})
    # Read before the lock: nobody has to wait for that.
    value = typing.read(queries.sheet_for(case), line, typed, clock_of(case))
    return _answer(case=case, item=item, value=value, by=by, revision=revision, seen=seen, token=token)


@transaction.atomic
def _answer(*, case: Case, item: str, value: Any, by: Any, revision: int | None, seen: int | None, token: str) -> Saved:
    edit = start(case, by)
    line = edit.item(item)
    entry = edit.entry(item)
    said, kind = _said(edit, line, entry, value)
    if _says_the_same(entry, said) or _is_saved(edit, item, revision, token):
        return edit.finish(seen=seen)
    if conflict := edit.conflict(line, revision, value):
        return _refused(edit, conflict, seen)
    edit.put(item, said, kind, token=token)
    return _finish(edit, "forms.answered", seen=seen, item=item)


def _said(edit: Edit, item: SheetItem, entry: Entry, value: Any) -> tuple[Entry, str]:
    """Return what an answer says: to type what is proposed confirms it, to pick "cannot be determined" says so."""
    if value is None:
        return NOTHING, Kind.CLEARED
    if item.unknown is not None and item.unknown.code == item.code and same(value, item.unknown.value):
        return _unknown(edit, item.code, value), Kind.UNKNOWN
    if entry.get("state") == AnswerState.PROPOSED and same(value, entry["value"]):
        return _confirmed(entry), Kind.CONFIRMED
    return answered(value), Kind.TYPED


def _unknown(edit: Edit, code: str, value: Any) -> Entry:
    """Return the answer "cannot be determined"; of a box beside items, with what was proven of them and rejected."""
    against = edit.proven_beside(code)
    return answered(value, state=AnswerState.UNKNOWN, **({"against": against} if against else {}))


def _confirmed(entry: Entry) -> Entry:
    return answered(entry["value"], origin=RECORD, filling=entry["filling"])


def _says_the_same(entry: Entry, said: Entry) -> bool:
    if said["state"] == AnswerState.UNANSWERED:
        return entry.get("state", AnswerState.UNANSWERED) == AnswerState.UNANSWERED
    return entry.get("state") == said["state"] and same(entry.get("value"), said["value"])


def _is_saved(edit: Edit, item: str, seen: int | None, token: str) -> bool:
    """Whether the save of this name has been made: only where the item has changed since the editor saw it."""
    has_changed = seen is None or edit.entry(item).get("revision", 0) > seen
    return bool(token) and has_changed and AnswerChange.objects.filter(case=edit.case, token=token).exists()


def _refused(edit: Edit, conflict: queries.Conflict, seen: int | None) -> Saved:
    saved = edit.finish(seen=seen)
    return Saved(saved.state, saved.changed | {conflict.item.code}, conflict, merged=saved.merged)


def clear(
    *, case: Case, item: str, by: Any, revision: int | None = None, seen: int | None = None, token: str = ""
) -> Saved:
    """Take an answer or a proposal away. The same proposal does not come back by itself."""
    return _answer(case=case, item=item, value=None, by=by, revision=revision, seen=seen, token=token)


@transaction.atomic
def mark_unknown(
    *, case: Case, item: str, by: Any, revision: int | None = None, seen: int | None = None, token: str = ""
) -> Saved:
    """Say that an item cannot be determined: by its own option (无法确定或无记录), or the box beside it that says so.

    An item that has neither and need not be answered becomes `unknown` without a value. One that must be answered is
    refused: it can be left open with a reason.
    """
    edit = start(case, by)
    line = edit.item(item)
    way = line.unknown
    if way is None and line.required:
        raise CannotChange(
            _("The form has no “cannot be determined” for “%(label)s”. Leave it open with a reason.")
            % {"label": line.label}
        )
    code, value = (way.code, way.value) if way else (item, None)
    _refuse_to_hide(edit, way.siblings if way else ())
    said = _unknown(edit, code, value)
    if _says_the_same(edit.entry(code), said) or _is_saved(edit, code, None, token):
        return edit.finish(seen=seen)
    if conflict := edit.conflict(edit.sheet.by_code[code], revision if code == item else None, value):
        return _refused(edit, conflict, seen)
    edit.put(code, said, Kind.UNKNOWN, token=token)
    return _finish(edit, "forms.marked_unknown", seen=seen, item=code)


def _refuse_to_hide(edit: Edit, siblings: Iterable[str]) -> None:
    """One key must not make other people's answers disappear with it."""
    items = [edit.before.items[code] for code in siblings]
    hidden = [item for item in items if item.shown and item.value is not None and item.origin in (PERSON, RECORD)]
    if hidden:
        labels = _("; ").join(item.item.label for item in hidden)
        message = _("The same answer would hide these, which have an answer: %(labels)s. Clear them first.")
        raise CannotChange(message % {"labels": labels})


@transaction.atomic
def leave_open(
    *, case: Case, item: str, reason: str, by: Any, revision: int | None = None, seen: int | None = None
) -> Saved:
    """Leave an item open that nobody can answer. The case can be handed in, and goes to those who decide about it."""
    why = _reason(reason)
    edit = start(case, by)
    line = edit.item(item)
    entry = edit.entry(item)
    if entry.get("state") == AnswerState.OPEN and entry.get("reason") == why:
        return edit.finish(seen=seen)
    if conflict := edit.conflict(line, revision, None):
        return _refused(edit, conflict, seen)
    edit.put(item, {**NOTHING, "state": AnswerState.OPEN, "origin": PERSON, "reason": why}, Kind.OPENED, reason=why)
    return _finish(edit, "forms.left_open", seen=seen, item=item)


@transaction.atomic
def explain(*, case: Case, item: str, rule: str, reason: str, by: Any, seen: int | None = None) -> Saved:
    """Give the reason that an advisory wants. It holds as long as the values stay that were found then."""
    why = _reason(reason)
    edit = start(case, by)
    state = edit.before.items.get(item)
    finding = next((each for each in state.findings if each.rule == rule), None) if state else None
    if finding is None or finding.severity != "advisory":
        raise CannotChange(_("There is no such advisory at this item any more."))
    given = {"reason": why, "found": dict(finding.found), "by": edit.author, "at": edit.at.isoformat()}
    reasons = {**edit.entry(finding.item).get("reasons", {}), rule: given}
    edit.note(finding.item, {"reasons": reasons}, Kind.EXPLAINED, reason=why)
    return _finish(edit, "forms.explained", seen=seen, item=item, rule=rule)


# Confirming ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm(*, case: Case, items: Iterable[str], by: Any, seen: int | None = None) -> Saved:
    """Confirm proposals one by one. What is no proposal is left as it is.

    With `seen`, the revision of the form that the page shows, a proposal that has changed since is refused: nobody
    confirms what nobody has looked at.
    """
    edit = start(case, by)
    return _confirm(edit, [edit.before.items[code] for code in items if code in edit.before.items], seen)


@transaction.atomic
def confirm_section(*, case: Case, section: int, by: Any, seen: int | None = None) -> Saved:
    """Confirm all proposals that a section shows; those with an error are refused, each wants a look of its own."""
    edit = start(case, by)
    items = edit.before.sections[section].items
    wrong = {item.code: _("There is an error here: look at it first.") for item in items if _is_wrong(item)}
    return _confirm(edit, [item for item in items if item.code not in wrong], seen, wrong)


def _is_wrong(item: ItemState) -> bool:
    return item.is_proposed and item.severity == "error"


def _confirm(
    edit: Edit, items: Iterable[ItemState], seen: int | None, refused: Mapping[str, str] | None = None
) -> Saved:
    refused = dict(refused or {})
    for item in items:
        if not item.is_proposed:
            continue
        if seen is not None and item.revision > seen:
            refused[item.code] = _("The records have changed it since: look at it again.")
        else:
            edit.put(item.code, _confirmed(edit.entry(item.code)), Kind.CONFIRMED)
    if not edit.changes:
        return edit.finish(seen=seen, refused=refused)
    return _finish(edit, "forms.confirmed", seen=seen, refused=refused, items=sorted(edit.changes))


# Differences ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def keep(*, difference: Difference, reason: str, by: Any, seen: int | None = None) -> Saved:
    """Keep one's answer against what the records prove now. The same proof does not raise a difference again."""
    why = _reason(reason)
    edit, found = _decide(difference, by)
    _close(difference, Difference.State.KEPT, why, edit)
    decided = {"difference": None, "proven": found["value"], "against": found.get("instead")}
    edit.note(difference.item, decided, Kind.KEPT, reason=why)
    return _finish(edit, "forms.difference_kept", seen=seen, item=difference.item)


@transaction.atomic
def take(*, difference: Difference, reason: str, by: Any, seen: int | None = None) -> Saved:
    """Take what the records prove now; where they no longer prove anything, the answer goes.

    In place of "cannot be determined" in a box beside items, these take what the records prove.
    """
    why = _reason(reason)
    edit, found = _decide(difference, by)
    _close(difference, Difference.State.TAKEN, why, edit)
    value = found["value"]
    said = NOTHING if value is None else answered(value, origin=RECORD, filling=found["filling"])
    edit.put(difference.item, {**said, "difference": None, "proven": value}, Kind.TAKEN, reason=why)
    for code, proven in found.get("instead", {}).items():
        if edit.entry(code).get("state", AnswerState.UNANSWERED) in (AnswerState.UNANSWERED, AnswerState.PROPOSED):
            taken = answered(proven, origin=RECORD, filling=found["filling"], proven=proven)
            edit.put(code, taken, Kind.TAKEN, reason=why)
    return _finish(edit, "forms.difference_taken", seen=seen, item=difference.item)


def _decide(difference: Difference, by: Any) -> tuple[Edit, dict[str, Any]]:
    edit = start(difference.case, by)
    found = edit.entry(difference.item).get("difference")
    if not found or found["id"] != difference.pk:
        raise CannotChange(_("This difference is no longer open: the form shows how it stands."))
    return edit, found


def _close(difference: Difference, state: str, reason: str, edit: Edit) -> None:
    difference.refresh_from_db()
    difference.state, difference.decided_by, difference.decided_at = state, edit.by, edit.at
    difference.sealed = {**difference.sealed, "reason": reason}
    difference.save(update_fields=["state", "decided_by", "decided_at", "sealed"])


@transaction.atomic
def take_proposals(*, case: Case) -> Saved | None:
    """Bring the form up to what the records prove now: the newest filling. Nothing of a person's changes."""
    filling = autofill.newest(case)
    if filling is None or filling.pack_version_id != case.pack_version_id or case.decision == Case.Decision.OUT:
        return None
    edit = start(case, None, editable=None)
    propose(edit, filling)
    return edit.finish()


# Handing in ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def hand_in(*, case: Case, by: Any) -> Case:
    """Hand the form in to the department's review; with items left open, to those who decide about such cases.

    CannotHandIn while anything must still be answered, confirmed, corrected, explained or decided.
    """
    edit = start(case, by)
    counter = edit.before.counter
    if not counter.is_ready:
        raise CannotHandIn(_why_not(counter), edit.before)
    then = State.CANNOT_COMPLETE if counter.left_open else State.DEPARTMENT_REVIEW
    log("forms.handed_in", by=by, on=case, revision=edit.answers.revision, left_open=counter.left_open)
    return _move_on(case, then, by)


def _why_not(counter: queries.Counter) -> str:
    said = (
        (counter.left, _("%(n)d not answered")),
        (counter.proposed, _("%(n)d not confirmed")),
        (counter.errors, _("%(n)d errors")),
        (counter.advisories, _("%(n)d advisories without a reason")),
        (counter.differences, _("%(n)d differences not decided")),
    )
    return _("Not yet complete: %(what)s.") % {"what": _(", ").join(text % {"n": n} for n, text in said if n)}


@transaction.atomic
def take_back(*, case: Case, by: Any) -> Case:
    """Go on with a form that was handed in, as long as nobody has decided about it."""
    start(case, by, editable={State.DEPARTMENT_REVIEW, State.CANNOT_COMPLETE})
    log("forms.taken_back", by=by, on=case)
    return _move_on(case, State.FILLING, by)


@transaction.atomic
def open_proof(*, case: Case, item: str, by: Any, filling: int | None = None) -> queries.Proof:
    """Open the proof of an item's value, and record that it was opened. KeyError for an item the form has not."""
    found = queries.proof(case, item, filling)
    basis = found.basis.filling if found.basis else None
    log("autofill.proof_opened", by=by, on=case, item=item, filling=basis)
    return found


# Presence ------------------------------------------------------------------------------------------------------------


def touch(*, case: Case, user: Any, item: str = "") -> None:
    """Say that somebody has a form open, and at which item. No entry in the audit trail: opening the case has one."""
    row = Presence(case=case, user=user, item=item[:60], seen_at=timezone.now())
    Presence.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["case", "user"], update_fields=["item", "seen_at"]
    )


def leave(*, case: Case, user: Any) -> None:
    """Say that somebody has closed a form."""
    Presence.objects.filter(case=case, user=user).delete()


# Steps of these ------------------------------------------------------------------------------------------------------


def _finish(
    edit: Edit, event: str, *, seen: int | None = None, refused: Mapping[str, str] | None = None, **detail: Any
) -> Saved:
    log(event, by=edit.by, on=edit.case, revision=edit.revision, **detail)
    saved = edit.finish(seen=seen, refused=refused)
    if edit.case.state == State.TO_FILL:
        _move_on(edit.case, State.FILLING, edit.by)
    return saved


def _move_on(case: Case, state: State, by: Any) -> Case:
    try:
        return casefinding.set_state(case=case, state=state, by=by)
    except NotAllowed as refused:  # somebody has excluded or reviewed the case in this very moment
        raise NotNow(str(refused)) from refused


def _reason(text: str) -> str:
    if not text.strip():
        raise CannotChange(_("Write the reason: it stands with the answer."))
    return text.strip()[:500]


def clock_of(case: Case) -> Clock:
    now: datetime = timezone.localtime().replace(tzinfo=None)
    return Clock(now, case.admit_time, case.discharge_time)

"""Undo: one change, or all that somebody did within a period. An undo is a change of its own and can be undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from zhiheng.audit.recording import log
from zhiheng.autofill import queries as autofill
from zhiheng.casefinding.models import Case
from zhiheng.forms import queries
from zhiheng.forms.editing import EDITABLE, CannotChange, Edit, Kind, same, start
from zhiheng.forms.models import COUNTS, FOLLOWS, AnswerChange, AnswerState, Difference
from zhiheng.forms.proposing import NOTHING, propose
from zhiheng.forms.queries import Saved
from zhiheng.forms.state import Entry


class CannotUndo(CannotChange):
    """Why a change is not undone."""


@dataclass(frozen=True)
class UndoLine:
    """What an undo does, or did, to one item of one case; with `skipped`, why it leaves it as it is."""

    case: Case
    item: str
    label: str
    now: str
    back_to: str
    changed_at: datetime
    skipped: str = ""


@transaction.atomic
def undo(*, change: AnswerChange, by: Any, seen: int | None = None, over_newer: bool = False) -> Saved:
    """Take one change of an item back. One that something newer stands on only with `over_newer`: the item is then as
    before that change, and the newer ones are gone with it."""
    edit = start(change.case, by)
    if change.kind in FOLLOWS:
        raise CannotUndo(_("This follows from other answers or from the records. Undo or answer those."))
    if AnswerChange.objects.filter(undoes=change).exists():
        raise CannotUndo(_("This was undone already."))
    newest = _newest(change.case, {change.item})[change.item]
    if newest.pk != change.pk and not over_newer:
        said = {"by": newest.by.staff.name if newest.by else _("the records"), "at": _when(newest.at)}
        raise CannotUndo(_("%(by)s changed this item later, at %(at)s. Undo that first.") % said)
    _restore(edit, change.item, change.sealed["before"], undoes=change)
    log("forms.undone", by=by, on=edit.case, item=change.item, revision=edit.revision, change=change.pk)
    return edit.finish(seen=seen)


def _newest(case: Case, items: Iterable[str]) -> dict[str, AnswerChange]:
    rows = AnswerChange.objects.filter(case=case, item__in=items, kind__in=COUNTS).select_related("by__staff")
    return {row.item: row for row in rows.order_by("revision", "pk")}


def _restore(edit: Edit, code: str, before: Entry | None, *, undoes: AnswerChange | None) -> None:
    """Make an entry what it was, with its author and time; what has been found out since about the records stays."""
    entry: Entry = {**NOTHING, **(before or {}), "revision": edit.revision}
    then, now = entry.pop("difference", None), edit.entry(code).get("difference")
    undecided = entry["state"] in (AnswerState.UNANSWERED, AnswerState.PROPOSED)
    known = now or then
    if known and (undecided or same(entry.get("value"), known["value"])):
        edit.decided[known["id"]] = Difference.State.GONE
    elif known:
        if now is None:  # it was decided by what is undone
            edit.decided[known["id"]] = Difference.State.OPEN
        entry["difference"] = known
    edit.write(code, entry, Kind.UNDONE, undoes=undoes)
    filling = autofill.newest(edit.case) if undecided else None
    if filling is not None and filling.pack_version_id == edit.case.pack_version_id:
        _renew(edit, code, filling)


def _renew(edit: Edit, code: str, filling: Any) -> None:
    """Let a restored proposal, or an item that is empty again, follow the records of today."""
    change = edit.changes[code]
    propose(edit, filling, {code})
    if edit.changes[code] is not change:  # one line in the history: the undo
        change.sealed = {**change.sealed, "after": edit.document[code]}
        edit.changes[code] = change


# A period ------------------------------------------------------------------------------------------------------------


def undo_period_preview(
    *, by_whom: Any, start: datetime, end: datetime, by: Any, cases: Iterable[Case] | None = None
) -> list[UndoLine]:
    """Return what `undo_period` would do, and what it would skip and why."""
    return [_line(plan) for plan in _plans(by_whom, start, end, by, cases)]


def undo_period(
    *, by_whom: Any, start: datetime, end: datetime, by: Any, cases: Iterable[Case] | None = None
) -> list[UndoLine]:
    """Take back all that `by_whom` did from `start` until before `end`, in all cases that `by` may undo in.

    Each item becomes what it was before the first of these changes. What somebody has changed since is skipped. Each
    case is a transaction of its own; done twice, the second time finds nothing left to do.
    """
    plans = _plans(by_whom, start, end, by, cases)
    return [line for case in dict.fromkeys(plan.case for plan in plans) for line in _undo_in(case, plans, by)]


@dataclass(frozen=True)
class _Plan:
    case: Case
    item: str
    first: AnswerChange
    last: AnswerChange
    newest: AnswerChange

    @property
    def skipped(self) -> str:
        if self.case.state not in EDITABLE:
            return _("the form can no longer be changed")
        if self.newest.pk == self.last.pk:
            return ""
        if self.newest.kind == Kind.UNDONE:
            return _("undone already")
        who = self.newest.by.staff.name if self.newest.by else _("the records")
        return _("changed since by %(who)s at %(at)s") % {"who": who, "at": _when(self.newest.at)}


def _plans(by_whom: Any, start: datetime, end: datetime, by: Any, cases: Iterable[Case] | None) -> list[_Plan]:
    changes = AnswerChange.objects.filter(by=by_whom, at__gte=start, at__lt=end, case__in=_within(by, cases))
    mine: dict[tuple[int, str], list[AnswerChange]] = {}
    for change in changes.exclude(kind__in=FOLLOWS).order_by("case_id", "revision", "pk"):
        mine.setdefault((change.case_id, change.item), []).append(change)
    found = {case.pk: case for case in Case.objects.filter(pk__in={case for case, _item in mine})}
    newest = {pk: _newest(case, {item for number, item in mine if number == pk}) for pk, case in found.items()}
    plans = [_Plan(found[pk], item, said[0], said[-1], newest[pk][item]) for (pk, item), said in mine.items()]
    return sorted(plans, key=lambda plan: plan.case.code)  # within a case in the order in which it was done


def _within(by: Any, cases: Iterable[Case] | None) -> Any:
    allowed = Case.objects.visible_to(by).within(by.departments_for("forms.undo_period"))
    return allowed if cases is None else allowed.filter(pk__in=[case.pk for case in cases])


def _line(plan: _Plan, skipped: str | None = None) -> UndoLine:
    item = queries.sheet_for(plan.case).by_code.get(plan.item)
    now, before = plan.last.sealed["after"] or {}, plan.first.sealed["before"] or {}
    said = item.text if item else str
    why = plan.skipped if skipped is None else skipped
    label = item.label if item else plan.item
    return UndoLine(plan.case, plan.item, label, said(now.get("value")), said(before.get("value")), plan.last.at, why)


@transaction.atomic
def _undo_in(case: Case, plans: Iterable[_Plan], by: Any) -> list[UndoLine]:
    edit = start(case, by, editable=None)
    mine = [plan for plan in plans if plan.case.pk == case.pk]
    # Looked at again under the lock: somebody may have gone on since the plan was made.
    newest = _newest(case, {plan.item for plan in mine})
    lines = []
    for plan in mine:
        current = _Plan(edit.case, plan.item, plan.first, plan.last, newest[plan.item])
        lines.append(_line(current))
        if not current.skipped:
            _restore(edit, plan.item, plan.first.sealed["before"], undoes=plan.last)
    if edit.changes:
        log("forms.period_undone", by=by, on=case, items=sorted(edit.changes), revision=edit.revision)
    edit.finish()
    return lines


def _when(at: datetime) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}"

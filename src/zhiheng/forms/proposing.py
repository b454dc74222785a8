"""Take in what the records prove: proposals for what nobody has answered, differences where somebody said otherwise."""

from collections.abc import Mapping
from typing import Any

from zhiheng.autofill.models import Filling
from zhiheng.forms.editing import EDITABLE, Edit, Kind, same
from zhiheng.forms.models import AnswerState, Difference
from zhiheng.forms.state import RECORD, Entry

Proposals = Mapping[str, Mapping[str, Any]]


def propose(edit: Edit, filling: Filling, codes: set[str] | None = None) -> None:
    """Bring the form up to a filling, or only these items of it.

    * An item without an answer takes the proposal; one that nobody has confirmed yet follows the records.
    * What a person has answered stays. Where the records now prove something else than the answer, and than what they
      proved when the person decided, a difference is raised; it is gone when they prove the answer again.
    * Where a person has ticked the box "cannot be determined" beside an item, and the records now prove a value for it,
      the difference is raised at the box: the item itself is hidden.
    """
    proposals: Proposals = filling.sealed["proposals"]
    wanted = proposals.keys() | edit.document.keys()
    for code in wanted if codes is None else wanted & codes:
        item = edit.sheet.by_code.get(code)
        if item is None or item.is_computed:
            continue
        state = edit.entry(code).get("state", AnswerState.UNANSWERED)
        if state not in (AnswerState.UNANSWERED, AnswerState.PROPOSED):
            _compare(edit, filling, code, proposals.get(code), _instead(edit, code, proposals))
        elif edit.case.state in EDITABLE:
            _enter(edit, filling, code, proposals.get(code))


def _enter(edit: Edit, filling: Filling, code: str, proposal: Mapping[str, Any] | None) -> None:
    entry = edit.entry(code)
    is_proposed = entry.get("state") == AnswerState.PROPOSED
    if proposal is None:
        if is_proposed:
            edit.put(code, {**NOTHING, "proven": None}, Kind.PROPOSED)
        return
    value = proposal["value"]
    if is_proposed and same(entry["value"], value) and entry["filling"] == filling.number:
        return
    if is_proposed and same(entry["value"], value) and _proof(edit, entry, code) == proposal["evidence"]:
        return
    if not is_proposed and same(entry.get("proven"), value):
        return  # somebody has cleared this very proposal
    said = {"value": value, "state": AnswerState.PROPOSED, "origin": RECORD, "proven": value}
    edit.put(code, {**said, "filling": filling.number}, Kind.PROPOSED)


def _proof(edit: Edit, entry: Entry, code: str) -> Any:
    return edit.filling(entry["filling"]).sealed["proposals"].get(code, {}).get("evidence")


def _instead(edit: Edit, code: str, proposals: Proposals) -> dict[str, Any]:
    """Return what the records prove of the items that a ticked box hides, unless it was known when somebody decided."""
    hidden, entry = edit.sheet.beside.get(code, ()), edit.entry(code)
    if not hidden or entry.get("value") is None:
        return {}
    proven = {each: proposals[each]["value"] for each in hidden if each in proposals}
    against = entry.get("against", {})
    is_new = any(not same(value, against.get(each)) for each, value in proven.items())
    return proven if is_new else {}


def _compare(
    edit: Edit, filling: Filling, code: str, proposal: Mapping[str, Any] | None, instead: Mapping[str, Any]
) -> None:
    entry = edit.entry(code)
    value = proposal["value"] if proposal else None
    if instead:
        if instead != (entry.get("difference") or {}).get("instead"):
            _raise(edit, filling, code, None, instead)
        return
    was_proven = entry.get("origin") == RECORD and entry.get("proven") is not None
    agrees = same(value, entry.get("value")) if proposal else not was_proven
    if agrees or same(value, entry.get("proven")):
        _withdraw(edit, code)
    elif not _is_told(entry, value):
        _raise(edit, filling, code, value)


def _is_told(entry: Entry, value: Any) -> bool:
    known = entry.get("difference")
    return bool(known) and "instead" not in known and same(value, known["value"])


def _raise(edit: Edit, filling: Filling, code: str, value: Any, instead: Mapping[str, Any] | None = None) -> None:
    entry = edit.entry(code)
    known = entry.get("difference")
    sealed = {"value": entry.get("value"), "filling": entry.get("filling"), "proposed": value, "reason": ""}
    found = {"value": value, "filling": filling.number}
    if instead:
        sealed, found = {**sealed, "instead": dict(instead)}, {**found, "instead": dict(instead)}
    if known:
        Difference.objects.filter(pk=known["id"]).update(filling=filling, sealed=sealed)
        number = known["id"]
    else:
        number = Difference.objects.create(case=edit.case, item=code, filling=filling, sealed=sealed).pk
    edit.note(code, {"difference": {"id": number, **found}}, Kind.DIFFERS)


def _withdraw(edit: Edit, code: str) -> None:
    known = edit.entry(code).get("difference")
    if known:
        edit.decided[known["id"]] = Difference.State.GONE
        edit.note(code, {"difference": None}, Kind.DIFFERS)


NOTHING: Entry = {"value": None, "state": AnswerState.UNANSWERED, "origin": ""}

"""What pages ask about forms: how a case's form stands, its history, its proofs, and who else is at it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from zhiheng.accounts.models import User
from zhiheng.autofill import queries as autofill
from zhiheng.autofill.models import Filling
from zhiheng.casefinding.models import Case
from zhiheng.forms import searching
from zhiheng.forms.models import COUNTS, FOLLOWS, AnswerChange, Answers, AnswerState, Difference, Presence
from zhiheng.forms.sheet import Sheet, SheetItem, SheetOption, SheetSection, sheet_of
from zhiheng.forms.state import (
    Counter,
    Document,
    Entry,
    FindingState,
    FormState,
    ItemState,
    SectionState,
    build,
    judge,
)
from zhiheng.packversions import queries as packversions
from zhiheng.packversions.models import PackVersion
from zhiheng.web.masking import mask_name, mask_number

__all__ = [
    "Conflict",
    "Counter",
    "FindingState",
    "FormState",
    "HistoryLine",
    "ItemState",
    "Present",
    "Proof",
    "Saved",
    "SectionState",
    "Sheet",
    "SheetItem",
    "SheetOption",
    "SheetSection",
    "differences",
    "form_for",
    "form_state",
    "history",
    "options",
    "present",
    "proof",
    "sheet",
]

PRESENT_FOR = timedelta(seconds=45)


@dataclass(frozen=True)
class Conflict:
    """Somebody else has answered this item since the editor saw it; nothing of the editor's was saved.

    To keep one's own value, answer again with `revision`; to keep theirs, do nothing.
    """

    item: SheetItem
    mine: Any
    theirs: Any
    state: str
    by: str
    at: datetime | None
    revision: int

    @property
    def mine_text(self) -> str:
        return self.item.text(self.mine)

    @property
    def theirs_text(self) -> str:
        return self.item.text(self.theirs)


@dataclass(frozen=True)
class Saved:
    """What a save did: the form as it now stands, and the codes of all items that look different than before.

    `merged`: others have changed other items since the revision of the form that the page shows; these are in
    `changed` too. `refused` says what could not be done, by code; nothing else was left out.
    """

    state: FormState
    changed: frozenset[str] = frozenset()
    conflict: Conflict | None = None
    merged: bool = False
    refused: Mapping[str, str] | None = None


@dataclass(frozen=True)
class HistoryLine:
    """One change of one item. `can_undo`: a person's own, not undone already, and nothing newer stands on it."""

    id: int
    at: datetime
    by: str  # empty: the system
    kind: str
    before: str
    after: str
    before_state: str
    after_state: str
    reason: str
    undone: bool
    can_undo: bool


@dataclass(frozen=True)
class Present:
    """Somebody else who has this form open, and the item at which they are (empty: none)."""

    name: str
    item: str
    seen_at: datetime


@dataclass(frozen=True)
class Proof:
    """All that is known about where the value of an item comes from.

    `basis` is what the answer rests on, as it was when it was proposed: its rows are opened in the versions that were
    looked at then. `today` is what the records say now, where that is something else. `refused` was found and could
    not be filled. Who confirmed it, and when, is in `item` (by, at); the earlier values are in `history`.
    """

    case: Case
    item: ItemState
    basis: autofill.Proof | None
    today: autofill.Proof | None
    beside: tuple[tuple[SheetItem, autofill.Proof], ...]  # of a box: what the records say of the items that it hides
    candidates: tuple[autofill.Candidate, ...]
    history: tuple[HistoryLine, ...]

    @property
    def refused(self) -> tuple[autofill.Refused, ...]:
        found = self.today or self.basis
        return found.refused if found else ()


_sheets: dict[int, Sheet] = {}


def sheet(pack_version: PackVersion) -> Sheet:
    """Return the form of a pack version as pages show it; made once in a process."""
    found = _sheets.get(pack_version.pk)
    if found is None:
        found = _sheets[pack_version.pk] = sheet_of(packversions.pack(pack_version))
    return found


def sheet_for(case: Case) -> Sheet:
    # Without this look the case's pack version would be fetched with each save, files and all.
    return _sheets.get(case.pack_version_id) or sheet(case.pack_version)


def form_state(case: Case) -> FormState:
    """Return how the form of a case stands. A case that nobody has filled yet has an empty form."""
    answers = Answers.objects.filter(case_id=case.pk).first()
    return state_of(case, answers)


def form_for(case: Case, reader: User) -> FormState:
    """Return how the form stands, with what says who the patient is masked for those who need not know."""
    state = form_state(case)
    if reader.may("personal.see", case.department_id):
        return state
    hidden = {code: _masked(item) for code, item in state.items.items() if item.item.is_personal}
    values = {code: hidden[code].value if code in hidden else value for code, value in state.values.items()}
    return replace(state, items={**state.items, **hidden}, values=values, document={})


def _masked(item: ItemState) -> ItemState:
    mask = mask_name if item.item.label.endswith("姓名") else mask_number
    value, proposed, aside = (each and mask(str(each)) for each in (item.value, item.proposed, item.aside))
    return replace(item, value=value, proposed=proposed, aside=aside, reason="", findings=())


def state_of(case: Case, answers: Answers | None, names: Mapping[int, str] | None = None) -> FormState:
    document = answers.document if answers else {}
    known = names_of(authors(document)) if names is None else names
    return build(sheet_for(case), answers.revision if answers else 0, document, known)


def authors(document: Document) -> set[int]:
    return {by for entry in document.values() if (by := entry.get("by"))}


def names_of(users: Iterable[int]) -> dict[int, str]:
    """Return what the holders of accounts are called."""
    wanted = set(users)
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "staff__name")) if wanted else {}


def options(pack_version: PackVersion, item_code: str, text: str, limit: int = 30) -> list[SheetOption]:
    """Return the options of an item that `text` may mean, the likeliest first: by code, label or pinyin initials.

    All of them, up to `limit`, for an empty text. KeyError for an item that the form does not have.
    """
    return searching.search(sheet(pack_version).by_code[item_code].options, text, limit)


def history(case: Case, item: str) -> list[HistoryLine]:
    """Return all changes of an item, newest first."""
    line = sheet_for(case).by_code[item]
    changes = list(
        AnswerChange.objects.filter(case=case, item=item)
        .select_related("by__staff", "undone_by")
        .order_by("-revision", "-pk")
    )
    newest = next((each.pk for each in changes if each.kind in COUNTS), None)
    return [_line(line, change, newest) for change in changes]


def _line(item: SheetItem, change: AnswerChange, newest: int | None) -> HistoryLine:
    before, after = change.sealed["before"] or {}, change.sealed["after"] or {}
    undone = hasattr(change, "undone_by")
    return HistoryLine(
        id=change.pk,
        at=change.at,
        by=change.by.staff.name if change.by else "",
        kind=change.kind,
        before=item.text(before.get("value")),
        after=item.text(after.get("value")),
        before_state=before.get("state", AnswerState.UNANSWERED),
        after_state=after.get("state", AnswerState.UNANSWERED),
        reason=change.sealed.get("reason") or "",
        undone=undone,
        can_undo=change.pk == newest and not undone and change.kind not in FOLLOWS,
    )


def proof(case: Case, item: str, filling: int | None = None) -> Proof:
    """Return the proof of an item's value; `filling` opens an earlier one. KeyError for an item the form has not.

    Whoever shows it to a person calls `actions.open_proof`, which records that it was opened.
    """
    answers = Answers.objects.filter(case_id=case.pk).first()
    state = state_of(case, answers).items[item]
    newest = autofill.newest(case)
    wanted = filling if filling is not None else state.filling
    rests_on = autofill.numbered(case, wanted) if wanted is not None else None
    basis = autofill.proof(case, item, rests_on) if rests_on else None
    today = autofill.proof(case, item, newest) if newest and newest != rests_on else None
    known = known_to_rules(sheet_for(case), answers.document) if answers else {}
    return Proof(
        case=case,
        item=state,
        basis=basis,
        today=None if basis and today and says_the_same(basis, today) else today,
        beside=_beside(case, state, newest) if newest else (),
        candidates=tuple(autofill.other_candidates(case, item, known)) if newest and _may_differ(basis, today) else (),
        history=tuple(history(case, item)),
    )


def _beside(case: Case, state: ItemState, newest: Filling) -> tuple[tuple[SheetItem, autofill.Proof], ...]:
    items = [sheet_for(case).by_code[code] for code in state.instead or ()]
    said = ((item, autofill.proof(case, item.code, newest)) for item in items)
    return tuple((item, found) for item, found in said if found is not None)


def _may_differ(*proofs: autofill.Proof | None) -> bool:
    """Whether other rows may serve as well: where one row was found for each value, looking again is no use."""
    said = [found for found in proofs if found]
    return any(len(found.evidence) > 1 or found.refused for found in said) or any(
        row.candidates > 1 for found in said for row in found.evidence
    )


def says_the_same(one: autofill.Proof, other: autofill.Proof) -> bool:
    return (one.value, one.evidence, one.refused) == (other.value, other.evidence, other.refused)


def differences(case: Case) -> list[Difference]:
    """Return the open differences of a case, oldest first."""
    return list(Difference.objects.filter(case=case, state=Difference.State.OPEN).order_by("raised_at", "pk"))


def present(case: Case, besides: Any) -> list[Present]:
    """Return who else has had this form open within the last moments."""
    rows = Presence.objects.filter(case=case, seen_at__gte=timezone.now() - PRESENT_FOR).exclude(user=besides)
    return [
        Present(row.user.staff.name, row.item, row.seen_at) for row in rows.select_related("user__staff").order_by("pk")
    ]


def answers_of(cases: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return by case what people have answered of the items that fill rules use. Proposals are not among them."""
    rows = Answers.objects.filter(case_id__in=list(cases)).select_related("case__pack_version")
    return {row.case_id: known_to_rules(sheet_for(row.case), row.document) for row in rows}


def known_to_rules(sheet: Sheet, document: Document) -> dict[str, Any]:
    """Return the answers of people that fill rules use, as far as the form shows their items."""
    said = {code for code, entry in document.items() if _is_answered(entry)}
    used = {code for code in said if code in sheet.by_code and sheet.by_code[code].is_basis}
    if not used:
        return {}
    values = judge(sheet, document)[0].values
    return {code: values[code] for code in used if code in values}


def _is_answered(entry: Entry) -> bool:
    return entry.get("value") is not None and entry.get("state") != AnswerState.PROPOSED

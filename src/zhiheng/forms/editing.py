"""One change of a form while its row is locked: from the answers as they were to those that are saved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.autofill import queries as autofill
from zhiheng.autofill.models import Filling
from zhiheng.casefinding.models import Case, State
from zhiheng.forms import queries
from zhiheng.forms.carrying import ANEW, LEFT, carry
from zhiheng.forms.models import AnswerChange, Answers, AnswerState, Difference
from zhiheng.forms.queries import Conflict, Saved
from zhiheng.forms.sheet import Sheet, SheetItem
from zhiheng.forms.state import COMPUTED, PERSON, RULE, Document, Entry, FormState, changed
from zhiheng.jobs.announcing import announce
from zhiheng.packversions.models import PackVersion

Kind = AnswerChange.Kind
EDITABLE = frozenset({State.TO_FILL, State.FILLING, State.RETURNED})
COUNTERS = ("total", "left", "proposed", "errors", "advisories", "left_open", "differences")


class CannotChange(Exception):
    """What was asked for cannot be done; the message says why and what to do instead."""


class NotNow(CannotChange):
    """The state of the case does not allow its form to be changed."""


@dataclass
class Edit:
    """The answers of a case, locked, with what is to be changed. Nothing is saved before `finish`."""

    case: Case
    answers: Answers
    sheet: Sheet
    names: dict[int, str]
    before: FormState
    document: Document
    by: Any  # None: the system
    at: datetime
    changes: dict[str, AnswerChange] = field(default_factory=dict)
    decided: dict[int, str] = field(default_factory=dict)  # differences that this change settles: id -> state
    is_moved: bool = False  # to another form: what it asks and counts is different even where no answer is
    _fillings: dict[int, Filling] = field(default_factory=dict)

    @property
    def revision(self) -> int:
        return self.answers.revision + 1

    @property
    def author(self) -> int | None:
        return self.by.pk if self.by else None

    def entry(self, code: str) -> Entry:
        return self.document.get(code, {})

    def filling(self, number: int) -> Filling:
        """Return a filling of the case, read once."""
        if number not in self._fillings:
            self._fillings[number] = autofill.numbered(self.case, number)
        return self._fillings[number]

    def item(self, code: str) -> SheetItem:
        """Return an item that people answer, or CannotChange."""
        item = self.sheet.by_code.get(code)
        if item is None:
            raise CannotChange(_("This form has no item %(code)s.") % {"code": code})
        if item.is_derived:
            raise CannotChange(_("The form itself works out “%(label)s”.") % {"label": item.label})
        return item

    def put(self, code: str, said: Entry, kind: str, *, undoes: Any = None, reason: str = "", token: str = "") -> None:
        """Make `said` the answer of an item. What is known besides, such as an open difference, stays with it."""
        before = self.entry(code)
        kept = {name: before[name] for name in ("proven", "difference", "reasons") if name in before}
        entry = {**kept, "by": self.author, "at": written(self.at), **said, "revision": self.revision}
        self.write(code, self._settled(entry) if self.by else entry, kind, undoes=undoes, reason=reason, token=token)

    def note(self, code: str, said: Entry, kind: str, *, reason: str = "") -> None:
        """Change what is known about an answer; the answer itself, its author and its revision stay."""
        self.write(code, {**self.entry(code), **said}, kind, reason=reason)

    def write(
        self, code: str, entry: Entry, kind: str, *, undoes: Any = None, reason: str = "", token: str = ""
    ) -> None:
        """Write an entry as it is given, and its line of the history. A name with the value None is left out."""
        after = {name: value for name, value in entry.items() if value is not None or name == "value"}
        sealed = {"before": self.document.get(code), "after": after, "reason": reason}
        self._note(code, kind, sealed, undoes=undoes, token=token or None)
        self.document[code] = after

    def _note(self, code: str, kind: str, sealed: dict[str, Any], **more: Any) -> None:
        self.changes[code] = AnswerChange(
            case=self.case, item=code, revision=self.revision, at=self.at, by=self.by, kind=kind, sealed=sealed, **more
        )

    def _settled(self, entry: Entry) -> Entry:
        """Close an open difference that a person's change has made none."""
        difference = entry.get("difference")
        if not difference:
            return entry
        is_same = same(entry.get("value"), difference["value"])
        if not is_same and entry.get("state") != AnswerState.UNANSWERED:
            return entry
        self.decided[difference["id"]] = Difference.State.TAKEN if is_same else Difference.State.GONE
        return {**entry, "difference": None, "proven": difference["value"]}

    def proven_beside(self, code: str) -> dict[str, Any]:
        """Return what records have proven of the items that a box "cannot be determined" hides."""
        entries = {each: self.entry(each) for each in self.sheet.beside.get(code, ())}
        return {each: said["proven"] for each, said in entries.items() if said.get("proven") is not None}

    def conflict(self, item: SheetItem, seen: int | None, mine: Any) -> Conflict | None:
        """Return what somebody else has said about the item since the editor saw it. Records do not count here."""
        entry = self.entry(item.code)
        by = entry.get("by")
        if seen is None or entry.get("revision", 0) <= seen or by in (None, self.author):
            return None
        if same(entry.get("value"), mine) and entry["state"] in (AnswerState.CONFIRMED, AnswerState.UNKNOWN):
            return None
        at = datetime.fromisoformat(entry["at"])
        theirs = entry.get("value")
        return Conflict(item, mine, theirs, entry["state"], self.names.get(by, ""), at, entry["revision"])

    def finish(self, *, seen: int | None = None, refused: Mapping[str, str] | None = None) -> Saved:
        """Save what was put, and say how the form stands now.

        `seen` is the revision of the form that the editor's page shows: what others have done since is told too.
        """
        base = earlier(self.case, self.before, seen, self.names)
        merged = base is not self.before
        if not self.changes and not self.is_moved:
            return Saved(self.before, frozenset(changed(base, self.before)), merged=merged, refused=refused)
        self._name_authors()
        after = queries.build(self.sheet, self.revision, self.document, self.names)
        self._follow(after)
        self._save(after)
        return Saved(after, frozenset(changed(base, after)), merged=merged, refused=refused)

    def _name_authors(self) -> None:
        """An undo brings back answers of people who have none in the form now."""
        unnamed = queries.authors(self.document) - self.names.keys()
        if unnamed:
            self.names |= queries.names_of(unnamed)

    def _follow(self, after: FormState) -> None:
        """Write into the history what the form's rules and formulas have made of the change."""
        for code, now in after.items.items():
            was = self.before.items[code]
            if now.value != was.value and code not in self.changes and {now.origin, was.origin} & {RULE, COMPUTED}:
                sealed = {"before": _derived(was), "after": _derived(now), "reason": ""}
                self._note(code, Kind.RULE, sealed)

    def _save(self, after: FormState) -> None:
        answers = self.answers
        answers.revision, answers.document = self.revision, self.document
        for name in COUNTERS:
            setattr(answers, name, getattr(after.counter, name))
        answers.save(update_fields=["pack_version", "revision", "document", "changed_at", *COUNTERS])
        AnswerChange.objects.bulk_create(self.changes.values())
        self._decide()
        # A filling rests on answers of people alone; one that another answer hides no longer counts either.
        if self.by and any(after.items[code] != self.before.items[code] for code in self.sheet.basis):
            announce("forms.basis_changed", self.case)

    def _decide(self) -> None:
        for number, state in self.decided.items():
            is_open = state == Difference.State.OPEN
            Difference.objects.filter(pk=number).update(
                state=state, decided_by=None if is_open else self.by, decided_at=None if is_open else self.at
            )


def start(case: Case, by: Any, *, editable: Iterable[str] | None = EDITABLE) -> Edit:
    """Lock the answers of a case. NotNow where its state is none of `editable` (None: any)."""
    if by is not None and case.department_id not in by.departments_for("forms.fill"):
        raise CannotChange(_("You may not fill in the form of case %(code)s.") % {"code": case.code})
    answers = _locked(case)
    # Asked after the lock: who handed the case in while we waited for it has the row no longer.
    case.state = Case.objects.values_list("state", flat=True).get(pk=case.pk)
    if editable is not None and case.state not in editable:
        raise NotNow(_not_now(case))
    authors = queries.authors(answers.document) | ({by.pk} if by else set())
    names = queries.names_of(authors)
    before = queries.state_of(case, answers, names)
    edit = Edit(case, answers, before.sheet, names, before, dict(answers.document), by, timezone.now())
    if answers.pack_version_id != case.pack_version_id:
        _carry_over(edit)
    return edit


def _carry_over(edit: Edit) -> None:
    """Take into another form what both forms ask alike; the history says what was answered to the former one."""
    old, edit.answers.pack_version_id = edit.answers.pack_version_id, edit.case.pack_version_id
    if old is None:
        return
    edit.is_moved = True
    was = queries.sheet(PackVersion.objects.get(pk=old))
    for each in list(carry(was, edit.sheet, edit.document)):
        if each.after == edit.document[each.code]:
            continue
        if each.fate in (ANEW, LEFT) and (known := edit.entry(each.code).get("difference")):
            edit.decided[known["id"]] = Difference.State.GONE
        edit.write(each.code, each.after, Kind.MOVED, reason=each.text)


def _locked(case: Case) -> Answers:
    found = Answers.objects.select_for_update().filter(case_id=case.pk).first()
    if found is None:
        empty = queries.state_of(case, None).counter
        counted = {name: getattr(empty, name) for name in COUNTERS}
        Answers.objects.bulk_create([Answers(case_id=case.pk, **counted)], ignore_conflicts=True)
        found = Answers.objects.select_for_update().get(case_id=case.pk)
    return found


def _not_now(case: Case) -> str:
    said = {"code": case.code, "state": State(case.state).label}
    if case.state in (State.DEPARTMENT_REVIEW, State.CANNOT_COMPLETE):
        return _("Case %(code)s is “%(state)s”. Take it back to go on with its form.") % said
    return _("Case %(code)s is “%(state)s”: its form cannot be changed.") % said


def earlier(case: Case, state: FormState, seen: int | None, names: Mapping[int, str]) -> FormState:
    """Return how the form stood at the revision that a page shows; `state` itself where nothing has changed since."""
    if seen is None or seen >= state.revision:
        return state
    document = dict(state.document)
    newer = AnswerChange.objects.filter(case=case, revision__gt=seen).exclude(kind=Kind.RULE).order_by("-revision")
    for change in newer:
        before = change.sealed["before"]
        if before is None:
            document.pop(change.item, None)
        else:
            document[change.item] = before
    return queries.build(state.sheet, seen, document, names)


def answered(value: Any, **more: Any) -> Entry:
    """Return the entry of an answer that a person stands for."""
    return {"value": value, "state": AnswerState.CONFIRMED, "origin": PERSON, **more}


def same(one: Any, other: Any) -> bool:
    """Return whether two values say the same; several options do in any order."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return bool(one == other)


def written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _derived(item: Any) -> Entry:
    return {"value": item.value, "state": item.state, "origin": item.origin}

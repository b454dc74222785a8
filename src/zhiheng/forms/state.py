"""How a form stands: from its document of answers to every item with its value, state and findings. No database.

The document keeps what people and records have said, by national code. Everything else follows from it each time
anew: what is shown, what the form's rules set, what is computed, missing and wrong. So an answer that other answers
hide stays in the document as it was, and is there again when they show its item.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from zhiheng.engine.form import Evaluation, Finding, evaluate
from zhiheng.forms.models import AnswerState
from zhiheng.forms.sheet import Sheet, SheetItem, SheetSection

Entry = dict[str, Any]
Document = dict[str, Entry]

PERSON, RECORD, RULE, COMPUTED, DEFAULT = "person", "record", "rule", "computed", "default"
_MADE = {"sets": RULE, "computed": COMPUTED, "default": DEFAULT}


@dataclass(frozen=True)
class FindingState:
    """A broken limit or check at an item. An advisory wants a reason, and is settled while its reason holds."""

    rule: str
    item: str
    severity: str  # error, advisory, hint
    message: str
    found: Mapping[str, object]
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.severity == "error" or (self.severity == "advisory" and not self.reason)


# Not frozen: a form has up to 614 of these, and a frozen dataclass takes five times as long to make.
@dataclass(slots=True)
class ItemState:
    """One item of a case as it stands now.

    `state` is one of AnswerState: of an item that is not shown it is `aside` when an answer waits behind it. `origin`
    is person, record, rule (set by a rule of the national form), computed, default, or empty. A rule of the form
    is a stated rule: what it sets is confirmed, follows its condition, and never replaces an answer of a person or a
    record (a hint tells what it would set). `revision` goes back to the server with the next answer. `aside` is an
    answer that does not count now: of a hidden item, of one that the form computes, or one that this form cannot
    read. `difference` is the id of an open Difference, `proposed` what the records prove instead; at a box "cannot be
    determined" it is `instead` what they prove of the items beside it.
    """

    item: SheetItem
    shown: bool
    value: Any
    state: str
    origin: str
    revision: int = 0
    findings: tuple[FindingState, ...] = ()
    by: str = ""
    at: datetime | None = None
    reason: str = ""
    filling: int | None = None  # number of the filling that proves it: there is a proof to open
    difference: int | None = None
    proposed: Any = None  # what the records now prove, where they differ
    instead: Mapping[str, Any] | None = None  # the same by item, where they differ with a box beside these
    aside: Any = None

    @property
    def code(self) -> str:
        return self.item.code

    @property
    def required(self) -> bool:
        return self.item.required

    @property
    def text(self) -> str:
        return self.item.text(self.value)

    @property
    def is_left(self) -> bool:
        """Whether somebody still has to answer it: a proposal counts as no answer."""
        return self.shown and self.item.required and self.state in _UNDONE

    @property
    def is_proposed(self) -> bool:
        return self.shown and self.state == AnswerState.PROPOSED

    @property
    def is_open(self) -> bool:
        """Whether it was left open with a reason."""
        return self.shown and self.state == AnswerState.OPEN

    @property
    def severity(self) -> str:
        """The worst of its findings that is not settled: error, advisory, hint, or empty."""
        said = {finding.severity for finding in self.findings if not finding.reason}
        return next((each for each in ("error", "advisory", "hint") if each in said), "")

    @property
    def needs_look(self) -> bool:
        return self.shown and (self.difference is not None or any(finding.is_open for finding in self.findings))


_UNDONE = (AnswerState.UNANSWERED, AnswerState.PROPOSED)


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts over items. `left` of `total` required items are without an answer; proposals count as no answer.

    `advisories` are those without a reason. Each number is the length of the list of the same name.
    """

    shown: int = 0
    total: int = 0
    left: int = 0
    proposed: int = 0
    errors: int = 0
    advisories: int = 0
    hints: int = 0
    left_open: int = 0
    differences: int = 0

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way of handing in."""
        return not (self.left or self.proposed or self.errors or self.advisories or self.differences)


@dataclass(frozen=True)
class SectionState:
    """A section of the form with its items and their counts."""

    section: SheetSection
    items: tuple[ItemState, ...]

    @cached_property
    def counter(self) -> Counter:
        return count(self.items)

    @property
    def number(self) -> int:
        return self.section.number

    @property
    def is_shown(self) -> bool:
        return any(item.shown for item in self.items)


@dataclass(frozen=True)
class FormState:
    """The form of a case: all items in the order of the form, shown or not."""

    sheet: Sheet
    revision: int
    items: Mapping[str, ItemState]
    values: Mapping[str, Any]  # of the shown, answered items: what would be reported
    document: Document = field(default_factory=dict, repr=False)

    @cached_property
    def sections(self) -> tuple[SectionState, ...]:
        return tuple(
            SectionState(section, tuple(self.items[code] for code in section.codes)) for section in self.sheet.sections
        )

    @cached_property
    def counter(self) -> Counter:
        return count(self.items.values())

    @property
    def left(self) -> list[ItemState]:
        return [item for item in self.items.values() if item.is_left]

    @property
    def proposed(self) -> list[ItemState]:
        return [item for item in self.items.values() if item.is_proposed]

    @property
    def left_open(self) -> list[ItemState]:
        return [item for item in self.items.values() if item.is_open]

    @property
    def differing(self) -> list[ItemState]:
        return [item for item in self.items.values() if item.shown and item.difference is not None]

    @property
    def set_aside(self) -> list[ItemState]:
        """Hidden items behind which an answer waits."""
        return [item for item in self.items.values() if item.state == AnswerState.ASIDE]

    @property
    def findings(self) -> list[FindingState]:
        return [finding for item in self.items.values() for finding in item.findings]


def count(items: Iterable[ItemState]) -> Counter:
    shown = total = left = proposed = left_open = differences = 0
    said = {"error": 0, "advisory": 0, "hint": 0}
    for item in items:
        if not item.shown:
            continue
        shown += 1
        state = item.state
        total += item.item.required
        left += item.item.required and state in _UNDONE
        proposed += state == AnswerState.PROPOSED
        left_open += state == AnswerState.OPEN
        differences += item.difference is not None
        for finding in item.findings:
            if not finding.reason:
                said[finding.severity] += 1
    return Counter(shown, total, left, proposed, said["error"], said["advisory"], said["hint"], left_open, differences)


def judge(sheet: Sheet, document: Document) -> tuple[Evaluation, tuple[Finding, ...]]:
    """Return what follows from the answers of a document, and all findings about them.

    Every answer in the document has a proof or a person, so a rule of the form changes none of them (`firm`).
    """
    known = sheet.by_code  # a case that was moved may still have answers to items of its former form
    answers = {
        code: value for code, entry in document.items() if (value := entry.get("value")) is not None and code in known
    }
    evaluation = evaluate(sheet.form, answers, firm=answers)
    checks = sheet.pack.checks
    ours = checks.findings(evaluation.values) if checks else ()
    return evaluation, (*evaluation.findings, *ours)


def build(sheet: Sheet, revision: int, document: Document, names: Mapping[int, str] | None = None) -> FormState:
    """Return how the form stands; `names` says what people are called, by the number of their account."""
    evaluation, findings = judge(sheet, document)
    shown = frozenset(evaluation.shown)
    by_item: dict[str, list[FindingState]] = {}
    for finding in findings:
        by_item.setdefault(_place(finding, shown), []).append(_finding(finding, document))
    items = {
        item.code: _item(item, document.get(item.code), item.code in shown, evaluation, by_item, names or {})
        for item in sheet.items
    }
    return FormState(sheet, revision, items, evaluation.values, document)


def _item(
    item: SheetItem,
    entry: Entry | None,
    shown: bool,
    evaluation: Evaluation,
    findings: Mapping[str, list[FindingState]],
    names: Mapping[int, str],
) -> ItemState:
    code = item.code
    value = evaluation.values.get(code) if shown else None
    made = _MADE[evaluation.origins[code]] if value is not None and code in evaluation.origins else ""
    said = tuple(findings[code]) if code in findings else ()
    if entry is None:
        state = AnswerState.CONFIRMED if made else AnswerState.UNANSWERED
        return ItemState(item, shown, value, state, made, 0, said)
    difference = entry.get("difference") or {}
    return ItemState(
        item,
        shown,
        value,
        _state(entry, shown, value, made),
        made or entry.get("origin", ""),
        entry.get("revision", 0),
        said,
        "" if made else names.get(entry.get("by") or 0, ""),
        datetime.fromisoformat(entry["at"]) if entry.get("at") and not made else None,
        entry.get("reason", ""),
        None if made else entry.get("filling"),
        difference.get("id"),
        difference.get("value"),
        difference.get("instead"),
        evaluation.aside.get(code),
    )


def _state(entry: Entry, shown: bool, value: Any, made: str) -> str:
    stored: str = entry.get("state", AnswerState.UNANSWERED)
    if not shown:
        return AnswerState.UNANSWERED if stored == AnswerState.UNANSWERED else AnswerState.ASIDE
    if made:
        return AnswerState.CONFIRMED
    if value is not None:
        return stored
    # An answer that the form cannot read is none. Without a value, only these two are still an answer.
    kept = stored in (AnswerState.UNKNOWN, AnswerState.OPEN) and entry.get("value") is None
    return stored if kept else AnswerState.UNANSWERED


def _place(finding: Finding, shown: Collection[str]) -> str:
    """Return the item at which a finding stands: its own, or where that is hidden, a shown one that it is about."""
    return next((code for code in (finding.item, *finding.found) if code in shown), finding.item)


def _finding(finding: Finding, document: Document) -> FindingState:
    given = document.get(finding.item, {}).get("reasons", {}).get(finding.rule)
    # A reason speaks about what was found then: with other values it is asked for again.
    reason = given["reason"] if given and given["found"] == dict(finding.found) else ""
    return FindingState(finding.rule, finding.item, finding.severity, finding.message, finding.found, reason)


def changed(before: FormState, after: FormState) -> set[str]:
    """Return the codes of all items that are not as they were."""
    return {code for code, item in after.items.items() if item != before.items[code]}

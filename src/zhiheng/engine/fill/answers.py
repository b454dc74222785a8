"""From what rules found to what an item is filled with: the first rule that found anything decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .questions import User

_NEVER = datetime(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule found in one case: a value with the row that proves it, or why there is none."""

    user: User
    value: str | None  # JSON
    reason: str | None
    found: str | None
    candidates: int
    examined: int | None = None  # of an absence
    source: str | None = None
    source_id: str | None = None
    record_version: int | None = None
    time: datetime | None = None
    time_precision: str | None = None
    excerpt: str | None = None

    @property
    def is_absence(self) -> bool:
        return self.candidates == 0 and self.examined is not None


def choose(found: Sequence[Found], in_doubt: bool) -> list[Found]:
    """Return what stands of all that was found for one item."""
    present = [each for each in found if not each.is_absence]
    if present:
        first = min(each.user.number for each in present)
        ruled = [each for each in present if each.user.number == first or each.user.several]
    elif in_doubt:
        return []
    else:
        first = min((each.user.number for each in found), default=0)
        ruled = [each for each in found if each.user.number == first]
    return _without_repeats(_judged(ruled))


def _judged(ruled: Sequence[Found]) -> Iterable[Found]:
    """Refuse what a rule that allows one value found with several."""
    by_rule: dict[int, list[Found]] = {}
    for each in ruled:
        by_rule.setdefault(each.user.number, []).append(each)
    for same in by_rule.values():
        said = {each.value if each.value is not None else _reason(each) for each in same} - {None}
        if same[0].user.rule.take == "only" and len(said) > 1:
            texts = sorted({each.found for each in same if each.found is not None})
            yield from (replace(each, reason="ambiguous", found=" / ".join(texts)) for each in same)
        else:
            yield from same


def _reason(each: Found) -> str | None:
    return None if each.reason is None else each.reason + (each.found or "")


def _without_repeats(judged: Iterable[Found]) -> list[Found]:
    kept: dict[str | None, Found] = {}
    for each in sorted(judged, key=_order):
        kept.setdefault(each.reason if each.reason is not None else each.value, each)
    return list(kept.values())


def _order(each: Found) -> tuple[Any, ...]:
    return each.user.number, each.time is None, each.time or _NEVER, each.source or "", each.source_id or ""

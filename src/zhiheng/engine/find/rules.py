"""Who is a case of a disease, compiled: criteria, inclusion, questions and exclusions of one pack version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from zhiheng.engine.language import Expression
from zhiheng.records.codes import Cover


class Unit(StrEnum):
    """What one case is. A patient and year is reported in quarterly rounds."""

    ENCOUNTER = "encounter"
    OUTPATIENT_VISIT = "outpatient_visit"
    PATIENT_YEAR = "patient_year"


class Decision(StrEnum):
    IN = "in"
    OUT = "out"
    UNDECIDED = "undecided"


class Position(StrEnum):
    """Which rows of a visit a criterion looks at; `any` is every discharge diagnosis or every procedure done."""

    PRINCIPAL = "principal"
    OTHER = "other"
    ANY = "any"
    FIRST_TWO = "first_two"


@dataclass(frozen=True)
class Criterion:
    """A named fact about a visit: a diagnosis or procedure whose code, or whose name, is one of these."""

    id: str
    table: str  # diagnosis | procedure
    position: Position
    codes: Cover
    listed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    present_on_admission: bool | None = None
    earlier: bool = False  # looks at the earlier visits of the same person instead of this one

    @property
    def is_detailed(self) -> bool:
        """Codes alone are mapped once for all visits; names and presence are read only for candidates."""
        return bool(self.names) or self.present_on_admission is not None


@dataclass(frozen=True)
class Origin:
    """Where a rule comes from and how far to trust it."""

    text: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Exclusion:
    """Why a visit that meets the inclusion is not reported.

    With `when` the records decide; with `ask` a person does, and `raised` says when records hint at it.
    `packs` are the diseases that go before this one. `by_unit` says how the unit of the case already sees to it.
    """

    id: str
    reason: str
    when: Expression | None = None
    ask: str | None = None
    raised: Expression | None = None
    by_unit: str | None = None
    packs: tuple[str, ...] = ()
    unknown_only_asks: bool = False
    origin: Origin = Origin()

    @property
    def expressions(self) -> Iterator[Expression]:
        yield from (each for each in (self.when, self.raised) if each is not None)


@dataclass(frozen=True)
class Consider:
    """A visit outside the inclusion that may still be a case: a person decides when records hint at it."""

    id: str
    ask: str
    raised: Expression | None = None
    origin: Origin = Origin()


@dataclass(frozen=True)
class Rules:
    """Who is a case of one disease, in one version of its pack."""

    abbr: str
    version: str
    include: Expression
    criteria: tuple[Criterion, ...]
    classes: tuple[str, ...] = ("inpatient",)
    unit: Unit = Unit.ENCOUNTER
    status: str = "national"
    valid_from: date | None = None
    valid_until: date | None = None
    considers: tuple[Consider, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    origin: Origin = field(default=Origin())

    def criterion(self, name: str) -> Criterion | None:
        return next((each for each in self.criteria if each.id == name), None)

    @property
    def yields_to(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(abbr for each in self.exclusions for abbr in each.packs))

    def overlaps(self, other: Rules) -> bool:
        """Say whether a discharge could fall under both versions."""
        starts = max(self.valid_from or date.min, other.valid_from or date.min)
        ends = min(self.valid_until or date.max, other.valid_until or date.max)
        return self.abbr == other.abbr and starts <= ends


class RulesError(ValueError):
    """Rules that cannot stand side by side."""


def in_order(rules: Iterable[Rules]) -> tuple[Rules, ...]:
    """Return the rules so that a disease comes behind those that go before it; refuse circles and overlaps."""
    given = list(rules)
    _refuse_overlaps(given)
    known = {each.abbr for each in given}
    placed: dict[str, list[Rules]] = {}
    while len(placed) < len(known):
        ready = [
            abbr
            for abbr in dict.fromkeys(each.abbr for each in given)
            if abbr not in placed and _waits_for(given, abbr) & known <= placed.keys()
        ]
        if not ready:
            circle = ", ".join(sorted(known - placed.keys()))
            raise RulesError(f"These diseases yield to each other in a circle: {circle}. Remove one yields_to.")
        for abbr in ready:
            placed[abbr] = [each for each in given if each.abbr == abbr]
    return tuple(each for versions in placed.values() for each in versions)


def _waits_for(given: list[Rules], abbr: str) -> set[str]:
    return {other for each in given if each.abbr == abbr for other in each.yields_to}


def _refuse_overlaps(given: list[Rules]) -> None:
    for number, one in enumerate(given):
        for other in given[number + 1 :]:
            if one.overlaps(other):
                raise RulesError(
                    f"{one.abbr}: versions {one.version} and {other.version} are valid at the same time. "
                    "Give the earlier one a valid_until before the later one begins."
                )

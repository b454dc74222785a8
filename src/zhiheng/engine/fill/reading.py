"""What a question makes of one row, in Python: whether the row serves it, its place, its value and what proves it.

This is what `query` says in SQL, for cases so few that planning a query would take longer than looking at their rows.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from zhiheng.engine.form import ItemType
from zhiheng.engine.language import Type, python
from zhiheng.records.schema import TABLES

from .patterns import Match, Texts
from .query import IN_TIME, OF_CASE, YEAR, moments
from .questions import Asked
from .rules import DURING, FOUND, Rule, timed_columns
from .terms import Terms
from .units import Units

Row = dict[str, Any]
RESOLVED, OWN, LATE = "@terms", "@own", "@late"  # what a row has beside its columns
LAST = 1e300  # the place of rows without an order: after all others
_END_OF_DAY = timedelta(seconds=86399)
_EPOCH = datetime(1970, 1, 1)
_DECIMALS = 1e8  # converted values are given to eight

# Rows that say that something was NOT done or given, as `rules.NEGATED` says it in SQL.
_NEGATED: dict[str, Callable[[Row], bool]] = {
    "medication": lambda row: bool(row["not_given"]) or row["status"] in ("cancelled", "planned"),
    "observation": lambda row: bool(row["not_done"]),
    "exam": lambda row: bool(row["not_done"]),
    "procedure": lambda row: row["status"] in ("not_done", "planned"),
}
_EXCERPTS: dict[str, Callable[[Row], str | None]] = {
    "medication": lambda row: _together(row["name"], row["dose"], row["dose_unit"]),
    "observation": lambda row: _together(row["name"], *_result(row), row["value_text"], row["unit"]),
    "diagnosis": lambda row: _together(row["code"], row["name"]),
    "procedure": lambda row: _together(row["code"], row["name"]),
    "exam": lambda row: _first(row["name"], row["modality"]),
    "charge": lambda row: _together(row["name"], row["amount"]),
    "stay": lambda row: _first(row["ward"], row["department"]),
    "note": lambda row: _first(row["title"], row["kind"]),
}


class Question:
    """A question to the rows of a table, ready to be put to one row after the other."""

    def __init__(self, asked: Asked, joins_visits: bool) -> None:
        rule, table = asked.rule, TABLES[asked.rule.table]
        self.asked, self.rule, self.item = asked, rule, asked.item
        self.wanted = frozenset(rule.terms or (rule.mapping or {})) if rule.terms or rule.maps_terms else None
        self.negated = _NEGATED.get(table.name)
        self.own = rule.visits == "own" if joins_visits and rule.visits != "with_emergency" else None
        self.where = python.closure(rule.where) if rule.where else None
        self.value = python.closure(rule.value) if rule.value else None
        read = frozenset(rule.value.fields) if rule.value else frozenset()
        used = read.union(rule.where.fields) if rule.where else read
        self.reads_found, self.reads_number = FOUND in used, bool(rule.unit) and "value_number" in used
        timed = timed_columns(table.name)
        times = sorted(read.intersection(timed))
        self.precise = [f"{name}_precision" for name in times if rule.value and name in moments(rule.value.node)]
        self.bound = table.name == "observation" and "value_number" in read
        order = rule.order_column
        self.evidence = times[0] if times else order if order in timed else None
        self.order, self.timed = order, order in timed
        self.backwards = rule.take in ("last", "max")

    # Whether a row serves it --------------------------------------------------------------------------------------

    def serves(self, row: Row, asking: "Asking") -> bool | None:
        """Say whether a row serves the question; None where nobody knows."""
        if self.wanted is not None and self.wanted.isdisjoint(row[RESOLVED]):
            return False
        if self.negated is not None and self.negated(row) is not self.rule.negated:
            return False
        if self.own is not None and row[OWN] is not self.own:
            return False
        if self.rule.visits == "case" and not row[OF_CASE]:
            return False
        in_time = self._in_time(row)
        if in_time is False:
            return False
        holds: object = True
        if self.where is not None:
            # A dose known only by its day may be the first after a moment of that day: see `query`.
            holds = self.where(self._view(row[LATE] if self.rule.take == "first" else row, asking))
            if holds is False:
                return False
        if self.rule.pattern and self.match(row, asking) is None:
            return False
        if self.value is not None and self._present(row, asking) is None:
            return False
        return None if holds is None or in_time is None else True

    def _in_time(self, row: Row) -> bool | None:
        """Say whether a row happened when the rule wants it; None where nobody knows."""
        if self.rule.during is None:
            return True
        (first, last), when, year = DURING[self.rule.during], row[IN_TIME], row[YEAR]
        if when is None:
            return None
        if not first <= when.month <= last:
            return False
        return None if year is None else bool(when.year == year)

    def match(self, row: Row, asking: "Asking") -> Match | None:
        pattern = self.rule.pattern
        return asking.texts.look(pattern, text_within(self.rule, row)) if pattern else None

    def _present(self, row: Row, asking: "Asking") -> object:
        return row["value_number"] if self.rule.unit else self.read(row, asking)

    def read(self, row: Row, asking: "Asking") -> Any:
        assert self.value is not None
        return self.value(self._view(row, asking))

    def _view(self, row: Row, asking: "Asking") -> Mapping[str, object]:
        """Return the row with what it says to this question alone."""
        if not (self.reads_found or self.reads_number):
            return row
        view = dict(row)
        if self.reads_found:
            view[FOUND] = asking.found(self.rule, row)
        if self.reads_number and row["value_number"] is not None:
            factor = asking.factor(self.rule, row["unit"])
            view["value_number"] = None if factor is None else row["value_number"] * factor
        return view

    # What it makes of the row -------------------------------------------------------------------------------------

    def place(self, row: Row, asking: "Asking") -> float:
        """Return the place of a row among those that serve: the smallest comes first."""
        if self.rule.take in ("min", "max"):
            value = self.read(row, asking)
            # A row that cannot be compared wins, so that it is reported and nothing wrong is filled.
            return -LAST if value is None else self._signed(_number(value))
        if self.order is None:
            return 0.0
        value = row[self.order]
        if value is None:
            return LAST
        place = _number(value)
        if self.timed and self.rule.take == "last" and row[f"{self.order}_precision"] == "date":
            place += _END_OF_DAY.seconds
        return self._signed(place)

    def _signed(self, place: float) -> float:
        return -place if self.backwards else place

    def raw(self, row: Row, count: int, asking: "Asking") -> str | None:
        """Return the value of a winning row, as text."""
        rule, kind = self.rule, self.item.type
        timed = kind in (ItemType.DATE, ItemType.DATETIME)
        if rule.take == "count":
            return str(count)
        if rule.answer is not None:
            return rule.answer
        if rule.maps_terms:
            return "|".join(row["terms"])
        if self.value is None:
            match = self.match(row, asking)
            found = match.found if match else None
            return asking.texts.time(found, kind) if timed and found is not None else found
        value = self.read(row, asking)
        if value is None:
            return None
        assert rule.value is not None
        if rule.value.type is Type.DATETIME:
            written = str(value.isoformat(" ", "minutes"))
            return written[:10] if kind is ItemType.DATE else written
        if rule.value.type is Type.TEXT and timed:
            return asking.texts.time(value, kind)
        if rule.value.type is Type.NUMBER and rule.unit:
            return shown(_rounded(float(value)))
        return shown(value)

    def problem(self, row: Row, asking: "Asking") -> str | None:
        """Return why a winning row cannot be taken; None when nothing is wrong."""
        if self.item.type is not ItemType.DATE and any(row[name] == "date" for name in self.precise):
            return "imprecise"
        if self.bound and row["comparator"] is not None:
            return "bound"
        if self.rule.unit and asking.factor(self.rule, row["unit"]) is None:
            return "unit"
        return None

    def excerpt(self, row: Row, asking: "Asking") -> str | None:
        if self.rule.pattern:
            match = self.match(row, asking)
            return match.quoted if match else ""
        made = _EXCERPTS.get(self.rule.table)
        return made(row) if made else None


class Asking:
    """What all questions of a run share: texts, units and terms."""

    def __init__(self, texts: Texts, units: Units, terms: Terms) -> None:
        self.texts, self.units, self.terms = texts, units, terms
        self._factors: dict[tuple[str, tuple[str, ...], str], float | None] = {}

    def factor(self, rule: Rule, unit: str | None) -> float | None:
        """Return by what a value in `unit` is multiplied to have it in the unit of the rule."""
        if not unit or not rule.unit:
            return None
        key = (rule.unit, rule.terms, unit)
        if key not in self._factors:
            masses = (self.terms[name].molar_mass for name in rule.terms if name in self.terms)
            self._factors[key] = self.units.factor(unit, rule.unit, next((mass for mass in masses if mass), None))
        return self._factors[key]

    def found(self, rule: Rule, row: Row) -> str | None:
        """Return what a rule's pattern catches, whatever denies it."""
        if not rule.pattern:
            return None
        match = self.texts.look(rule.pattern.undenied, text_within(rule, row))
        return match.found if match else None


def text_within(rule: Rule, row: Row) -> str:
    assert rule.pattern
    return "。".join(row[name] for name in rule.pattern.within if row[name] is not None)


def at_end_of_day(row: Row, times: tuple[str, ...]) -> Row:
    """Return the row with the end of the day in place of each time that is only known by its day."""
    late = {
        name: row[name] + _END_OF_DAY for name in times if row[name] is not None and row[f"{name}_precision"] == "date"
    }
    return row | late if late else row


def shown(value: object) -> str:
    """Return a value as the database writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(float(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _rounded(value: float) -> float:
    """Return a number to eight decimals, halves away from zero, as the database rounds it."""
    if not math.isfinite(value * _DECIMALS):
        return value
    whole = math.floor(abs(value) * _DECIMALS)
    rounded = (whole + (abs(value) * _DECIMALS - whole >= 0.5)) / _DECIMALS
    return math.copysign(rounded, value)


def _number(value: Any) -> float:
    if isinstance(value, datetime):
        return (value - _EPOCH).total_seconds()
    if isinstance(value, date):
        return (value - _EPOCH.date()).days * 86400.0
    return float(value)


def _together(*parts: object) -> str:
    return " ".join(part if isinstance(part, str) else shown(part) for part in parts if part is not None)


def _result(row: Row) -> tuple[object, ...]:
    """Return a number, or the bound that stands for one in a single word: <0.01."""
    comparator, number = row["comparator"], row["value_number"]
    return (number,) if comparator is None else (comparator + ("" if number is None else shown(number)),)


def _first(*texts: str | None) -> str | None:
    return next((text for text in texts if text is not None), None)

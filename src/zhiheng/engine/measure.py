"""Measure indicators: over many cases in DuckDB, for one case in Python, and explain each case clause by clause.

Every case stands, for every indicator, at exactly one outcome. A clause that is unknown is never met and never passed
over in silence: the case counts as `unknown`, and it stays where the clauses before had put it. So a case whose
denominator is certain and whose numerator is unknown stays in the denominator.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from zhiheng.engine.form import Form
from zhiheng.engine.form.evaluate import read
from zhiheng.engine.language import Clause, Expression, Type, explain, python
from zhiheng.engine.language import duckdb as emit
from zhiheng.engine.statistics import exact, is_small, wilson


class Kind(StrEnum):
    """A share of cases, a value to average, or a number of cases."""

    PROPORTION = "proportion"
    AVERAGE = "average"
    COUNT = "count"


class Outcome(IntEnum):
    """Where a case stands in an indicator. `MET` of an average or a count: the case counts."""

    OUTSIDE = 0  # not of the population or of the denominator
    UNKNOWN_POPULATION = 1
    UNKNOWN_DENOMINATOR = 2
    NOT_IN_DENOMINATOR = 3
    UNKNOWN_EXCLUSION = 4
    EXCLUDED = 5
    MET = 6
    EXCEPTION = 7
    UNKNOWN = 8
    MISSED = 9


# What people and examples call the outcomes.
WORDS = {
    Outcome.OUTSIDE: "outside",
    Outcome.UNKNOWN_POPULATION: "unknown",
    Outcome.UNKNOWN_DENOMINATOR: "unknown",
    Outcome.NOT_IN_DENOMINATOR: "outside",
    Outcome.UNKNOWN_EXCLUSION: "unknown",
    Outcome.EXCLUDED: "excluded",
    Outcome.MET: "met",
    Outcome.EXCEPTION: "exception",
    Outcome.UNKNOWN: "unknown",
    Outcome.MISSED: "missed",
}
IN_POPULATION = tuple(range(Outcome.UNKNOWN_DENOMINATOR, Outcome.MISSED + 1))
IN_DENOMINATOR = tuple(range(Outcome.UNKNOWN_EXCLUSION, Outcome.MISSED + 1))
NOT_KNOWN = tuple(outcome.value for outcome, word in WORDS.items() if word == "unknown")


@dataclass(frozen=True)
class Indicator:
    """One indicator. A clause that is None is true for everyone (`exclude`, `except_`: for no one)."""

    code: str
    name: str
    kind: Kind = Kind.PROPORTION
    population: Expression | None = None
    denominator: Expression | None = None
    exclude: Expression | None = None
    except_: Expression | None = None
    numerator: Expression | None = None
    observation: Expression | None = None
    undecidable: str | None = None  # why the items of the form cannot decide it
    direction: str = ""
    target: str = ""
    unit: str = ""
    numerator_says: str = ""
    denominator_says: str = ""
    source: str = ""
    confidence: str = ""

    @property
    def clauses(self) -> dict[str, Expression]:
        """The clauses that decide a case, in the order in which they are asked."""
        all_clauses = {
            "population": self.population,
            "denominator": self.denominator,
            "exclude": self.exclude,
            "numerator": self.numerator,
            "except": self.except_,
        }
        return {name: clause for name, clause in all_clauses.items() if clause is not None}


@dataclass(frozen=True)
class Standing:
    """Where one case stands in one indicator, with the clauses that were asked, in order."""

    indicator: str
    outcome: Outcome
    observation: float | None
    clauses: tuple[tuple[str, Clause], ...]

    @property
    def word(self) -> str:
        return WORDS[self.outcome]


class Indicators:
    """The indicators of a pack over its form."""

    def __init__(self, form: Form, indicators: Sequence[Indicator]) -> None:
        self.form = form
        self.all = tuple(indicators)

    def __iter__(self) -> Iterator[Indicator]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, code: str) -> Indicator:
        return next(indicator for indicator in self.all if indicator.code == code)

    @cached_property
    def decidable(self) -> tuple[Indicator, ...]:
        return tuple(indicator for indicator in self.all if indicator.undecidable is None)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The identifiers of all items that the indicators ask for."""
        expressions = [e for i in self.decidable for e in (*i.clauses.values(), i.observation) if e is not None]
        used = {name for expression in expressions for name in expression.fields}
        return tuple(item.id for item in self.form.items if item.id in used)

    def __getstate__(self) -> dict[str, object]:
        return {"form": self.form, "all": self.all}

    # One case, in Python ---------------------------------------------------------------------------------------------

    @cached_property
    def _answer(self) -> Callable[[Mapping[str, object]], dict[str, object]]:
        expressions: dict[str, Expression] = {}
        for number, indicator in enumerate(self.decidable):
            expressions |= {f"{name} {number}": clause for name, clause in indicator.clauses.items()}
            if indicator.observation is not None:
                expressions[f"observation {number}"] = indicator.observation
        return python.compile(expressions)

    def judge(self, values: Mapping[str, object]) -> dict[str, tuple[Outcome, float | None]]:
        """Return outcome and observation of one case by indicator, from its values in JSON form."""
        known = self._answer(read(self.form, values).values)
        found = {}
        for number, indicator in enumerate(self.decidable):
            clauses = {name: known[f"{name} {number}"] for name in indicator.clauses}
            observation = known.get(f"observation {number}")
            found[indicator.code] = _outcome(indicator, clauses, observation)
        return found

    def explain(self, code: str, values: Mapping[str, object]) -> Standing:
        """Return how an indicator was decided for one case: every clause asked, and by how much a limit was missed."""
        indicator = self[code]
        row = read(self.form, values).values
        outcome, observation = self.judge(values)[code]
        asked = _asked(indicator, outcome)
        names = {item.id: item.label for item in self.form.items}
        clauses = [(n, explain(c, row, lambda name: names.get(name, name))) for n, c in asked.items()]
        if indicator.observation is not None and outcome >= Outcome.MET:
            clauses.append(("observation", explain(indicator.observation, row)))
        return Standing(code, outcome, observation, tuple(clauses))

    # Many cases, in DuckDB -------------------------------------------------------------------------------------------

    def outcomes_sql(self, answers: str, keep: Iterable[str] = ("encounter_id",)) -> str:
        """Return the inner query: for each case the outcome `s<n>` and observation `v<n>` of each indicator.

        It is the drill-down of every number that `measure` prints.
        """
        columns = [emit.quote(name) for name in keep]
        for number, indicator in enumerate(self.decidable):
            columns.append(f"{_outcome_sql(indicator)} AS s{number}")
            if indicator.observation is not None:
                columns.append(f"{emit.sql(indicator.observation)} AS v{number}")
        return f"SELECT {', '.join(columns)} FROM {answers}"

    def measure(
        self,
        con: duckdb.DuckDBPyConnection,
        answers: str,
        *,
        pack: str = "",
        version: str = "",
        basis: str = "",
    ) -> pa.Table:
        """Return the results by month and department, each also in total, from the typed relation `answers`.

        `answers` has encounter_id, month ('2025-03'), department and a typed column for each item in `fields`.
        In the result an empty month or department stands for all of them.
        """
        if not self.decidable:
            return RESULTS.empty_table()
        groups = self._tallies(con, answers)
        rows = [
            _result(indicator, number, group, tallies) | {"pack": pack, "version": version, "basis": basis}
            for number, indicator in enumerate(self.decidable)
            for group, tallies in groups
        ]
        return pa.Table.from_pylist(list(_with_intervals(rows)), schema=RESULTS)

    def _tallies(self, con: duckdb.DuckDBPyConnection, answers: str) -> "list[tuple[Group, dict[str, Any]]]":
        """Return what is counted and added up of each month and department, of each of them in all, and of all."""
        stated = ", ".join(f"coalesce(nullif({name}, ''), '{UNSTATED}') AS {name}" for name in _GROUPED)
        told = ", ".join(f"CASE WHEN grouping({name}) = 1 THEN '' ELSE {name} END" for name in _GROUPED)
        counts = [part for number, each in enumerate(self.decidable) for part in _counts(number, each)]
        inner = self.outcomes_sql(answers, _GROUPED)
        # One query, of which no relation is made: for a pack's few thousand cases planning takes the most time.
        found = con.execute(
            f"SELECT {told}, count(*) AS cases{''.join(', ' + part for part in counts)} "
            f"FROM (SELECT * REPLACE ({stated}) FROM ({inner})) GROUP BY CUBE ({', '.join(_GROUPED)}) "
            "HAVING count(*) > 0 ORDER BY 1, 2"
        )
        names = [column[0] for column in found.description or ()][len(_GROUPED) :]
        return [((row[0], row[1]), dict(zip(names, row[2:], strict=True))) for row in found.fetchall()]


_FIELDS: list[tuple[str, pa.DataType]] = [
    ("pack", pa.string()),
    ("version", pa.string()),
    ("indicator", pa.string()),
    ("name", pa.string()),
    ("kind", pa.string()),
    ("basis", pa.string()),
    ("month", pa.string()),
    ("department", pa.string()),
    ("initial_population", pa.int64()),
    ("denominator", pa.int64()),
    ("exclusions", pa.int64()),
    ("exceptions", pa.int64()),
    ("numerator", pa.int64()),
    ("unknown", pa.int64()),
    ("value", pa.float64()),
    ("median", pa.float64()),
    ("lower_quartile", pa.float64()),
    ("upper_quartile", pa.float64()),
    ("lower", pa.float64()),  # of the share: Wilson's interval, 95 %
    ("upper", pa.float64()),
    ("exact_lower", pa.float64()),  # Clopper and Pearson's
    ("exact_upper", pa.float64()),
    ("small", pa.bool_()),  # so few cases that the value may be chance
]
RESULTS = pa.schema(_FIELDS)


def _outcome(indicator: Indicator, clauses: Mapping[str, object], observation: object) -> tuple[Outcome, float | None]:
    value = float(observation) if isinstance(observation, int | float) else None
    outcome = _decided(indicator, clauses, value)
    return outcome, value if outcome is Outcome.MET else None


def _decided(indicator: Indicator, clauses: Mapping[str, object], value: float | None) -> Outcome:
    for name, when_false, when_unknown in (
        ("population", Outcome.OUTSIDE, Outcome.UNKNOWN_POPULATION),
        ("denominator", Outcome.NOT_IN_DENOMINATOR, Outcome.UNKNOWN_DENOMINATOR),
    ):
        answer = clauses.get(name, True)
        if answer is not True:
            return when_unknown if answer is None else when_false
    excluded = clauses.get("exclude", False)
    if excluded is not False:
        return Outcome.UNKNOWN_EXCLUSION if excluded is None else Outcome.EXCLUDED
    if indicator.kind is Kind.AVERAGE:
        return Outcome.UNKNOWN if value is None else Outcome.MET
    met = clauses.get("numerator", True)
    if met is True:
        return Outcome.MET
    excepted = clauses.get("except", False)
    if excepted is True:
        return Outcome.EXCEPTION
    return Outcome.UNKNOWN if met is None or excepted is None else Outcome.MISSED


def _outcome_sql(indicator: Indicator) -> str:
    """Return the same decision as `_decided`, as SQL."""
    sql = {name: emit.sql(clause) for name, clause in indicator.clauses.items()}
    cases = []

    def ask(name: str, when_false: Outcome, when_unknown: Outcome) -> None:
        if name in sql:
            cases.append(f"WHEN ({sql[name]}) IS NULL THEN {when_unknown.value}")
            cases.append(f"WHEN NOT ({sql[name]}) THEN {when_false.value}")

    ask("population", Outcome.OUTSIDE, Outcome.UNKNOWN_POPULATION)
    ask("denominator", Outcome.NOT_IN_DENOMINATOR, Outcome.UNKNOWN_DENOMINATOR)
    if "exclude" in sql:
        cases.append(f"WHEN ({sql['exclude']}) IS NULL THEN {Outcome.UNKNOWN_EXCLUSION.value}")
        cases.append(f"WHEN {sql['exclude']} THEN {Outcome.EXCLUDED.value}")
    if indicator.kind is Kind.AVERAGE:
        assert indicator.observation is not None
        cases.append(f"WHEN ({emit.sql(indicator.observation)}) IS NULL THEN {Outcome.UNKNOWN.value}")
    elif "numerator" in sql:
        cases.append(f"WHEN {sql['numerator']} THEN {Outcome.MET.value}")
        if "except" in sql:
            cases.append(f"WHEN {sql['except']} THEN {Outcome.EXCEPTION.value}")
        unknown = " OR ".join(f"({sql[name]}) IS NULL" for name in ("numerator", "except") if name in sql)
        cases.append(f"WHEN {unknown} THEN {Outcome.UNKNOWN.value}")
        return f"CAST(CASE {' '.join(cases)} ELSE {Outcome.MISSED.value} END AS UTINYINT)"
    if not cases:
        return f"CAST({Outcome.MET.value} AS UTINYINT)"
    return f"CAST(CASE {' '.join(cases)} ELSE {Outcome.MET.value} END AS UTINYINT)"


def _asked(indicator: Indicator, outcome: Outcome) -> dict[str, Expression]:
    """Return the clauses up to the one that decided."""
    last = {
        Outcome.OUTSIDE: 1,
        Outcome.UNKNOWN_POPULATION: 1,
        Outcome.NOT_IN_DENOMINATOR: 2,
        Outcome.UNKNOWN_DENOMINATOR: 2,
        Outcome.EXCLUDED: 3,
        Outcome.UNKNOWN_EXCLUSION: 3,
        Outcome.MET: 4,
    }.get(outcome, 5)
    order = ("population", "denominator", "exclude", "numerator", "except")[:last]
    return {name: clause for name, clause in indicator.clauses.items() if name in order}


Group = tuple[str, str]  # month and department; empty stands for all
UNSTATED = "未记录"
_GROUPED = ("month", "department")


def _possible(indicator: Indicator) -> tuple[Outcome, ...]:
    """Return the outcomes that a case can have, the one that need not be counted last."""
    possible = []
    clauses = indicator.clauses
    if "population" in clauses:
        possible += [Outcome.OUTSIDE, Outcome.UNKNOWN_POPULATION]
    if "denominator" in clauses:
        possible += [Outcome.NOT_IN_DENOMINATOR, Outcome.UNKNOWN_DENOMINATOR]
    if "exclude" in clauses:
        possible += [Outcome.EXCLUDED, Outcome.UNKNOWN_EXCLUSION]
    if indicator.kind is Kind.AVERAGE:
        possible.append(Outcome.UNKNOWN)
    if "numerator" in clauses:
        possible += [Outcome.UNKNOWN, Outcome.MISSED]
    if "except" in clauses:
        possible.append(Outcome.EXCEPTION)
    return (*possible, Outcome.MET)


def _counts(number: int, indicator: Indicator) -> list[str]:
    possible = _possible(indicator)[:-1]
    counted = [f"count_if(s{number} = {place})" if place in possible else "0" for place in range(len(Outcome))]
    parts = [f"CAST([{', '.join(counted)}] AS BIGINT[]) AS outcomes{number}"]
    if indicator.kind is Kind.AVERAGE:
        # Decimals add up to the same in any order, doubles do not: a run can be repeated to the digit.
        exact = f"sum(CAST(v{number} AS DECIMAL(38, 9)))"
        met = f"FILTER (s{number} = {int(Outcome.MET)})"
        parts.append(f"coalesce({exact} {met}, 0) AS sum{number}")
        parts.append(f"quantile_cont(v{number}, [0.25, 0.5, 0.75]) {met} AS quartiles{number}")
    return parts


def _result(
    indicator: Indicator,
    number: int,
    group: Group,
    tallies: Mapping[str, Any],
) -> dict[str, object]:
    counted: list[int] = tallies[f"outcomes{number}"]
    counted[Outcome.MET] = tallies["cases"] - sum(counted)

    def of(*outcomes: int) -> int:
        return sum(map(counted.__getitem__, outcomes))

    met, denominator = of(Outcome.MET), of(*IN_DENOMINATOR)
    judged = denominator - of(Outcome.EXCLUDED, Outcome.EXCEPTION)
    known = judged - of(Outcome.UNKNOWN_EXCLUSION, Outcome.UNKNOWN)
    if indicator.kind is Kind.AVERAGE:
        value = float(tallies[f"sum{number}"] / met) if met else None
    elif indicator.kind is Kind.COUNT:
        value = float(met)
    else:
        # A share of cases of which none is known would read as 0 %.
        value = met / judged if known else None
    low, middle, high = tallies.get(f"quartiles{number}") or (None, None, None)
    return {
        "indicator": indicator.code,
        "name": indicator.name,
        "kind": indicator.kind.value,
        "month": group[0],
        "department": group[1],
        "initial_population": of(*IN_POPULATION),
        "denominator": denominator,
        "exclusions": of(Outcome.EXCLUDED),
        "exceptions": of(Outcome.EXCEPTION),
        "numerator": met,
        "unknown": of(*NOT_KNOWN),
        "value": value,
        "median": middle,
        "lower_quartile": low,
        "upper_quartile": high,
        "small": bool(judged) and is_small(judged),
        "judged": judged,
    }


def _with_intervals(rows: Sequence[dict[str, object]]) -> Sequence[dict[str, object]]:
    """Add to every share how sure it is."""
    shares = [row for row in rows if row["kind"] == Kind.PROPORTION.value and row["value"] is not None]
    met, of = [_int(row["numerator"]) for row in shares], [_int(row["judged"]) for row in shares]
    for row, score, strict in zip(shares, wilson(met, of), exact(met, of), strict=True):
        row["lower"], row["upper"] = score or (None, None)
        row["exact_lower"], row["exact_upper"] = strict or (None, None)
    return rows


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def typed_columns(form: Form, fields: Iterable[str], source: str, value: str = "value") -> str:
    """Return SQL that pivots `source` (encounter_id, item, JSON value) to one row for each case with typed columns."""
    columns = []
    for name in fields:
        code, kind = form.by_id[name].code.replace("'", "''"), form.scope.field(name).type
        wanted = f"any_value({value}) FILTER (item = '{code}')"
        if kind is Type.TEXTS:
            column = f"CAST(from_json({wanted}, '[\"VARCHAR\"]') AS VARCHAR[])"
        else:
            column = f"try_cast(json_extract_string({wanted}, '$') AS {emit.SQL_TYPES[kind]})"
        columns.append(f"{column} AS {emit.quote(name)}")
    return f"SELECT encounter_id{''.join(', ' + column for column in columns)} FROM {source} GROUP BY encounter_id"

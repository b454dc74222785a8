"""Measure indicators: over many cases in DuckDB, for one case in Python, and explain each case clause by clause.

Every case stands, for every indicator, at exactly one outcome. A clause that is unknown is never met and never passed
over in silence: the case counts as `unknown`, and it stays where the clauses before had put it. So a case whose
denominator is certain and whose numerator is unknown stays in the denominator.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property

import duckdb
import pyarrow as pa

from zhiheng.engine.form import Form
from zhiheng.engine.form.evaluate import read
from zhiheng.engine.language import Clause, Expression, Type, explain, python
from zhiheng.engine.language import duckdb as emit


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
        inner = self.outcomes_sql(answers, ("month", "department"))
        sums = ", ".join(part for number, each in enumerate(self.decidable) for part in _sums(number, each))
        grouped = (
            "SELECT grouping(month) = 1 AS all_months, grouping(department) = 1 AS all_departments, "
            f"month, department, {sums} FROM ({inner}) GROUP BY CUBE (month, department)"
        )
        wide = con.sql(grouped).to_arrow_table().to_pylist()
        rows = [
            _result(indicator, number, row) | {"pack": pack, "version": version, "basis": basis}
            for number, indicator in enumerate(self.decidable)
            for row in wide
        ]
        rows.sort(key=lambda row: (row["place"], row["month"], row["department"]))
        return pa.Table.from_pylist(rows, schema=RESULTS)


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


def _sums(number: int, indicator: Indicator) -> list[str]:
    def count(name: str, outcomes: Iterable[int]) -> str:
        listed = ", ".join(str(int(outcome)) for outcome in outcomes)
        return f"CAST(count_if(s{number} IN ({listed})) AS BIGINT) AS {name}{number}"

    parts = [
        f"CAST(count_if(s{number} >= {int(min(IN_POPULATION))}) AS BIGINT) AS ip{number}",
        f"CAST(count_if(s{number} >= {int(min(IN_DENOMINATOR))}) AS BIGINT) AS dn{number}",
        f"CAST(count_if(s{number} = {int(Outcome.MET)}) AS BIGINT) AS nu{number}",
        count("un", NOT_KNOWN),
        count("ud", (Outcome.UNKNOWN_EXCLUSION, Outcome.UNKNOWN)),
    ]
    if indicator.exclude is not None:
        parts.append(f"CAST(count_if(s{number} = {int(Outcome.EXCLUDED)}) AS BIGINT) AS xc{number}")
    if indicator.except_ is not None:
        parts.append(f"CAST(count_if(s{number} = {int(Outcome.EXCEPTION)}) AS BIGINT) AS xp{number}")
    if indicator.kind is Kind.AVERAGE:
        seen = f"FILTER (s{number} = {int(Outcome.MET)})"
        parts.append(f"avg(v{number}) {seen} AS av{number}")
        parts.append(f"quantile_cont(v{number}, [0.25, 0.5, 0.75]) {seen} AS qu{number}")
    return parts


def _result(indicator: Indicator, number: int, row: Mapping[str, object]) -> dict[str, object]:
    def of(name: str) -> int:
        found = row.get(f"{name}{number}")
        return int(found) if isinstance(found, int) else 0

    quartiles = row.get(f"qu{number}")
    low, middle, high = quartiles if isinstance(quartiles, list) else (None, None, None)
    counted = of("dn") - of("xc") - of("xp")
    value: object = None
    if indicator.kind is Kind.PROPORTION:
        # A share of cases of which none is known would read as 0 %.
        value = of("nu") / counted if counted > of("ud") else None
    elif indicator.kind is Kind.AVERAGE:
        value = row.get(f"av{number}")
    else:
        value = float(of("nu"))
    return {
        "place": number,
        "indicator": indicator.code,
        "name": indicator.name,
        "kind": indicator.kind.value,
        "month": "" if row["all_months"] else row["month"] or UNSTATED,
        "department": "" if row["all_departments"] else row["department"] or UNSTATED,
        "initial_population": of("ip"),
        "denominator": of("dn"),
        "exclusions": of("xc"),
        "exceptions": of("xp"),
        "numerator": of("nu"),
        "unknown": of("un"),
        "value": value,
        "median": middle,
        "lower_quartile": low,
        "upper_quartile": high,
    }


UNSTATED = "未记录"


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

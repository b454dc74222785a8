"""Indicators: where a case stands, what is counted, and that Python and DuckDB agree on every case."""

import datetime as dt
import itertools
import statistics
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pytest

from zhiheng.engine.form import Form, Item, ItemType, Option
from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.engine.measure import WORDS, Indicator, Indicators, Kind, Outcome, typed_columns

YES_NO = (Option("y", "是"), Option("n", "否"))
ITEMS = (
    Item("A-1", "arrived_at", "到院", ItemType.DATETIME),
    Item("A-2", "wire_at", "导丝通过", ItemType.DATETIME),
    Item("A-3", "days", "住院天数", ItemType.NUMBER),
    *(Item(f"B-{n}", f"b_{n}", f"条款{n}", ItemType.CHOICE, options=YES_NO) for n in range(1, 6)),
)
KINDS = {ItemType.DATETIME: Type.DATETIME, ItemType.NUMBER: Type.NUMBER, ItemType.CHOICE: Type.TEXT}
SCOPE = Scope([Field(item.id, KINDS[item.type], tuple(o.value for o in item.options)) for item in ITEMS])
FORM = Form("TOY", ITEMS, SCOPE)


def expression(text: str, kind: Type = Type.BOOLEAN) -> Any:
    return parse(text, SCOPE, kind)


def proportion(**clauses: str) -> Indicator:
    return Indicator("x", "x", **{name: expression(text) for name, text in clauses.items()})


def standing(indicator: Indicator, values: dict[str, object]) -> str:
    outcome, _ = Indicators(FORM, [indicator]).judge(values)["x"]
    return WORDS[outcome]


ALL_CLAUSES = proportion(
    population="b_1 = 'y'", denominator="b_2 = 'y'", exclude="b_3 = 'y'", numerator="b_4 = 'y'", except_="b_5 = 'y'"
)


@pytest.mark.parametrize(
    ("population", "denominator", "exclude", "numerator", "excepted", "expected"),
    [
        ("n", "y", "n", "y", "n", "outside"),
        ("y", "n", "n", "y", "n", "outside"),
        ("y", "y", "y", "y", "n", "excluded"),
        ("y", "y", "n", "y", "y", "met"),  # an exception matters only to those who did not meet it
        ("y", "y", "n", "n", "y", "exception"),
        ("y", "y", "n", "n", "n", "missed"),
        ("?", "y", "n", "y", "n", "unknown"),
        ("y", "?", "n", "y", "n", "unknown"),
        ("y", "y", "?", "y", "n", "unknown"),
        ("y", "y", "n", "?", "n", "unknown"),
        ("y", "y", "n", "?", "y", "exception"),
        ("y", "y", "n", "n", "?", "unknown"),
        ("n", "?", "?", "?", "?", "outside"),  # what is not asked cannot be unknown
    ],
)
def test_where_a_case_stands(
    population: str, denominator: str, exclude: str, numerator: str, excepted: str, expected: str
) -> None:
    answers = zip(
        ("B-1", "B-2", "B-3", "B-4", "B-5"), (population, denominator, exclude, numerator, excepted), strict=True
    )
    assert standing(ALL_CLAUSES, {code: answer for code, answer in answers if answer != "?"}) == expected


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("2025-03-02 15:35", "met"),  # 90 whole minutes
        ("2025-03-02 15:36", "missed"),  # 91
        ("2025-03-02 14:04", "missed"),
        (None, "unknown"),
    ],
)
def test_a_limit_of_ninety_minutes(wire: str | None, expected: str) -> None:
    indicator = proportion(numerator="minutes_between(arrived_at, wire_at) between 0 and 90")
    values = {"A-1": "2025-03-02 14:05"} | ({"A-2": wire} if wire else {})
    assert standing(indicator, values) == expected


CASES = [
    # month, department, b_1 .. b_5, days
    ("2025-01", "心内科", "yynyn", 5),
    ("2025-01", "心内科", "yynnn", 7),
    ("2025-01", "急诊科", "yyyyn", 9),
    ("2025-01", "急诊科", "yynny", 11),
    ("2025-02", "心内科", "yyn?n", None),
    ("2025-02", "心内科", "ny???", 3),
    ("2025-02", None, "?yynn", 4),
    ("2025-02", None, "yynyn", 6),
]
DAYS = Indicator("days", "平均住院日", kind=Kind.AVERAGE, observation=expression("days", Type.NUMBER))
COUNT = Indicator("count", "例数", kind=Kind.COUNT, population=expression("b_1 = 'y'"))
CANNOT = Indicator("cannot", "上报率", undecidable="取决于上报状态")


def values_of(answers: str, days: float | None) -> dict[str, object]:
    values: dict[str, object] = {f"B-{n}": a for n, a in enumerate(answers, 1) if a != "?"}
    return values if days is None else values | {"A-3": days}


def measured(*indicators: Indicator) -> list[dict[str, Any]]:
    rows, cases = [], []
    for number, (month, department, answers, days) in enumerate(CASES):
        cases.append({"encounter_id": str(number), "month": month, "department": department})
        rows += [
            {"encounter_id": str(number), "item": code, "value": orjson.dumps(value).decode()}
            for code, value in values_of(answers, days).items()
        ]
    rules = Indicators(FORM, indicators)
    with duckdb.connect() as con:
        con.register("long", pa.Table.from_pylist(rows))
        con.register("cases", pa.Table.from_pylist(cases))
        con.execute(
            "CREATE TABLE answers AS SELECT c.*, a.* EXCLUDE (encounter_id) FROM cases c LEFT JOIN "
            f"({typed_columns(FORM, rules.fields, 'long')}) a USING (encounter_id)"
        )
        result: list[dict[str, Any]] = rules.measure(
            con, "answers", pack="TOY", version="1", basis="confirmed"
        ).to_pylist()
        return result


COLUMNS = ("initial_population", "denominator", "exclusions", "exceptions", "numerator", "unknown")


@pytest.mark.parametrize(
    ("month", "department", "counts", "value"),
    [
        ("", "", (6, 6, 1, 1, 2, 2), 0.5),
        ("2025-01", "", (4, 4, 1, 1, 1, 0), 0.5),
        ("2025-01", "心内科", (2, 2, 0, 0, 1, 0), 0.5),
        ("2025-01", "急诊科", (2, 2, 1, 1, 0, 0), None),  # nobody is left to count
        ("2025-02", "", (2, 2, 0, 0, 1, 2), 0.5),  # an unknown numerator stays in the denominator
        ("2025-02", "未记录", (1, 1, 0, 0, 1, 1), 1.0),
    ],
)
def test_counts_by_month_and_department_and_in_total(
    month: str, department: str, counts: tuple[int, ...], value: float | None
) -> None:
    rows = measured(ALL_CLAUSES)
    (row,) = [row for row in rows if (row["month"], row["department"]) == (month, department)]
    assert tuple(row[name] for name in COLUMNS) == counts
    assert row["value"] == value
    assert (row["pack"], row["version"], row["basis"]) == ("TOY", "1", "confirmed")


def test_an_average_has_median_and_quartiles_and_counts_what_is_not_known() -> None:
    (row,) = [row for row in measured(DAYS) if not row["month"] and not row["department"]]
    known = [days for *_, days in CASES if days is not None]
    low, middle, high = statistics.quantiles(known, n=4, method="inclusive")
    assert row["value"] == pytest.approx(statistics.fmean(known))
    assert (row["lower_quartile"], row["median"], row["upper_quartile"]) == pytest.approx((low, middle, high))
    assert (row["denominator"], row["numerator"], row["unknown"]) == (8, 7, 1)


def test_a_number_of_cases() -> None:
    (row,) = [row for row in measured(COUNT) if not row["month"] and not row["department"]]
    assert (row["value"], row["unknown"]) == (6, 1)


def test_what_cannot_be_decided_is_not_measured() -> None:
    assert measured(CANNOT) == []


def test_python_and_duckdb_put_every_case_at_the_same_place() -> None:
    combinations = list(itertools.product("yn?", repeat=5))
    rules = Indicators(FORM, [ALL_CLAUSES, DAYS])
    every = {str(n): values_of("".join(c), n if n % 3 else None) for n, c in enumerate(combinations)}
    rows = [
        {"encounter_id": case, "item": code, "value": orjson.dumps(value).decode()}
        for case, values in every.items()
        for code, value in values.items()
    ]
    with duckdb.connect() as con:
        con.register("long", pa.Table.from_pylist(rows))
        con.execute(f"CREATE TABLE answers AS {typed_columns(FORM, rules.fields, 'long')}")
        found = con.sql(rules.outcomes_sql("answers")).to_arrow_table().to_pylist()
    assert len(found) >= len(every) - 1  # a case without any answer has no row in the long table
    for row in found:
        judged = rules.judge(every[row["encounter_id"]])
        assert Outcome(row["s0"]) is judged["x"][0]
        assert Outcome(row["s1"]) is judged["days"][0]
        assert (row["v1"] if judged["days"][0] is Outcome.MET else None) == judged["days"][1]


def test_an_explanation_stops_at_the_clause_that_decided() -> None:
    rules = Indicators(FORM, [ALL_CLAUSES])
    told = rules.explain("x", {"B-1": "y", "B-2": "y", "B-3": "y", "B-4": "y"})
    assert told.word == "excluded"
    assert [(name, clause.outcome) for name, clause in told.clauses] == [
        ("population", "true"),
        ("denominator", "true"),
        ("exclude", "true"),
    ]


def test_an_explanation_says_by_how_much_a_limit_was_missed() -> None:
    indicator = proportion(numerator="minutes_between(arrived_at, wire_at) <= 90")
    told = Indicators(FORM, [indicator]).explain("x", {"A-1": "2025-03-02 14:05", "A-2": "2025-03-02 15:47"})
    ((name, clause),) = told.clauses
    assert (name, told.word, clause.left) == ("numerator", "missed", 102)
    assert clause.margin is not None
    assert (clause.margin.amount, clause.margin.unit) == (12, "minutes")


def test_times_and_lists_become_typed_columns() -> None:
    rows = [{"encounter_id": "1", "item": "A-1", "value": '"2025-03-02 14:05"'}]
    with duckdb.connect() as con:
        con.register("long", pa.Table.from_pylist(rows))
        found = con.sql(typed_columns(FORM, ["arrived_at", "days"], "long")).fetchall()
    assert found == [("1", dt.datetime(2025, 3, 2, 14, 5), None)]


def test_a_share_of_cases_of_which_none_is_known_is_not_zero() -> None:
    indicator = proportion(denominator="b_3 = 'n'", numerator="b_4 = 'y' and days > 1")
    rows = {(row["month"], row["department"]): row for row in measured(indicator)}
    assert (rows["2025-02", "心内科"]["denominator"], rows["2025-02", "心内科"]["unknown"]) == (1, 2)
    assert rows["2025-02", "心内科"]["value"] is None
    assert rows["2025-01", "心内科"]["value"] == 0.5

"""Checks across items: when they apply, and that Python and DuckDB find the same."""

import duckdb
import orjson
import pyarrow as pa
import pytest

from zhiheng.engine.check import Check, Checks
from zhiheng.engine.form import Form, Item, ItemType, Option
from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.engine.measure import typed_columns

SCOPE = Scope([Field("a_1", Type.DATETIME), Field("a_2", Type.DATETIME), Field("a_3", Type.TEXT, ("y", "n"))])
FORM = Form(
    "TOY",
    (
        Item("A-1", "a_1", "到院", ItemType.DATETIME),
        Item("A-2", "a_2", "导丝", ItemType.DATETIME),
        Item("A-3", "a_3", "是否", ItemType.CHOICE, options=(Option("y", "是"), Option("n", "否"))),
    ),
    SCOPE,
)


def checks(expect: str, when: str | None = None) -> Checks:
    told = parse(when, SCOPE, Type.BOOLEAN) if when else None
    return Checks(FORM, [Check("order", "A-2", parse(expect, SCOPE, Type.BOOLEAN), "error", "次序颠倒", told)])


def found(rules: Checks, values: dict[str, object]) -> list[str]:
    """Return the checks that are broken, after asking both targets."""
    by_python = [finding.rule for finding in rules.findings(values)]
    rows = [
        {"encounter_id": "E", "item": code, "value": orjson.dumps(value).decode()} for code, value in values.items()
    ]
    schema = pa.schema([(name, pa.string()) for name in ("encounter_id", "item", "value")])
    with duckdb.connect() as con:
        con.register("long", pa.Table.from_pylist(rows or [{"encounter_id": "E"}], schema=schema))
        con.execute(f"CREATE TABLE answers AS {typed_columns(FORM, ['a_1', 'a_2', 'a_3'], 'long')}")
        by_duckdb = rules.find_all(con, "answers").column("check").to_pylist()
    assert by_python == by_duckdb
    return by_python


@pytest.mark.parametrize(
    ("first", "second", "broken"),
    [
        ("2025-03-02 14:05", "2025-03-02 15:35", []),
        ("2025-03-02 14:05", "2025-03-02 14:05", []),
        ("2025-03-02 14:05", "2025-03-02 14:04", ["order"]),
        (None, "2025-03-02 14:04", []),  # unanswered: nothing can be said
        ("2025-03-02 14:05", None, []),
    ],
)
def test_a_check_applies_when_all_its_items_are_answered(first: str, second: str, broken: list[str]) -> None:
    values = {code: value for code, value in (("A-1", first), ("A-2", second)) if value is not None}
    assert found(checks("a_2 >= a_1"), values) == broken


@pytest.mark.parametrize(("answer", "broken"), [("y", ["order"]), ("n", []), (None, [])])
def test_a_check_with_a_condition_applies_only_when_it_is_true(answer: str | None, broken: list[str]) -> None:
    values = {"A-1": "2025-03-02 14:05", "A-2": "2025-03-02 14:04"} | ({"A-3": answer} if answer else {})
    assert found(checks("a_2 >= a_1", when="a_3 = 'y'"), values) == broken


def test_a_finding_names_the_item_and_what_was_found() -> None:
    values = {"A-1": "2025-03-02 14:05", "A-2": "2025-03-02 14:04"}
    (finding,) = checks("a_2 >= a_1").findings(values)
    assert (finding.rule, finding.item, finding.severity, finding.message) == ("order", "A-2", "error", "次序颠倒")
    assert finding.found == {"A-1": "2025-03-02 14:05", "A-2": "2025-03-02 14:04"}


def test_no_checks_find_nothing() -> None:
    assert found(Checks(FORM, []), {"A-3": "y"}) == []

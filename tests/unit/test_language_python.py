"""The generated Python: one function for many expressions, kept as text, fast."""

import datetime as dt
import timeit

import duckdb
import pytest

from zhiheng.engine.language import Field, Scope, Type, parse, python
from zhiheng.engine.language import duckdb as target

SCOPE = Scope(
    [
        Field("a", Type.DATETIME),
        Field("b", Type.DATETIME),
        Field("n", Type.NUMBER),
        Field("x", Type.TEXT),
        Field("c", Type.TEXTS),
        Field("p", Type.BOOLEAN),
    ]
)
ROW = {"a": dt.datetime(2025, 1, 1, 10), "b": dt.datetime(2025, 1, 1, 11, 31), "n": 5, "x": "a", "c": ("a", "b")}


def test_many_expressions_become_one_function():
    expressions = {
        "late": parse("minutes_between(a, b) > 90", SCOPE),
        "n+1": parse("n + 1", SCOPE),
        "it's": parse("p", SCOPE),
    }
    assert python.compile(expressions)(ROW) == {"late": True, "n+1": 6, "it's": None}


def test_the_source_can_be_kept_and_loaded_again():
    expressions = {"first": parse("x = 'it''s' or a < timestamp '2025-01-01 10:30'", SCOPE)}
    text = python.source(expressions)
    assert python.load(text)(ROW) == {"first": True}
    assert python.load(compile(text, "pack", "exec"))(ROW) == {"first": True}


def test_fields_may_be_read_from_anywhere():
    writer = python.Writer(lambda name: f"answers[{name!r}]")
    text = writer.write(parse("n > 3 and x = 'a'", SCOPE).node)
    assert eval(text, {**python.NAMESPACE, "answers": ROW}) is True  # noqa: S307


def test_constants_stay_constants():
    closure = python.closure(parse("""x = '"); import os; ("' or x = '\\' or x = '\n' or x = '{0}'""", SCOPE))
    assert closure({"x": "a"}) is False
    assert closure({"x": "\\"}) is True
    assert closure({"x": "{0}"}) is True


@pytest.mark.parametrize(
    "text",
    [
        " - ".join(["n"] * 50),
        " and ".join(["(x = 'a' or n > 1)"] * 400),
        " + ".join(["n"] * 500),
        "case " + " ".join(f"when n = {number} then {number}" for number in range(240)) + " end",
        "code_in(x, " + ", ".join(f"'I{number}'" for number in range(10, 100)) + ")",
        "floor(" * 20 + "n" + ")" * 20,
        "not (x is null or " * 16 + "p" + ")" * 16,
        "coalesce(n + (" * 10 + "n" + "), 0)" * 10,
        "case when p then " * 20 + "1" + " else 0 end" * 20,
    ],
)
def test_the_largest_expressions_that_are_allowed_run_on_every_target(text):
    expression = parse(text, SCOPE)
    assert python.closure(expression)({}) == python.closure(expression)({})
    columns = ", ".join(f"CAST(NULL AS {target.SQL_TYPES[field.type]}) AS {field.name}" for field in SCOPE)
    found = duckdb.execute(f"SELECT {target.sql(expression)} FROM (SELECT {columns})").fetchone()
    assert found == (python.closure(expression)({}),)


def test_a_hundred_expressions_take_far_less_than_a_millisecond():
    kinds = [
        "minutes_between(a, b) <= {}", "x = 'a' and n > {}", "x is distinct from 'a' or n > {}",
        "has(c, 'a') and not coalesce(has(c, 'b'), false) and n < {}", "n between 1 and {} and x in ('a', 'b')",
    ]  # fmt: skip
    expressions = {str(number): parse(kinds[number % 5].format(number), SCOPE) for number in range(100)}
    evaluate = python.compile(expressions)
    seconds = min(timeit.repeat(lambda: evaluate(ROW), number=100, repeat=5)) / 100
    assert seconds < 0.001 / 3

"""Two ways of writing the same condition have one canonical form; different conditions never do."""

from itertools import product

import pytest

from zhiheng.engine.language import Field, Scope, Type, parse, python
from zhiheng.packs.conditions import from_expression

SCOPE = Scope(
    [
        Field("x", Type.TEXT, ("a", "b", "c")),
        Field("c", Type.TEXTS, ("a", "b")),
        Field("n", Type.NUMBER),
        Field("t", Type.DATETIME),
    ]
)
SAME = [
    ("x = 'a'", "x in ('a')"),
    ("x = 'a' or x = 'b'", "x in ('b', 'a')"),
    ("has(c, 'a') or has(c, 'b')", "has_any(c, 'b', 'a')"),
    ("(x in ('a', 'b')) is not true", "x is distinct from 'a' and x is distinct from 'b'"),
    ("has_any(c, 'a', 'b') is not true", "has(c, 'a') is not true and has(c, 'b') is not true"),
    ("(x = 'a' or n > 3) is not true", "x is distinct from 'a' and (n > 3) is not true"),
    ("x = 'a' and x is not null", "x = 'a'"),
    ("x = 'a' and (x = 'a' or n > 3)", "x = 'a'"),
    ("n > 3 and x = 'a'", "x = 'a' and n > 3"),
    ("(x = 'a' and n > 3) or x = 'b'", "(x = 'a' or x = 'b') and (n > 3 or x = 'b')"),
    ("(x is null) is not true", "x is not null"),
]
DIFFERENT = [
    ("x = 'a'", "x = 'b'"),
    ("x = 'a'", "x is distinct from 'a'"),
    ("n > 3", "n >= 3"),
    ("n > 3", "n > 4"),
    ("(n > 3) is not true", "n <= 3"),  # an unanswered number is not greater, and not at most either
    ("x is null", "x is not null"),
    ("x = 'a' or n > 3", "x = 'a' and n > 3"),
    ("x is distinct from 'a' or x is distinct from 'b'", "x is distinct from 'a' and x is distinct from 'b'"),
    ("hour_of(t) <= 7", "hour_of(t) <= 8"),
]
VALUES = {"x": (None, "a", "b", "c"), "c": (None, ("a",), ("b",), ("a", "b")), "n": (None, 3, 4), "t": (None,)}


def truth(expression):
    """Return for every combination of answers whether the condition is true."""
    run = python.compile({"holds": expression})
    rows = (dict(zip(VALUES, row, strict=True)) for row in product(*VALUES.values()))
    return [run(row)["holds"] is True for row in rows]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_condition_has_one_form(one, other):
    first, second = parse(one, SCOPE), parse(other, SCOPE)
    assert truth(first) == truth(second)
    assert from_expression(first) == from_expression(second)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_conditions_have_different_forms(one, other):
    assert from_expression(parse(one, SCOPE)) != from_expression(parse(other, SCOPE))


def test_a_condition_that_no_national_rule_can_say_is_refused():
    with pytest.raises(ValueError, match="<> stands in no rule of a national form"):
        from_expression(parse("x <> 'a'", SCOPE))

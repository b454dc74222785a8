"""True, false and unknown: one truth table on every target."""

import itertools

import pytest

VALUES = (True, False, None)


def negated(p):
    return None if p is None else not p


def both(p, q):
    return False if False in (p, q) else None if None in (p, q) else True


def either(p, q):
    return negated(both(negated(p), negated(q)))


@pytest.mark.parametrize(("p", "q"), list(itertools.product(VALUES, VALUES)))
def test_and_or_of_two(engine, p, q):
    assert engine.value("p and q", p=p, q=q) is both(p, q)
    assert engine.value("p or q", p=p, q=q) is either(p, q)
    assert engine.value("(not (p and q)) is not distinct from (not p or not q)", p=p, q=q) is True


@pytest.mark.parametrize("p", VALUES)
def test_not_and_tests_of_one(engine, p):
    assert engine.value("not p", p=p) is negated(p)
    assert engine.value("p is true", p=p) is (p is True)
    assert engine.value("p is not true", p=p) is (p is not True)
    assert engine.value("p is false", p=p) is (p is False)
    assert engine.value("p is null", p=p) is (p is None)
    assert engine.value("p is unknown", p=p) is (p is None)
    assert engine.value("p", p=p) is p


@pytest.mark.parametrize("text", ["x = 'a'", "x <> 'a'", "x in ('a', 'b')", "x not in ('a', 'b')", "not x = 'a'"])
def test_a_comparison_with_an_unknown_is_unknown(engine, text):
    assert engine.value(text, x=None) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("x = 'a' or n > 1", True),
        ("x = 'a' and n > 1", None),
        ("x = 'a' and n < 1", False),
        ("x = 'a' or n < 1", None),
        ("coalesce(x = 'a', false)", False),
        ("(x = 'a') is true", False),
        ("case when x = 'a' then 1 when not x = 'a' then 2 else 3 end", 3),
        ("x is distinct from 'a'", True),
        ("x is distinct from y", False),
    ],
)
def test_what_is_known_decides(engine, text, answer):
    assert engine.value(text, x=None, y=None, n=2) == answer


def test_and_binds_tighter_than_or_and_not_tighter_than_both(engine):
    assert engine.value("true or false and false") is True
    assert engine.value("not false and false") is False
    assert engine.value("not (false and false)") is True
    assert engine.value("1 + 2 * 3 = 7 and 7 - 2 - 1 = 4 and 8 / 2 / 2 = 2") is True
    assert engine.value("-n + 3 = 1 and - -n = 2 and n - -1 = 3", n=2) is True

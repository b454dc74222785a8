"""The examples of the manual: every function and operator, on every target."""

import datetime as dt

import pytest

from zhiheng.engine.language.functions import FUNCTIONS

EXAMPLES = [(function, example) for function in FUNCTIONS.values() for example in function.examples]


@pytest.mark.parametrize(("function", "example"), EXAMPLES, ids=lambda each: getattr(each, "text", ""))
def test_example_of_the_manual(engine, function, example):
    found = engine.value(example.text, **example.given)
    if isinstance(found, dt.date):
        found = str(found)
    assert found == example.answer
    assert (found is None) == (example.answer is None)


@pytest.mark.parametrize("function", list(FUNCTIONS.values()), ids=lambda each: each.name)
def test_every_function_is_documented_in_both_languages_and_shown(function):
    assert function.meaning.endswith("。")
    assert function.english.endswith(".")
    assert function.examples

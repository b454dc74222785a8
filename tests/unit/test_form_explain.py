"""Why an item is shown or hidden, why it has its value, which limits hold."""

import pytest

from zhiheng.engine.form import Form, Item, ItemType, Limit, Option, Sets, explain_item
from zhiheng.engine.language import Field, Scope, Type, parse

SCOPE = Scope(
    [
        Field("a", Type.TEXT, ("y", "n")),
        Field("n", Type.NUMBER),
        Field("s", Type.DATETIME),
        Field("e", Type.DATETIME),
        Field("wait", Type.NUMBER),
        Field("grade", Type.TEXT, ("a", "b", "c")),
        Field("c", Type.TEXTS, ("a", "b")),
        Field("d", Type.TEXTS, ("a", "b")),
        Field("one", Type.TEXT, ("y", "n")),
        Field("two", Type.TEXT, ("y", "n")),
        Field("sex", Type.TEXT, ("F", "M")),
    ]
)
YES_NO = (Option("y", "是"), Option("n", "否"))
AB = (Option("a", "甲"), Option("b", "乙"))


def rule(when: str, target: str, to: str | None) -> Sets:
    return Sets(parse(when, SCOPE), target, None if to is None else parse(to, SCOPE))


FORM = Form(
    "T",
    (
        Item("A", "a", "是否溶栓", ItemType.CHOICE, options=YES_NO),
        Item("N", "n", "分值", ItemType.NUMBER, sets=(rule("n >= 0", "grade", "'a'"), rule("n >= 50", "grade", "'b'"))),
        Item("S", "s", "到院", ItemType.DATETIME),
        Item(
            "E",
            "e",
            "溶栓",
            ItemType.DATETIME,
            shown=parse("a = 'y'", SCOPE),
            limits=(Limit("e.after", parse("e > s", SCOPE), "溶栓应晚于到院。"),),
        ),
        Item("WAIT", "wait", "用时", ItemType.NUMBER, computed=parse("minutes_between(s, e)", SCOPE), readonly=True),
        Item("GRADE", "grade", "分级", ItemType.CHOICE, options=(*AB, Option("c", "丙"))),
        Item(
            "C",
            "c",
            "药",
            ItemType.CHOICES,
            options=AB,
            sets=(rule("has(c, 'a')", "d", "'a'"), rule("has(c, 'b')", "d", "'b'")),
        ),
        Item("D", "d", "药", ItemType.CHOICES, options=AB),
        Item("ONE", "one", "其一", ItemType.CHOICE, options=YES_NO, shown=parse("two is null", SCOPE)),
        Item("TWO", "two", "其二", ItemType.CHOICE, options=YES_NO, shown=parse("one is null", SCOPE)),
        Item("SEX", "sex", "性别", ItemType.CHOICE, options=(Option("F", "女"),), default="F", readonly=True),
    ),
    SCOPE,
)


def test_an_item_that_is_always_shown_needs_no_reason():
    found = explain_item(FORM, {"A": "y"}, "A")
    assert (found.shown, found.shown_because, found.value) == (True, None, "y")
    assert [origin.kind for origin in found.origins] == ["answer"]


@pytest.mark.parametrize(("answer", "outcome"), [({"A": "y"}, "true"), ({"A": "n"}, "false"), ({}, "unknown")])
def test_the_clause_that_shows_or_hides_an_item(answer, outcome):
    found = explain_item(FORM, {**answer, "E": "2026-11-22 10:00"}, "E")
    assert found.shown is (outcome == "true")
    assert found.shown_because is not None
    assert (found.shown_because.outcome, found.shown_because.text) == (outcome, "A = 'y'")
    assert found.aside == (None if found.shown else "2026-11-22 10:00")


def test_a_value_that_is_set_names_the_rule_that_decided():
    (origin,) = explain_item(FORM, {"N": 60, "GRADE": "c"}, "GRADE").origins
    assert (origin.kind, origin.by) == ("sets", "N")
    assert origin.because is not None
    assert origin.because.text == "N >= 50"
    assert origin.taken is not None
    assert origin.taken.value == "b"
    assert explain_item(FORM, {"N": 60, "GRADE": "c"}, "GRADE").aside == "c"


def test_several_choices_name_every_rule_that_put_one_in():
    assert [origin.because.text for origin in explain_item(FORM, {"C": ["b", "a"]}, "D").origins if origin.because] == [
        "has(C, 'a')",
        "has(C, 'b')",
    ]


def test_a_computed_value_shows_what_it_was_computed_from():
    answers = {"A": "y", "S": "2026-11-22 10:00", "E": "2026-11-22 11:30"}
    found = explain_item(FORM, answers, "WAIT")
    (origin,) = found.origins
    assert (found.value, origin.kind) == (90, "computed")
    assert origin.taken is not None
    assert dict(origin.taken.found).keys() == {"S", "E"}
    assert explain_item(FORM, {**answers, "A": "n"}, "WAIT").origins[0].taken.outcome == "unknown"


def test_a_default_is_called_so_and_nothing_has_no_origin():
    assert [origin.kind for origin in explain_item(FORM, {}, "SEX").origins] == ["default"]
    assert [origin.kind for origin in explain_item(FORM, {}, "N").origins] == [None]


@pytest.mark.parametrize(
    ("start", "outcome", "findings"),
    [("2026-11-22 09:00", "true", 0), ("2026-11-22 11:00", "false", 1), (None, "unknown", 0)],
)
def test_every_limit_is_true_false_or_unknown(start, outcome, findings):
    found = explain_item(FORM, {"A": "y", "S": start, "E": "2026-11-22 10:00"}, "E")
    (judged,) = found.limits
    assert (judged.limit.id, judged.clause.outcome, len(found.findings)) == ("e.after", outcome, findings)


def test_alternatives_name_each_other():
    found = explain_item(FORM, {"ONE": "y", "TWO": "n"}, "TWO")
    assert (found.shown, found.circle, found.aside) == (False, ("ONE",), "n")
    assert [finding.rule for finding in found.findings] == ["alternative"]


def test_an_unknown_item_is_refused_with_a_suggestion():
    with pytest.raises(KeyError, match=r'Form T has no item "GRADES".* Did you mean "GRADE"'):
        explain_item(FORM, {}, "GRADES")

"""What follows from a set of answers: shown, values, missing, findings."""

import pickle
from typing import Any

import pytest

from zhiheng.engine.form import Evaluation, Form, Item, ItemType, Limit, Option, Sets, evaluate
from zhiheng.engine.form.order import order
from zhiheng.engine.language import Field, Scope, Type, parse

TYPES = {
    ItemType.TEXT: Type.TEXT,
    ItemType.NUMBER: Type.NUMBER,
    ItemType.DATE: Type.DATE,
    ItemType.DATETIME: Type.DATETIME,
    ItemType.CHOICE: Type.TEXT,
    ItemType.CHOICES: Type.TEXTS,
}
YES_NO = "yn"


def form(*items: dict[str, Any]) -> Form:
    """A form of small items: the code is the identifier in capitals, options are single letters."""
    fields = [Field(i["id"], TYPES[ItemType(i["type"])], tuple(i.get("options", ""))) for i in items]
    scope = Scope(fields)

    def parsed(text: str | None) -> Any:
        return None if text is None else parse(text, scope)

    def item(i: dict[str, Any]) -> Item:
        return Item(
            code=i["id"].upper(),
            id=i["id"],
            label=f"项目{i['id']}",
            type=ItemType(i["type"]),
            required=i.get("required", False),
            options=tuple(Option(letter, f"选项{letter}") for letter in i.get("options", "")),
            shown=parsed(i.get("shown")),
            computed=parsed(i.get("computed")),
            default=i.get("default"),
            sets=tuple(Sets(parsed(when), target, parsed(to)) for when, target, to in i.get("sets", ())),
            limits=tuple(
                Limit(f"{i['id']}.limit_{n}", parsed(holds), "超出范围。")
                for n, holds in enumerate(i.get("limits", ()), 1)
            ),
            max_length=i.get("max_length"),
            readonly=i.get("readonly", False),
        )

    return Form("T", tuple(map(item, items)), scope)


def choice(name: str, options: str = YES_NO, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "choice", "options": options, **more}


def choices(name: str, options: str = "abc", **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "choices", "options": options, **more}


def number(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "number", **more}


def text(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "text", **more}


def datetime(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "datetime", **more}


def date(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "date", **more}


def rules(evaluation: Evaluation) -> list[tuple[str, str]]:
    return [(finding.item, finding.rule) for finding in evaluation.findings]


# -- what is shown


@pytest.mark.parametrize(
    ("rule", "answers", "shown"),
    [
        ("(a = 'y') is true", {"A": "y"}, True),
        ("(a = 'y') is true", {"A": "n"}, False),
        ("(a = 'y') is true", {}, False),  # unanswered is not equal
        ("a = 'y'", {}, False),  # unknown is not shown
        ("a is distinct from 'y'", {}, True),  # `!=` holds of an unanswered item
        ("a is distinct from 'y'", {"A": "y"}, False),
        ("a is null", {}, True),  # `== def`
        ("a is null", {"A": "n"}, False),
        ("a is not null", {"A": "n"}, True),  # `!= def`
        ("has(c, 'b')", {"C": ["a", "b"]}, True),  # `==` on choices: contains
        ("has(c, 'b')", {"C": ["a"]}, False),
        ("has(c, 'b')", {}, False),
        ("not coalesce(has(c, 'b'), false)", {"C": ["a"]}, True),  # `!=` on choices: does not contain
        ("not coalesce(has(c, 'b'), false)", {"C": ["b", "a"]}, False),
        ("not coalesce(has(c, 'b'), false)", {}, True),
        ("o in ('c', 'b')", {"O": "a"}, False),  # `>= c` in the order of the list c, b after a
        ("o in ('c', 'b')", {"O": "b"}, True),
        ("n > 30", {"N": 30}, False),
        ("n > 30", {"N": 30.5}, True),
        ("n > 30", {}, False),
    ],
)
def test_an_item_is_shown_when_its_rule_is_true(rule, answers, shown):
    made = form(choice("a"), choices("c"), choice("o", "acb"), number("n"), text("x", shown=rule))
    assert ("X" in evaluate(made, answers).shown) is shown


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ({"A": "y"}, True),
        ({"B": "y"}, True),
        ({}, False),  # no show rule is true
        ({"A": "y", "C": ["c"]}, False),  # a hide rule is true
        ({"A": "y", "C": ["a"]}, True),
    ],
)
def test_a_level_holds_when_one_show_rule_is_true_and_no_hide_rule(answers, shown):
    level = "((a = 'y') is true or (b = 'y') is true) and not coalesce(has(c, 'c'), false)"
    made = form(choice("a"), choice("b"), choices("c"), text("x", shown=level))
    assert ("X" in evaluate(made, answers).shown) is shown


def test_all_levels_must_hold():
    made = form(choice("a"), choice("b"), text("x", shown="(a = 'y') is true and (b = 'y') is true"))
    assert evaluate(made, {"A": "y"}).shown == ("A", "B")
    assert evaluate(made, {"A": "y", "B": "y"}).shown == ("A", "B", "X")


def test_a_hidden_item_counts_as_unanswered_for_what_depends_on_it():
    made = form(
        text("x", shown="(b = 'y') is true"),  # stands before what it depends on
        choice("a"),
        choice("b", shown="(a = 'y') is true"),
        number("n", computed="m + 1"),
        number("m", shown="b is not null"),
    )
    shown = evaluate(made, {"A": "y", "B": "y", "M": 1, "X": "文"})
    assert (shown.shown, shown.values["N"]) == (("X", "A", "B", "N", "M"), 2)

    hidden = evaluate(made, {"A": "n", "B": "y", "M": 1, "X": "文"})
    assert (hidden.shown, hidden.values) == (("A", "N"), {"A": "n"})


def test_answers_of_hidden_items_are_set_aside_and_not_judged():
    made = form(
        choice("a"),
        number("n", shown="(a = 'y') is true", limits=["n >= 0"], required=True),
        choice("o", shown="n > 0"),
    )
    evaluation = evaluate(made, {"A": "n", "N": -5, "O": "?"})
    assert evaluation.aside == {"N": -5, "O": "?"}
    assert evaluation.findings == evaluation.missing == ()


def test_what_is_shown_stands_in_the_order_of_the_form_not_of_dependency():
    made = form(text("z", shown="a is null"), text("y", shown="z is null"), choice("a"))
    assert evaluate(made, {}).shown == ("Z", "Y", "A")


# -- required


def test_required_items_are_missing_only_while_they_are_shown():
    made = form(choice("a", required=True), text("x", required=True, shown="(a = 'y') is true"), text("free"))
    assert evaluate(made, {}).missing == ("A",)
    assert evaluate(made, {"A": "y"}).missing == ("X",)
    assert evaluate(made, {"A": "n"}).missing == ()
    assert evaluate(made, {"A": "y", "X": "有"}).missing == ()


@pytest.mark.parametrize("nothing", [None, "", "  ", "def", []])
def test_nothing_is_no_answer(nothing):
    made = form(text("x", required=True), choice("a", required=True), choices("c", required=True))
    evaluation = evaluate(made, dict.fromkeys(("X", "A", "C"), nothing))
    assert evaluation.missing == ("X", "A", "C")
    assert (evaluation.values, evaluation.findings) == ({}, ())


# -- alternatives: two items that each show only while the other is unanswered


def pair(**of_the_second: Any) -> Form:
    return form(
        choice("first", shown="second is null", required=True),
        choice("second", shown=of_the_second.get("shown", "first is null"), required=True),
        choice("s"),
    )


@pytest.mark.parametrize(
    ("answers", "shown", "values"),
    [
        ({}, ("FIRST", "SECOND"), {}),
        ({"FIRST": "y"}, ("FIRST",), {"FIRST": "y"}),
        ({"SECOND": "y"}, ("SECOND",), {"SECOND": "y"}),
        ({"FIRST": "n", "SECOND": "y"}, ("FIRST",), {"FIRST": "n"}),
    ],
)
def test_of_two_answered_alternatives_the_first_in_the_form_wins(answers, shown, values):
    evaluation = evaluate(pair(), answers)
    assert evaluation.shown == (*shown, "S")
    assert evaluation.values == values


def test_the_alternative_that_loses_is_set_aside_with_an_error():
    evaluation = evaluate(pair(), {"FIRST": "n", "SECOND": "y"})
    assert evaluation.aside == {"SECOND": "y"}
    (finding,) = evaluation.findings
    assert (finding.rule, finding.item, finding.severity) == ("alternative", "SECOND", "error")
    assert finding.found == {"SECOND": "y", "FIRST": "n"}
    assert "只能填写一项" in finding.message


def test_an_alternative_hidden_for_another_reason_does_not_lose():
    made = pair(shown="first is null and (s = 'y') is true")
    evaluation = evaluate(made, {"FIRST": "n", "SECOND": "y", "S": "n"})
    assert (evaluation.aside, evaluation.findings) == ({"SECOND": "y"}, ())


def test_a_first_alternative_that_is_hidden_leaves_room_for_the_second():
    made = form(
        choice("s"),
        choice("first", shown="second is null and (s = 'y') is true"),
        choice("second", shown="first is null"),
    )
    evaluation = evaluate(made, {"S": "n", "FIRST": "y", "SECOND": "n"})
    assert evaluation.values == {"S": "n", "SECOND": "n"}
    assert evaluation.aside == {"FIRST": "y"}


def test_alternatives_also_exclude_each_other_by_number():
    made = form(number("a", shown="b is null"), number("b", shown="(a >= 0) is not true"))
    assert evaluate(made, {"A": 0, "B": 1}).values == {"A": 0}
    assert evaluate(made, {"A": -1, "B": 1}).values == {"A": -1, "B": 1}  # by its own rule the second is shown


def test_items_in_a_circle_are_worked_out_in_the_order_of_the_form():
    made = form(choice("a", shown="c is null"), choice("b", shown="a is null"), choice("c", shown="b is null"))
    assert [step.items for step in order(made) if step.circle] == [("a", "b", "c")]
    assert evaluate(made, {"A": "y", "B": "y", "C": "y"}).values == {"A": "y", "C": "y"}
    assert evaluate(made, {"B": "y", "C": "y"}).values == {"B": "y"}
    assert evaluate(made, {}).shown == ("A", "B", "C")


# -- sets


def test_the_last_true_rule_sets_the_value_whatever_was_answered():
    made = form(
        number("n", sets=[("n > 140", "x", "'c'"), ("n <= 140", "x", "'b'"), ("n <= 108", "x", "'a'")]),
        choice("x", "abc", readonly=True),
    )
    for n, expected in ((141, "c"), (140, "b"), (109, "b"), (108, "a")):
        evaluation = evaluate(made, {"N": n, "X": "b"})
        assert evaluation.values["X"] == expected
        assert evaluation.origins == {"X": "sets"}
    assert evaluate(made, {"N": 141, "X": "b"}).aside == {"X": "b"}
    assert evaluate(made, {"N": 120, "X": "b"}).aside == {}


def test_while_no_rule_is_true_the_answer_stands():
    made = form(choice("a", sets=[("a = 'y'", "x", "'c'")]), choice("x", "abc"))
    assert evaluate(made, {"X": "b"}).values == {"X": "b"}
    assert evaluate(made, {"A": "n", "X": "b"}).origins == {}


def test_rules_of_different_items_go_in_the_order_of_the_form():
    made = form(
        choice("a", sets=[("a = 'y'", "x", "'a'")]), choice("b", sets=[("b = 'y'", "x", "'b'")]), choice("x", "abc")
    )
    assert evaluate(made, {"A": "y", "B": "y"}).values["X"] == "b"
    assert evaluate(made, {"A": "y", "B": "n"}).values["X"] == "a"


def test_a_rule_can_clear_an_item():
    made = form(choices("c", sets=[("has(c, 'b')", "x", None)]), choice("x", required=True))
    evaluation = evaluate(made, {"C": ["b"], "X": "y"})
    assert (evaluation.values, evaluation.missing, evaluation.aside) == ({"C": ["b"]}, ("X",), {"X": "y"})


def test_a_rule_can_copy_an_item():
    made = form(text("a", sets=[("a is not null", "x", "a")]), text("x"))
    assert evaluate(made, {"A": "阿司匹林"}).values["X"] == "阿司匹林"


def test_a_rule_whose_value_is_no_option_of_the_item_does_nothing():
    made = form(choice("a", "pqr", sets=[("a is not null", "x", "a"), ("a = 'r'", "x", "'u'")]), choice("x", "pu"))
    assert evaluate(made, {"A": "p", "X": "u"}).values["X"] == "p"
    assert evaluate(made, {"A": "q", "X": "u"}).values["X"] == "u"
    assert evaluate(made, {"A": "r"}).values["X"] == "u"


def test_rules_into_several_choices_collect_in_the_order_of_the_options():
    made = form(
        choices("c", sets=[("has(c, 'c')", "x", "'c'"), ("has(c, 'a')", "x", "'a'")]),
        choices("x"),
    )
    assert evaluate(made, {"C": ["c", "a"], "X": ["b"]}).values["X"] == ["a", "c"]
    assert evaluate(made, {"C": ["c"], "X": ["b"]}).values["X"] == ["c"]
    assert evaluate(made, {"C": ["b"], "X": ["b"]}).values["X"] == ["b"]


def test_what_is_set_decides_about_what_comes_after():
    made = form(
        text("y", shown="(x = 'b') is true"),
        number("n", sets=[("n >= 0", "x", "'a'"), ("n >= 50", "x", "'b'")]),
        choice("x", "ab", sets=[("x = 'b'", "z", "'y'")]),
        choice("z"),
    )
    assert evaluate(made, {"N": 50}).shown == ("Y", "N", "X", "Z")
    assert evaluate(made, {"N": 50}).values == {"N": 50, "X": "b", "Z": "y"}
    assert evaluate(made, {"N": 49}).shown == ("N", "X", "Z")


def test_a_hidden_item_neither_sets_nor_is_set():
    made = form(
        choice("s"),
        choice("a", shown="(s = 'y') is true", sets=[("a = 'y'", "x", "'a'")]),
        choice("x", "ab"),
        choice("h", shown="(s = 'n') is true"),
        choice("b", sets=[("b = 'y'", "h", "'y'")]),
    )
    assert evaluate(made, {"S": "n", "A": "y", "B": "y"}).values == {"S": "n", "B": "y", "H": "y"}
    assert evaluate(made, {"S": "y", "A": "y", "B": "y"}).values == {"S": "y", "A": "y", "X": "a", "B": "y"}


def test_two_items_that_set_each_other_take_the_answer_of_the_first():
    made = form(
        choice("a", sets=[("a = 'n'", "b", "'y'")]),
        choice("b", sets=[("b = 'n'", "a", "'y'")]),
    )
    assert evaluate(made, {"A": "n", "B": "n"}).values == {"A": "n", "B": "y"}
    assert evaluate(made, {"A": "y", "B": "n"}).values == {"A": "y", "B": "n"}
    assert evaluate(made, {"B": "n"}).values == {"A": "y", "B": "n"}


# -- computed


@pytest.mark.parametrize(
    ("formula", "start", "end", "value"),
    [
        ("minutes_between(s, e)", "2026-11-22 10:00", "2026-11-22 11:30", 90),
        ("minutes_between(s, e)", "2026-11-22 10:00:59", "2026-11-22 11:31:00", 90),
        ("minutes_between(s, e)", "2026-11-22 11:00", "2026-11-22 10:59", -1),
        ("hours_between(s, e)", "2026-11-22 10:00", "2026-11-22 11:30", 1.5),
        ("hours_between(s, e)", "2026-11-22 10:00", "2026-11-23 10:00", 24),
        ("days_between(s, e)", "2026-11-22 23:59", "2026-11-23 00:01", 1),  # calendar days
        ("days_between(s, e)", "2026-11-22 00:01", "2026-11-22 23:59", 0),
        ("age_in_years(date_of(s), date_of(e))", "1960-11-23 00:00", "2026-11-22 08:00", 65),
        ("age_in_years(date_of(s), date_of(e))", "1960-11-22 00:00", "2026-11-22 08:00", 66),
        ("minutes_between(s, e)", "2026-11-22 10:00", None, None),
    ],
)
def test_time_differences(formula, start, end, value):
    made = form(datetime("s"), datetime("e"), number("x", computed=formula))
    assert evaluate(made, {"S": start, "E": end}).values.get("X") == value


def test_a_computed_value_replaces_an_answer_even_when_it_cannot_be_computed():
    made = form(number("n"), number("x", computed="n * 2"))
    assert evaluate(made, {"N": 2, "X": 7}).values["X"] == 4
    unknown = evaluate(made, {"X": 7})
    assert (unknown.values, unknown.aside) == ({}, {"X": 7})


def test_division_by_zero_gives_no_value():
    made = form(number("n"), number("m"), number("x", computed="n / m"))
    assert "X" not in evaluate(made, {"N": 1, "M": 0}).values


@pytest.mark.parametrize(
    ("answers", "value"), [({"A": "a", "B": "b"}, "ab"), ({"A": "a"}, "adef"), ({"B": "b"}, "defb"), ({}, "defdef")]
)
def test_an_unanswered_part_of_a_text_sum_reads_def(answers, value):
    made = form(choice("a", "ab"), choice("b", "ab"), text("x", computed="coalesce(a, 'def') || coalesce(b, 'def')"))
    assert evaluate(made, answers).values["X"] == value


def test_a_rule_wins_over_a_formula():
    made = form(
        choice("u", "u", sets=[("u = 'u'", "x", "0")]), number("n"), number("x", computed="n * 2", limits=["x > 0"])
    )
    evaluation = evaluate(made, {"U": "u", "N": 3})
    assert (evaluation.values["X"], evaluation.origins) == (0, {"X": "sets"})
    assert rules(evaluation) == [("X", "x.limit_1")]


# -- defaults


def test_a_default_fills_only_what_nobody_answers():
    made = form(
        choice("helper", default="n", readonly=True),
        choice("asked", default="n", required=True),
        text("x", shown="helper = 'n'"),
    )
    evaluation = evaluate(made, {})
    assert evaluation.values == {"HELPER": "n"}
    assert evaluation.origins == {"HELPER": "default"}
    assert evaluation.missing == ("ASKED",)
    assert "X" in evaluation.shown
    assert evaluate(made, {"HELPER": "y"}).values["HELPER"] == "y"


def test_a_default_may_be_a_time():
    made = form(
        datetime("x", default="2026-11-22 14:05", readonly=True), date("y", default="2026-11-22", readonly=True)
    )
    assert evaluate(made, {}).values == {"X": "2026-11-22 14:05", "Y": "2026-11-22"}


def test_a_default_that_is_no_option_is_refused():
    with pytest.raises(ValueError, match='"HELPER" of form T: default: 没有选项 “z”'):
        evaluate(form(choice("helper", default="z", readonly=True)), {})


# -- limits


@pytest.mark.parametrize(
    ("answers", "broken"),
    [
        ({"N": 319}, False),
        ({"N": 320}, True),
        ({}, False),  # unanswered is not judged
        ({"N": 10, "M": 9}, True),  # n <= m
        ({"N": 10, "M": 10}, False),
        ({"N": 10}, False),  # the other side is unanswered
    ],
)
def test_limits_are_judged_on_answered_operands(answers, broken):
    made = form(number("n", limits=["n <= 319", "n <= m"]), number("m"))
    assert bool(evaluate(made, answers).findings) is broken


def test_a_broken_limit_says_rule_item_severity_message_and_what_was_found():
    made = form(datetime("s"), datetime("e", limits=["e > s"]))
    (finding,) = evaluate(made, {"S": "2026-11-22 10:00", "E": "2026-11-22 09:00"}).findings
    assert (finding.rule, finding.item, finding.severity, finding.message) == ("e.limit_1", "E", "error", "超出范围。")
    assert finding.found == {"E": "2026-11-22 09:00", "S": "2026-11-22 10:00"}


def test_a_limit_against_a_hidden_item_is_not_judged():
    made = form(choice("a"), number("m", shown="(a = 'y') is true"), number("n", limits=["n <= m"]))
    assert rules(evaluate(made, {"A": "y", "M": 1, "N": 2})) == [("N", "n.limit_1")]
    assert rules(evaluate(made, {"A": "n", "M": 1, "N": 2})) == []


def test_on_several_choices_a_limit_counts_them():
    made = form(choices("c", "abcd", limits=["count_of(c) <= 2"]))
    assert rules(evaluate(made, {"C": ["a", "b"]})) == []
    assert rules(evaluate(made, {"C": ["a", "b", "c"]})) == [("C", "c.limit_1")]
    assert rules(evaluate(made, {"C": ["a", "b", "a"]})) == []
    assert rules(evaluate(made, {})) == []


# -- reading answers


@pytest.mark.parametrize(
    ("item", "raw", "value"),
    [
        (number("x"), 36.5, 36.5),
        (number("x"), "36.5", 36.5),
        (number("x"), "36", 36),
        (number("x"), -2, -2),
        (date("x"), "2026-11-22", "2026-11-22"),
        (datetime("x"), "2026-11-22 14:05", "2026-11-22 14:05"),
        (datetime("x"), "2026-11-22T14:05", "2026-11-22 14:05"),
        (datetime("x"), "2026-11-22 14:05:00", "2026-11-22 14:05"),
        (datetime("x"), "2026-11-22 14:05:09", "2026-11-22 14:05:09"),
        (text("x"), " 前后有空格 ", " 前后有空格 "),
        (choice("x"), "y", "y"),
        (choice("x", options=""), "滨海市", "滨海市"),  # no list in the national form: any text
        (choices("x"), ["c", "a"], ["c", "a"]),
        (choices("x"), ["c", "c"], ["c"]),
    ],
)
def test_answers_in_json_form(item, raw, value):
    evaluation = evaluate(form(item), {"X": raw})
    assert (evaluation.values, evaluation.findings, evaluation.aside) == ({"X": value}, (), {})


@pytest.mark.parametrize(
    ("item", "raw", "rule", "says"),
    [
        (number("x"), "３６", "type", "应为数字（如 36 或 36.5，半角，不带单位），现为 “３６”"),
        (number("x"), "36岁", "type", "应为数字"),
        (number("x"), "1_000", "type", "应为数字"),
        (number("x"), "1e3", "type", "应为数字"),
        (number("x"), "9" * 5000, "type", "应为数字"),
        (number("x"), 1e15, "type", "应为数字"),
        (number("x"), 1e-300, "type", "应为数字"),
        (number("x"), float("nan"), "type", "应为数字"),
        (number("x"), float("inf"), "type", "应为数字"),
        (number("x"), True, "type", "应为数字"),
        (number("x"), [1], "type", "应为数字"),
        (date("x"), "2026-02-30", "type", "日历上没有这一天：“2026-02-30”"),
        (date("x"), "2026-11-22 14:05", "type", "应为日期（如 2026-11-22）"),
        (date("x"), 20261122, "type", "应为日期"),
        (datetime("x"), "2026-11-22", "type", "应为日期和时间（如 2026-11-22 14:05）"),  # no midnight is invented
        (datetime("x"), "2026-11-22 24:00", "type", "没有这个日期时间"),
        (datetime("x"), "2026-11-22 14:05+08:00", "type", "应为日期和时间"),
        (text("x"), 12, "type", "应为文字，现为 “12”；请用引号括起"),
        (choice("x"), "Y", "option", "没有选项 “Y”。是否应为 y？可选：y 选项y、n 选项n。"),
        (choice("x"), ["y"], "type", "应为一个选项值"),
        (choices("x"), "a", "type", '应为选项值的列表（如 ["a", "b"]）'),
        (choices("x"), ["a", "z"], "option", "没有选项 “z”"),
        (choices("x"), [["a"]], "option", "没有选项"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_a_finding_and_counts_as_unanswered(item, raw, rule, says):
    evaluation = evaluate(form({**item, "required": True}), {"X": raw})
    (finding,) = evaluation.findings
    assert (finding.rule, finding.item, finding.severity) == (rule, "X", "error")
    assert finding.message.startswith("项目x：")
    assert says in finding.message
    assert (evaluation.values, evaluation.missing) == ({}, ("X",))


def test_a_text_that_is_too_long_stays_and_is_a_finding():
    evaluation = evaluate(form(text("x", max_length=3)), {"X": "一二三四"})
    assert evaluation.values == {"X": "一二三四"}
    assert rules(evaluation) == [("X", "max_length")]
    assert "最多 3 个字，现为 4 个字" in evaluation.findings[0].message
    assert rules(evaluate(form(text("x", max_length=3)), {"X": "一二三"})) == []


def test_an_unknown_code_is_a_finding_that_suggests_the_nearest():
    made = form(text("cm_0_2_4_1"))
    (finding,) = evaluate(made, {"CM_0_2_4_2": "x"}).findings
    assert (finding.rule, finding.item) == ("unknown_item", "CM_0_2_4_2")
    assert "是否应为 CM_0_2_4_1（项目cm_0_2_4_1）？" in finding.message


# -- the form itself


def test_thousands_of_rules_on_one_item_are_no_problem():
    made = form(text("t", sets=[(f"t = 'k{n}'", "x", f"{n}") for n in range(3000)]), number("x"))
    assert evaluate(made, {"T": "k2999"}).values["X"] == 2999


def test_evaluating_own_values_again_changes_nothing():
    made = form(
        choice("a", sets=[("a = 'y'", "x", "'b'")]), choice("x", "ab"), number("n"), number("m", computed="n / 3")
    )
    once = evaluate(made, {"A": "y", "X": "a", "N": "7"})
    again = evaluate(made, once.values)
    assert (again.values, again.aside) == (once.values, {})


def test_a_pickled_form_brings_its_generated_function_along():
    made = form(choice("a"), text("x", shown="(a = 'y') is true"))
    before = evaluate(made, {"A": "y", "X": "文"})
    loaded = pickle.loads(pickle.dumps(made))  # noqa: S301 - made in the line above
    assert "program" in vars(loaded)
    assert evaluate(loaded, {"A": "y", "X": "文"}) == before


COPIED = form(choice("a", sets=[("a = 'y'", "b", "'y'")]), choice("b"), choices("c"))


@pytest.mark.parametrize(
    ("answers", "firm", "value", "kept"),
    [
        ({"A": "y", "B": "n"}, (), "y", False),  # the rule decides, as on the platform
        ({"A": "y", "B": "n"}, ("B",), "n", True),  # a proven answer stays, and says that the rule differs
        ({"A": "y", "B": "y"}, ("B",), "y", False),
        ({"A": "y"}, ("A", "B"), "y", False),  # nothing was answered: the rule fills the blank
        ({"A": "n", "B": "n"}, ("B",), "n", False),
    ],
)
def test_a_firm_answer_stays_against_a_rule_that_sets_it(answers, firm, value, kept):
    done = evaluate(COPIED, answers, firm=firm)
    assert done.values["B"] == value
    assert [finding.rule for finding in done.findings] == (["kept"] if kept else [])
    assert "B" not in done.aside or not kept


def test_a_rule_that_sets_a_read_only_item_goes_before_any_answer():
    locked = form(choice("a", sets=[("a = 'y'", "b", "'y'")]), choice("b", readonly=True))
    assert evaluate(locked, {"A": "y", "B": "n"}, firm=("B",)).values["B"] == "y"

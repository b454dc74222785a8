"""Rules of a national template in the pack language, by the definitions of the national facts."""

import pytest

from zhiheng.packs.specs.template import CalculatedLimit, LimitRule, SetRule, ShowRule, TemplateItem
from zhiheng.packs.translating import Translator, Untranslatable


def item(code, kind, name="名", options=(), **more):
    listed = [[value, f"选项{value}"] for value in options]
    return TemplateItem(code=code, name=name, section=["一"], type=kind, options=listed, **more)


ITEMS = [
    item("X", "choice", options="abcd"),
    item("K", "choice", options="abK"),
    item("C", "choices", "多选", options="abc"),
    item("N", "number", "数"),
    item("M", "number", "总数"),
    item("T", "text"),
    item("D", "date", "某日"),
    item("E", "date"),
    item("S", "datetime", "开始时间"),
    item("F", "datetime", "结束时间"),
]
TRANSLATOR = Translator(ITEMS)
X, C, N, S = (TRANSLATOR.items[code] for code in "XCNS")


def show(code, op, value, effect="show", **more):
    return ShowRule(item=code, op=op, value=value, effect=effect, **more)


def hide(code, op, value, **more):
    return show(code, op, value, "hide", **more)


@pytest.mark.parametrize(
    ("rules", "condition"),
    [
        ([show("X", "==", "a")], "x = 'a'"),
        ([show("X", "!=", "a")], "x is distinct from 'a'"),  # an unanswered item is not 'a'
        ([hide("X", "==", "a")], "x is distinct from 'a'"),
        ([hide("X", "!=", "a")], "x = 'a'"),
        ([show("X", "==", "def")], "x is null"),
        ([show("X", "!=", "def")], "x is not null"),
        ([hide("X", "==", "def")], "x is not null"),
        ([hide("X", "!=", "def")], "x is null"),
        # on several choices: contains, does not contain
        ([show("C", "==", "a")], "has(c, 'a')"),
        ([show("C", "!=", "a")], "has(c, 'a') is not true"),
        ([hide("C", "==", "a")], "has(c, 'a') is not true"),
        ([hide("C", "!=", "a")], "has(c, 'a')"),
        # order is the order of the option list
        ([show("X", ">=", "b")], "x in ('b', 'c', 'd')"),
        ([show("X", ">", "c")], "x = 'd'"),
        ([hide("X", "<=", "b")], "(x in ('a', 'b')) is not true"),
        ([show("C", ">=", "b")], "has_any(c, 'b', 'c')"),
        ([show("X", ">=", "a", and_op="<=", and_value="c")], "x in ('a', 'b', 'c')"),
        ([hide("X", ">=", "a", and_op="<=", and_value="c")], "(x in ('a', 'b', 'c')) is not true"),
        ([show("K", ">=", "k")], "k = 'K'"),
        # a bound before every option: answered
        ([show("X", ">", "0")], "x is not null"),
        ([hide("X", ">=", "0")], "x is null"),
        ([show("T", ">", "")], "t is not null"),
        ([show("T", "!=", "")], "t is not null"),
        ([show("D", ">", "0")], "d is not null"),
        ([show("C", "==", "a", and_op="!=", and_value="")], "has(c, 'a')"),
        ([hide("C", "!=", "a", and_op="!=", and_value="")], "has(c, 'a') or c is null"),
        # numbers
        ([show("N", ">", "30")], "n > 30"),
        ([show("N", ">=", "0")], "n >= 0"),
        ([hide("N", "<", "4.50")], "(n < 4.50) is not true"),
        ([show("N", "!=", "3")], "n is distinct from 3"),
        # texts
        ([show("T", "==", "it's")], "t = 'it''s'"),
        ([show("T", ">=", "24")], "number(t) >= 24"),
        ([show("S", "<=", "{date} 07:59")], "hour_of(s) <= 7"),
        # one show rule is enough, no hide rule may be true
        ([show("X", "==", "a"), show("N", ">", "3")], "x = 'a' or n > 3"),
        ([show("X", "==", "a"), show("X", "==", "c")], "x in ('a', 'c')"),
        ([show("C", "==", "a"), show("C", "==", "c")], "has_any(c, 'a', 'c')"),
        ([hide("X", "==", "a"), hide("X", "==", "c")], "(x in ('a', 'c')) is not true"),
        ([hide("X", "==", "a"), hide("N", ">", "3")], "x is distinct from 'a' and (n > 3) is not true"),
        (
            [show("X", "==", "a"), hide("C", "==", "b"), show("N", ">", "3")],
            "(x = 'a' or n > 3) and has(c, 'b') is not true",
        ),
    ],
)
def test_a_level_of_applicability(rules, condition):
    assert TRANSLATOR.level(rules) == condition


@pytest.mark.parametrize(
    ("owner", "rule", "expected"),
    [
        (X, ("X", "==", "a", "K", "b"), ("x = 'a'", "'b'")),
        (X, ("X", "==", "a", "K", "def"), ("x = 'a'", None)),
        (X, ("X", "==", "a", "N", "0.0"), ("x = 'a'", "0")),
        (N, ("N", "<=", "95", "M", "96.5"), ("n <= 95", "96.5")),
        (X, ("X", ">", "0", "K", "#{54}"), ("x is not null", "x")),  # a node number: the item that owns the rule
        (N, ("N", ">=", "0", "M", "#{CM_15}"), ("n >= 0", "n")),
        (X, ("X", "!=", "def", "T", "#{K}"), ("x is not null", "k")),
    ],
)
def test_a_rule_that_answers_another_item(owner, rule, expected):
    code, op, value, target, to = rule
    found = TRANSLATOR.sets(SetRule(item=code, op=op, value=value, set=target, to=to), owner)
    assert (found.when, found.to) == expected
    assert found.item == target


@pytest.mark.parametrize(
    ("kind", "name", "formula", "expected"),
    [
        ("number", "年龄", "#{S}::-::#{D}", "age_in_years(d, s)"),
        ("number", "年龄(月)", "#{S}::-::#{D}", "age_in_months(d, s)"),
        ("number", "住院天数", "#{F}::-::#{S}", "days_between(s, f)"),
        ("number", "疗程（小时）", "#{F}::-::#{S}", "hours_between(s, f)"),
        ("number", "到院至溶栓（分钟）", "#{F}::-::#{S}", "minutes_between(s, f)"),
        ("number", "自某日起的小时", "#{F}::-::#{D}", "hours_between(at_time(d, '00:00'), f)"),
        ("text", "跳转(h)", "#{F}::-::#{S}", "text(round_half_up(hours_between(s, f), 6))"),
        ("number", "", "#{N}*10000::/::#{M}", "n * 10000 / m"),
        ("number", "", "#{N}::/::5*4", "n / 5 * 4"),
        ("number", "", "15::-::#{N}", "15 - n"),
        ("number", "", "#{N}::+::#{M}+#{N}", "n + m + n"),
        ("number", "", "#{N}", "n"),
        ("text", "", "#{N}", "text(n)"),
        ("text", "", "#{X}::+::#{K}", "coalesce(x, 'def') || coalesce(k, 'def')"),  # unanswered reads "def"
        ("choice", "", "#{X}", "x"),
    ],
)
def test_a_formula(kind, name, formula, expected):
    assert TRANSLATOR.computed(item("Z", kind, name, computed=formula)) == expected


def test_the_unit_of_a_time_comes_from_what_it_sets_or_from_its_limit():
    target = TemplateItem(code="O", name="分层", section=["一"], type="choice", options=[["a", "24小时内"]])
    translator = Translator([*ITEMS, target])
    sets = [SetRule(item="Z", op="<=", value="24", set="O", to="a")]
    assert translator.unit(item("Z", "number", "时机", sets=sets)) == "hours"
    assert translator.unit(item("Z", "number", "时机", limits=[LimitRule(op="<", value="1440")])) == "minutes"
    assert Translator(ITEMS, {"Z": "days"}).unit(item("Z", "number", "时机")) == "days"


@pytest.mark.parametrize(
    ("owner", "rule", "holds", "message"),
    [
        ("N", {"op": ">=", "value": "0"}, "n >= 0", "“数”应大于或等于 0"),
        ("N", {"op": "<=", "item": "M"}, "n <= m", "“数”应小于或等于“总数”"),
        ("F", {"op": ">", "item": "S"}, "f > s", "“结束时间”应晚于“开始时间”"),
        ("F", {"op": ">=", "item": "S"}, "f >= s", "“结束时间”应不早于“开始时间”"),
        ("D", {"op": "<", "item": "S"}, "at_time(d, '00:00') < s", "“某日”应早于“开始时间”"),
        ("C", {"op": "<=", "value": "2"}, "count_of(c) <= 2", "“多选”选择的项数应小于或等于 2"),
        ("C", {"op": "==", "value": "a"}, "has(c, 'a')", "“多选”应包括“选项a”"),
    ],
)
def test_a_limit_and_its_message(owner, rule, holds, message):
    found = TRANSLATOR.limit(LimitRule(**rule), TRANSLATOR.items[owner])
    assert (found.holds, found.message, found.severity) == (holds, message, "error")


@pytest.mark.parametrize(
    ("rule", "holds", "message"),
    [
        (
            {"left": ["F"], "op": "-", "right": ["S"], "compare": ">=", "value": "24", "unit": "h"},
            "hours_between(s, f) >= 24",
            "从“开始时间”到“结束时间”应大于或等于 24 小时",
        ),
        (
            {"left": ["F"], "op": "-", "right": ["S"], "compare": "<", "value": "90", "unit": "d"},
            "days_between(s, f) < 90",
            "从“开始时间”到“结束时间”应小于 90 天",
        ),
        (
            {"left": ["N"], "op": "+", "right": ["N"], "compare": "<=", "item": "M", "unit": "double"},
            "round_half_up(n + n, 6) <= m",
            "“数”、“数”之和应小于或等于“总数”",
        ),
    ],
)
def test_a_calculated_limit_and_its_message(rule, holds, message):
    found = TRANSLATOR.calculated_limit(CalculatedLimit(**rule))
    assert (found.holds, found.message) == (holds, message)


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (lambda: TRANSLATOR.level([show("NO", "==", "a")]), 'the template has no item "NO"'),
        (
            lambda: TRANSLATOR.level([show("X", "<", "z")]),
            '"z" is no option of X, so that nothing can be compared with it',
        ),
        (lambda: TRANSLATOR.level([show("N", ">", "a")]), '"a" is no number'),
        (lambda: TRANSLATOR.level([show("S", "<=", "2020")]), 'a datetime is compared with "2020"'),
        (lambda: TRANSLATOR.limit(LimitRule(op="<=", item="date"), S), 'the template has no item "date"'),
        (lambda: TRANSLATOR.limit(LimitRule(op="<=", value="5"), X), 'a choice is limited by "5"'),
        (
            lambda: TRANSLATOR.computed(item("Z", "number", "天", computed="#{F}::-::#{CM_25}")),
            "CM_25 is a number of the platform's own; the template does not say of which item",
        ),
        (
            lambda: TRANSLATOR.computed(item("Z", "number", "时机", computed="#{F}::-::#{S}")),
            "the template does not say in which unit the time is counted",
        ),
        (
            lambda: TRANSLATOR.computed(item("Z", "number", "", computed="#{F}::*::#{N}")),
            "a time is calculated with what is no time",
        ),
        (
            lambda: TRANSLATOR.computed(item("Z", "text", "", computed="#{X}::-::#{K}")),
            "a formula over what is neither number nor text",
        ),
        (
            lambda: TRANSLATOR.sets(SetRule(item="X", op=">", value="0", set="C", to="#{9}"), X),
            "X (choice) cannot answer C (choices)",
        ),
        (
            lambda: TRANSLATOR.sets(SetRule(item="X", op=">", value="0", set="S", to="2020"), X),
            '"2020" cannot answer S (datetime)',
        ),
        (
            lambda: TRANSLATOR.calculated_limit(
                CalculatedLimit(left=["F"], op="-", right=["S"], compare="<", value="1", unit="double")
            ),
            "a calculation of an unknown kind",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(attempt, reason):
    with pytest.raises(Untranslatable) as error:
        attempt()
    assert str(error.value) == reason


def test_what_cannot_be_translated_is_carried_along_as_it_was_written():
    odd = item("Z", "number", "天数", computed="#{F}::-::#{143}", limits=[LimitRule(op="<=", item="date")])
    found = Translator([*ITEMS, odd]).item(odd)
    assert found.item.unresolved == ["limit: <= date", "computed: #{F}::-::#{143}"]
    assert [str(each) for each in found.untranslated] == [
        'Z: the template has no item "date": limit: <= date',
        "Z: 143 is a number of the platform's own; the template does not say of which item: computed: #{F}::-::#{143}",
    ]


def test_a_plain_word_is_a_default_and_no_formula():
    found = TRANSLATOR.item(item("Z", "choice", options="abU", computed="U"))
    assert (found.item.default, found.item.computed) == ("U", None)

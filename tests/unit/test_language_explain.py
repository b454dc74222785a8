"""An explanation shows each clause, what was found, and by how much a limit was missed."""

import datetime as dt

import pytest

from zhiheng.engine.language import Field, Margin, Scope, Type, explain, lines, parse

SCOPE = Scope(
    [
        Field("door", Type.DATETIME),
        Field("balloon", Type.DATETIME),
        Field("born", Type.DATE),
        Field("sex", Type.TEXT),
        Field("ef", Type.NUMBER),
        Field("drugs", Type.TEXTS),
    ]
)
ROW = {
    "door": dt.datetime(2025, 1, 1, 10, 0),
    "balloon": dt.datetime(2025, 1, 1, 11, 43, 20),
    "born": dt.date(1960, 5, 1),
    "ef": 38.5,
    "drugs": ["a"],
}


def clause(text, **row):
    return explain(parse(text, SCOPE), {**ROW, **row})


@pytest.mark.parametrize(
    ("text", "margin", "zh"),
    [
        ("minutes_between(door, balloon) <= 90", "13 minutes", "超出 13 分钟"),
        ("minutes_between(door, balloon) < 103", "0 minutes", "超出 0 分钟"),
        ("90 >= minutes_between(door, balloon)", "13 minutes", "差 13 分钟"),
        ("hours_between(balloon, door) >= 0", "1.72222 hours", "差 1.72222 小时"),
        ("ef >= 40", "1.5", "差 1.5"),
        ("round_half_up(hours_between(door, balloon), 1) <= 1.5", "0.2 hours", "超出 0.2 小时"),
        ("age_in_years(born, date '2025-01-01') < 60", "4 years", "超出 4 岁"),
        ("date_of(door) <= date '2024-12-30'", "2 days", "超出 2 天"),
        ("balloon <= timestamp '2025-01-01 11:00'", "43.3333 minutes", "超出 43.3333 分钟"),
    ],
)
def test_a_missed_limit_says_by_how_much(text, margin, zh):
    found = clause(text)
    assert found.outcome == "false"
    assert (str(found.margin), found.margin.zh) == (margin, zh)


@pytest.mark.parametrize(
    "text", ["minutes_between(door, balloon) <= 103", "sex = 'm'", "ef <> 38.5", "ef < 40", "has(drugs, 'b')"]
)
def test_a_limit_that_is_met_or_that_is_none_has_no_margin(text):
    assert clause(text).margin is None


def test_under_not_a_limit_is_missed_when_it_is_met():
    found = clause("not ef < 40")
    assert found.margin is None
    assert found.children[0].margin == Margin(1.5, "", over=False)
    assert clause("(ef < 40) is false").children[0].margin == Margin(1.5, "", over=False)
    assert clause("not not ef < 30").children[0].children[0].margin == Margin(8.5, "", over=True)


def test_an_unknown_value_leaves_the_clause_unknown_and_the_rest_decided():
    found = clause("sex = 'm' and minutes_between(door, balloon) <= 90 or has(drugs, 'a')", door=None)
    assert [each.outcome for each in found.walk()] == ["true", "unknown", "unknown", "unknown", "true"]
    limit = found.children[0].children[1]
    assert (limit.left, limit.right, limit.margin) == (None, 90, None)
    assert limit.found == (("door", None), ("balloon", ROW["balloon"]))


def test_between_shows_which_end_was_missed():
    found = clause("ef between 40 and 60")
    assert [(each.text, each.outcome) for each in found.walk()] == [
        ("ef >= 40 and ef <= 60", "false"),
        ("ef >= 40", "false"),
        ("ef <= 60", "true"),
    ]


def test_a_value_that_is_no_condition_is_shown_with_what_it_came_from():
    found = clause("ef + 1")
    assert (found.value, found.outcome, found.found) == (39.5, "value", (("ef", 38.5),))


def test_conditions_inside_other_functions_are_explained_too():
    found = clause("coalesce(sex = 'm', ef > 30) is true and case when ef > 30 then 'a' else 'b' end = 'a'")
    assert [each.kind for each in found.walk()] == ["and", "is true", "coalesce", "=", ">", "="]


def test_lines_for_people_use_the_names_that_they_know():
    labels = {"door": "到达急诊", "balloon": "首次球囊扩张", "sex": "性别", "drugs": "用药"}
    expression = parse("minutes_between(door, balloon) <= 90 and (sex = 'm' or has_any(drugs, 'b', 'c'))", SCOPE)
    assert list(lines(explain(expression, ROW, lambda name: labels.get(name, name)))) == [
        "✗ minutes_between(到达急诊, 首次球囊扩张) <= 90 and (性别 = 'm' or has_any(用药, 'b', 'c'))",
        "  ✗ minutes_between(到达急诊, 首次球囊扩张) <= 90：103，超出 13 分钟",
        "  ? 性别 = 'm' or has_any(用药, 'b', 'c')",
        "    ? 性别 = 'm'：性别 = 未知",
        "    ✗ has_any(用药, 'b', 'c')：用药 = a",
    ]

"""A mistake in an expression is refused with its place, what was found and what would be right."""

import pickle

import pytest

from zhiheng.engine.language import ExpressionError, Field, Scope, Type, parse

SCOPE = Scope(
    [
        Field("arrived_at", Type.DATETIME),
        Field("left_at", Type.DATETIME),
        Field("born", Type.DATE),
        Field("sex", Type.TEXT, ("m", "f")),
        Field("wait", Type.NUMBER),
        Field("drugs", Type.TEXTS, ("a", "b")),
        Field("alive", Type.BOOLEAN),
    ],
    aliases={"door": "arrived_at"},
)


def refusal(text, expect=None):
    with pytest.raises(ExpressionError) as refused:
        parse(text, SCOPE, expect)
    return refused.value


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        # unknown names
        ("arived_at is null", 0, 'Unknown name "arived_at". Did you mean "arrived_at"?'),
        ("alive and dor is null", 10, 'Did you mean "door"?'),
        ("something is null", 0, "Fields: arrived_at, left_at,"),
        ("Sex = 'm'", 0, 'Did you mean "sex"?'),
        ("visit.sex = 'm'", 0, "names with a dot are not allowed"),
        ('sex = "m"', 6, "A constant stands in single quotes: 'm'."),
        (
            "minuts_between(arrived_at, left_at) > 1",
            0,
            'Unknown function "minuts_between". Did you mean "minutes_between"?',
        ),
        ("frobnicate(wait)", 0, "The functions are listed in docs/reference/expressions.md."),
        ("alive and if(alive, 1, 2) = 1", 10, "Here it is: case when ... then ... else ... end."),
        ("datediff(arrived_at, left_at)", 0, "minutes_between, hours_between or days_between"),
        ("cast(wait as integer)", 0, "Here it is: number(text)"),
        ("born < current_date", 7, "an expression knows no present"),
        ("arrived_at < now()", 13, "an expression knows no present"),
        # wrong types
        ("sex = 1", 0, "\"=\" needs operands of one type; found text and number. Write the constant as '1'."),
        ("wait = '1'", 0, "found number and text. Write the constant as 1."),
        ("born = '2025-01-01'", 0, "Write the constant as date '2025-01-01'."),
        ("born > '2025-01-01'", 7, "Write the constant as date '2025-01-01'."),
        ("door > '2025-01-01 10:00'", 7, "Write the constant as timestamp '2025-01-01 10:00'."),
        ("wait > '90'", 7, "Write the constant as 90."),
        ("door > date '2025-01-01'", 0, "found datetime and date. Use date_of(...)"),
        ("sex > 'a'", 0, "Text has no order"),
        ("sex between 'a' and 'b'", 0, "Text has no order"),
        ("1 < wait < 3", 0, "For a range write x > 1 and x < 3."),
        ("drugs = 'a'", 0, "For choices use has, has_any, has_all or count_of."),
        ("has(sex, 'm')", 4, "For a single choice write x = 'a' or x in ('a', 'b')."),
        ("left_at - arrived_at > 90", 0, "Use minutes_between, hours_between, days_between"),
        ("minutes_between(born, left_at)", 16, "takes datetime; found date (born). A date has no time of day"),
        ("wait + sex", 7, "Write number(x) when the text says a number."),
        ("sex || wait", 7, "Write text(x) for the number as text."),
        ("alive and wait", 10, '"and" takes boolean; found number (wait). A condition is needed'),
        ("not wait", 4, "A condition is needed"),
        ("case when wait then 1 end", 10, "After WHEN a condition is needed; found a number."),
        ("case when alive then 1 else 'a' end", 28, "All values must have one type: found number and text."),
        ("coalesce(wait, 'a')", 15, "All values must have one type: found number and text."),
        # nulls
        ("sex = null", 0, "A comparison with null is always unknown. Write: x is null"),
        ("sex in ('m', null)", 0, "Write: x in ('a') or x is null."),
        ("coalesce(null)", 0, "at least one value is needed"),
        # operands and constants
        ("minutes_between(arrived_at)", 0, "minutes_between(start, end) takes 2; found 1."),
        ("abs(wait, wait)", 0, "abs(x) takes 1; found 2."),
        ("has_any(drugs)", 0, "has_any(choices, options, ...) takes 2 or more; found 1."),
        ("has_any(drugs, sex)", 15, '"options" of has_any(choices, options, ...) must be written as a constant.'),
        ("matches(sex, sex)", 13, '"pattern" of matches(text, pattern) must be written as a constant.'),
        ("sex in (sex)", 8, "The list after IN takes constants only"),
        ("born = date '2025-02-30'", 12, "Write date '2025-01-31'."),
        ("born = date '2025-2-3'", 12, "Write date '2025-01-31'."),
        ("door = timestamp '2025-01-01'", 17, "Write timestamp '2025-01-31 10:00'."),
        ("at_time(born, '24:00')", 14, "Write it as 'HH:MM', from '00:00' to '23:59'."),
        ("round_half_up(wait, 1.5)", 20, "Write a whole number from 0 to 6."),
        ("code_in(sex, '7.41')", 13, '"7.41" is no code. A diagnosis code looks like I21.1'),
        ("code_in_range(sex, 'I09', 'I05')", 19, "from a lower to a higher code"),
        ("wait = 12345678901234567890", 7, "write up to 15 digits"),
        ("wait = 1e9", 7, "write up to 15 digits"),
        # constructs
        ("wait in (select 1)", 0, "A subquery is not allowed"),
        ("exists (select 1)", None, "A subquery is not allowed"),
        ("(select 1) = 1", None, "A subquery is not allowed"),
        ("abs(wait) over () > 1", 0, "Window functions are not allowed."),
        ("sex like 'm%'", 0, "Use starts_with, contains or matches."),
        ("wait % 2", 0, "% is not part of the language."),
        ("drugs[1]", 0, "For choices use has"),
        ("wait::integer", 0, "Casts are not allowed."),
        ("interval '1' day", None, "Use add_minutes, add_hours or add_days."),
        ("case sex when 'm' then 1 end", 5, "Write CASE WHEN x = 'a' THEN"),
        ("wait ** 2", 0, "is not part of the language"),
        ("$1 = wait", None, "Parameters are not allowed."),
        ("[1, 2]", None, "is not part of the language"),
        ("wait is 3", 0, "After IS only NULL, TRUE, FALSE and DISTINCT FROM"),
        # writing
        ("", None, "The expression is empty."),
        ("  \n", None, "The expression is empty."),
        ("wait; wait", 4, 'One expression is expected; ";" is not allowed.'),
        ("wait wait", 5, '"wait" cannot stand here'),
        ("(wait > 1", None, "A closing bracket is missing"),
        ("wait > 1)", 8, '")" cannot stand here'),
        ("sex = 'm", 6, "is a quotation mark missing?"),
        ("wait between 1", None, "BETWEEN needs two limits"),
        ("sex ＝ 'm'", 4, '"＝" is a full-width sign. Write the half-width one: ='),
        ("sex in （'m')", 7, "full-width sign"),
    ],
)
def test_refused(text, place, said):
    error = refusal(text)
    assert said in error.problem
    if place is not None:
        assert error.position == place


def test_a_result_of_the_wrong_type_is_refused():
    assert "The expression gives number; boolean is needed here." in refusal("wait + 1", Type.BOOLEAN).problem
    assert parse("null", SCOPE, Type.NUMBER).type == Type.NUMBER
    assert "null can stand only in CASE or COALESCE" in refusal("null").problem


def test_the_message_shows_the_place_in_the_text():
    error = refusal("wait > 90 and\n  sexx = 'm'")
    assert str(error) == (
        'Unknown name "sexx". Did you mean "sex"? (at line 2, column 3)\n'
        "      sexx = 'm'\n"
        "      ^"
    )  # fmt: skip
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wait = 1 and " * 2000 + "alive", "at most 20000 are allowed"),
        ("(" * 60 + "wait" + ")" * 60, "Nested more than 20 deep"),
        ("not " * 60 + "alive", "Nested more than 20 deep"),
        ("- " * 60 + "wait", "Nested more than 20 deep"),
        ("case when alive then " * 60 + "1" + " end" * 60, "Nested more than 20 deep"),
        (" - ".join(["wait"] * 60), "Nested more than 50 deep"),
        (" = ".join(["alive"] * 60), "Nested more than 50 deep"),
        (" + ".join(["wait"] * 1000), "More than 500 operands are joined"),
        ("least(" * 19 + "wait" + ", 1)" * 19, "too long as SQL"),
        ("(case when " * 9 + "alive" + " then 1 end) between 0 and 1" * 9, None),
        ("coalesce(" * 20 + "wait" + ", 1)" * 20, None),
    ],
)
def test_what_would_tie_up_a_server_is_refused_at_once(text, said):
    if said is None:
        assert parse(text, SCOPE)
    else:
        assert said in refusal(text).problem


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("sex = 'x'", '"x" is no option of sex (m, f).'),
        ("sex in ('m', 'x')", '"x" is no option of sex (m, f).'),
        ("sex is distinct from 'x'", '"x" is no option of sex (m, f).'),
        ("has(drugs, 'c')", '"c" is no option of drugs (a, b).'),
        ("has_any(drugs, 'a', 'c')", '"c" is no option of drugs (a, b).'),
    ],
)
def test_a_constant_that_is_no_option_is_a_warning(text, warning):
    assert parse(text, SCOPE).warnings == (warning,)
    assert parse("sex in ('m', 'f') and has(drugs, 'a') and wait = 3", SCOPE).warnings == ()


def test_scope_refuses_aliases_that_cannot_be():
    with pytest.raises(ExpressionError, match='Alias "a" stands for the unknown field "b"'):
        Scope([], {"a": "b"})
    with pytest.raises(ExpressionError, match='Alias "a" is also the name of a field'):
        Scope([Field("a", Type.TEXT), Field("b", Type.TEXT)], {"a": "b"})
    with pytest.raises(ExpressionError, match="No field can be used here"):
        parse("a is null", Scope([]))


def test_an_alias_stands_for_its_field():
    expression = parse("door is null and sex = 'm' or door < left_at", SCOPE)
    assert expression.fields == ("arrived_at", "left_at", "sex")
    assert expression == pickle.loads(pickle.dumps(expression))  # noqa: S301
    assert len({expression, parse(expression.text, SCOPE)}) == 1


@pytest.mark.parametrize(
    "name", ["class", "name", "value", "time", "date", "text", "order", "rank", "group", "from_time", "level", "unit",
             "comment", "show", "set", "use", "values", "index", "left", "interval", "has", "abs", "类别", "filter"]
)  # fmt: skip
def test_any_word_can_name_a_field(name):
    scope = Scope([Field(name, Type.TEXT), Field("born", Type.DATE)])
    assert parse(f"{name} = 'a' and {name} is not null", scope).fields == (name,)
    assert set(parse(f"born = date '2025-01-01' and {name} in ('a')", scope).fields) == {"born", name}

"""The functions of the language, each declared once. The manual and the spec tests are made from this."""

from zhiheng.engine.language import operators, regex
from zhiheng.engine.language.declaration import (
    BOOLEAN,
    DATE,
    DATETIME,
    FUNCTIONS,
    NUMBER,
    ORDERED,
    TEXT,
    TEXTS,
    TIMES,
    Function,
    constant,
    constants,
    declare,
    examples,
    form,
    many,
    one,
    sql_text,
)

__all__ = ["FUNCTIONS", "Function", "operators"]

A, B = "2025-01-01 10:00:59", "2025-01-01 11:31:00"


def _sql_list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(sql_text, values)) + "]"


def _all_known(sql: str) -> "object":
    """DuckDB's least and greatest pass over nulls; ours do not."""

    def emit(*operands: str) -> str:
        unknown = " OR ".join(f"{operand} IS NULL" for operand in operands)
        return f"(CASE WHEN {unknown} THEN NULL ELSE {sql}({', '.join(operands)}) END)"

    return emit


# Times -------------------------------------------------------------------------------------------------------------

declare(
    "minutes_between",
    "times",
    parameters=(one("start", DATETIME), one("end", DATETIME)),
    result=NUMBER,
    meaning="从 start 到 end 经过的整分钟数，不足一分钟舍去；end 在前时为负。不是钟面上分钟数之差。",
    examples=examples(
        ("minutes_between(a, b)", 90, {"a": A, "b": B}),
        ("minutes_between(a, b)", 90, {"a": "2025-01-01 10:00:00", "b": "2025-01-01 11:30:59"}),
        ("minutes_between(a, b)", -90, {"a": B, "b": A}),
        ("minutes_between(a, b)", 0, {"a": "2025-01-01 23:59:59", "b": "2025-01-02 00:00:00"}),
        ("minutes_between(a, b)", None, {"a": None, "b": B}),
    ),
    python=form("minutes_between({0}, {1})"),
    duckdb=form("CAST(date_sub('minute', {0}, {1}) AS DOUBLE)"),
)
declare(
    "hours_between",
    "times",
    parameters=(one("start", DATETIME), one("end", DATETIME)),
    result=NUMBER,
    meaning="从 start 到 end 的小时数，带小数，不舍入；end 在前时为负。",
    examples=examples(
        ("hours_between(a, b)", 1.5, {"a": "2025-01-01 10:00:00", "b": "2025-01-01 11:30:00"}),
        ("hours_between(a, b)", -24, {"a": "2025-01-02 10:00:00", "b": "2025-01-01 10:00:00"}),
    ),
    python=form("hours_between({0}, {1})"),
    duckdb=form("(CAST(date_sub('microsecond', {0}, {1}) AS DOUBLE) / 3600000000e0)"),
)
declare(
    "days_between",
    "times",
    parameters=(one("start", *TIMES), one("end", *TIMES)),
    result=NUMBER,
    meaning="日历天数之差：只看日期，不看钟点。住院天数、“30 天内”用它。",
    examples=examples(
        ("days_between(a, b)", 1, {"a": "2025-01-01 23:59:00", "b": "2025-01-02 00:01:00"}),
        ("days_between(d, e)", 29, {"d": "2024-02-01", "e": "2024-03-01"}),
        ("days_between(d, b)", -1, {"d": "2025-01-02", "b": "2025-01-01 10:00:00"}),
    ),
    python=form("({1}.toordinal() - {0}.toordinal())"),
    duckdb=form("CAST(date_diff('day', CAST({0} AS DATE), CAST({1} AS DATE)) AS DOUBLE)"),
)
declare(
    "add_minutes",
    "times",
    parameters=(one("time", DATETIME), one("minutes", NUMBER)),
    result=DATETIME,
    partial=True,
    meaning="time 之后(负数为之前)若干分钟，算到整秒。超过一百年得空。",
    examples=examples(
        ("add_minutes(a, 90)", "2025-01-01 11:30:59", {"a": A}), ("add_minutes(a, n)", None, {"a": A, "n": None})
    ),
    python=form("add_seconds({0}, {1} * 60)"),
    duckdb=form("(CASE WHEN abs({1} * 60) <= 4e9 THEN {0} + to_seconds(CAST(floor({1} * 60 + 0.5) AS BIGINT)) END)"),
)
declare(
    "add_hours",
    "times",
    parameters=(one("time", DATETIME), one("hours", NUMBER)),
    result=DATETIME,
    partial=True,
    meaning="time 之后(负数为之前)若干小时，算到整秒。超过一百年得空。",
    examples=examples(
        ("add_hours(a, 24)", "2025-01-02 10:00:59", {"a": A}), ("add_hours(a, -0.5)", "2025-01-01 09:30:59", {"a": A})
    ),
    python=form("add_seconds({0}, {1} * 3600)"),
    duckdb=form(
        "(CASE WHEN abs({1} * 3600) <= 4e9 THEN {0} + to_seconds(CAST(floor({1} * 3600 + 0.5) AS BIGINT)) END)"
    ),
)
declare(
    "add_days",
    "times",
    parameters=(one("date", DATE), one("days", NUMBER)),
    result=DATE,
    partial=True,
    meaning="date 之后(负数为之前)若干天，天数四舍五入到整数。超过一百年得空。",
    examples=examples(
        ("add_days(d, 30)", "2025-01-31", {"d": "2025-01-01"}), ("add_days(d, -1)", "2024-02-29", {"d": "2024-03-01"})
    ),
    python=form("add_days({0}, {1})"),
    duckdb=form("(CASE WHEN abs({1}) <= 40000 THEN {0} + CAST(floor({1} + 0.5) AS INTEGER) END)"),
)
declare(
    "age_in_years",
    "times",
    parameters=(one("birth", *TIMES), one("on", *TIMES)),
    result=NUMBER,
    meaning="周岁：到 on 那天已过的生日数。2 月 29 日出生者平年在 3 月 1 日满岁。",
    examples=examples(
        ("age_in_years(d, e)", 17, {"d": "2007-01-02", "e": "2025-01-01"}),
        ("age_in_years(d, e)", 18, {"d": "2007-01-01", "e": "2025-01-01"}),
        ("age_in_years(d, e)", 0, {"d": "2024-02-29", "e": "2025-02-28"}),
        ("age_in_years(d, e)", 1, {"d": "2024-02-29", "e": "2025-03-01"}),
    ),
    python=form("age_in_years({0}, {1})"),
    duckdb=form(
        "CAST(year({1}) - year({0}) - CASE WHEN month({1}) * 100 + day({1}) < month({0}) * 100 + day({0})"
        " THEN 1 ELSE 0 END AS DOUBLE)"
    ),
)
declare(
    "age_in_months",
    "times",
    parameters=(one("birth", *TIMES), one("on", *TIMES)),
    result=NUMBER,
    meaning="满月数：到 on 那天已满的整月数。1 月 31 日出生者 2 月 28 日未满 1 月。",
    examples=examples(
        ("age_in_months(d, e)", 1, {"d": "2025-01-15", "e": "2025-02-15"}),
        ("age_in_months(d, e)", 0, {"d": "2025-01-31", "e": "2025-02-28"}),
    ),
    python=form("age_in_months({0}, {1})"),
    duckdb=form(
        "CAST((year({1}) - year({0})) * 12 + month({1}) - month({0}) - CASE WHEN day({1}) < day({0})"
        " THEN 1 ELSE 0 END AS DOUBLE)"
    ),
)
declare(
    "date_of",
    "times",
    parameters=(one("time", DATETIME),),
    result=DATE,
    meaning="时间所在的日期。",
    examples=examples(("date_of(a)", "2025-01-01", {"a": A})),
    python=form("{0}.date()"),
    duckdb=form("CAST({0} AS DATE)"),
)
declare(
    "time_of_day",
    "times",
    parameters=(one("time", DATETIME),),
    result=TEXT,
    meaning="钟点，写作 'HH:MM'。",
    examples=examples(("time_of_day(a)", "09:05", {"a": "2025-01-01 09:05:59"})),
    python=form("{0}.strftime('%H:%M')"),
    duckdb=form("strftime({0}, '%H:%M')"),
)
declare(
    "at_time",
    "times",
    parameters=(one("date", *TIMES), constant("clock", TEXT)),
    result=DATETIME,
    meaning="那一天的某个钟点，钟点写成常量 'HH:MM'。",
    examples=examples(("at_time(d, '07:59')", "2025-01-01 07:59:00", {"d": "2025-01-01"})),
    python=lambda day, clock: f"at_time({day}, {int(clock[:2])}, {int(clock[3:])})",
    duckdb=lambda day, clock: f"(CAST({day} AS DATE) + TIME '{clock}:00')",
    prepare=regex.check_clock,
)
for _name, _python, _sql, _meaning, _answer in (
    ("hour_of", "{0}.hour", "hour", "时间的小时数，0–23。", 10),
    ("year_of", "{0}.year", "year", "年份。", 2025),
    ("month_of", "{0}.month", "month", "月份，1–12。", 1),
    ("weekday_of", "{0}.isoweekday()", "isodow", "星期几：星期一为 1，星期日为 7。", 3),
):
    declare(
        _name,
        "times",
        parameters=(one("time", *((DATETIME,) if _name == "hour_of" else TIMES)),),
        result=NUMBER,
        meaning=_meaning,
        examples=examples((f"{_name}(a)", _answer, {"a": A})),
        python=form(_python),
        duckdb=form(f"CAST({_sql}({{0}}) AS DOUBLE)"),
    )

# Numbers -----------------------------------------------------------------------------------------------------------

declare(
    "abs",
    "numbers",
    parameters=(one("x", NUMBER),),
    result=NUMBER,
    meaning="绝对值。",
    examples=examples(("abs(n)", 2, {"n": -2})),
    python=form("abs({0})"),
    duckdb=form("abs({0})"),
)
declare(
    "floor",
    "numbers",
    parameters=(one("x", NUMBER),),
    result=NUMBER,
    meaning="不大于 x 的最大整数。",
    examples=examples(("floor(n)", 2, {"n": 2.9}), ("floor(n)", -3, {"n": -2.1})),
    python=form("({0} // 1)"),
    duckdb=form("floor({0})"),
)
declare(
    "round_half_up",
    "numbers",
    parameters=(one("x", NUMBER), constant("digits", NUMBER)),
    result=NUMBER,
    meaning="四舍五入到若干位小数(0–6)，按人读到的十进制数舍入；负数按绝对值舍入。",
    examples=examples(
        ("round_half_up(n, 2)", 1.01, {"n": 1.005}),
        ("round_half_up(n, 0)", 3, {"n": 2.5}),
        ("round_half_up(n, 0)", -3, {"n": -2.5}),
        ("round_half_up(n, 1)", 0.1, {"n": 0.05}),
    ),
    python=lambda x, digits: f"round_half_up({x}, {10.0**digits})",
    # 1.005 is stored a little below itself; the small addition brings back the half that people see.
    duckdb=lambda x, digits: f"(sign({x}) * floor(abs({x}) * {10.0**digits}e0 + 0.500000001e0) / {10.0**digits}e0)",
    prepare=regex.check_digits,
)
for _name, _python, _meaning, _answer in (
    ("least", "min", "最小(最早)的值。任一个为空则为空。", 2),
    ("greatest", "max", "最大(最晚)的值。任一个为空则为空。", 3),
):
    declare(
        _name,
        "numbers",
        parameters=(many("a", *ORDERED),),
        result=None,
        same_types=True,
        meaning=_meaning,
        examples=examples((f"{_name}(n, m)", _answer, {"n": 2, "m": 3}), (f"{_name}(n, m)", None, {"n": 2, "m": None})),
        python=lambda *o, _python=_python: f"{_python}({', '.join(o)})",
        duckdb=_all_known(_name),
    )
for _name, _python, _sql, _meaning, _answer in (
    ("earliest", "earliest", "least", "已知时间中最早的一个；空的不计，都空则为空。", "2025-01-01"),
    ("latest", "latest", "greatest", "已知时间中最晚的一个；空的不计，都空则为空。", "2025-01-01"),
):
    declare(
        _name,
        "times",
        parameters=(many("a", *TIMES),),
        result=None,
        same_types=True,
        nulls=True,
        meaning=_meaning,
        examples=examples(
            (f"{_name}(d, e)", _answer, {"d": None, "e": "2025-01-01"}),
            (f"{_name}(d, e)", None, {"d": None, "e": None}),
        ),
        python=lambda *o, fresh, _python=_python: f"{_python}({', '.join(o)})",
        duckdb=lambda *o, _sql=_sql: f"{_sql}({', '.join(o)})",
    )

# Texts -------------------------------------------------------------------------------------------------------------

declare(
    "starts_with",
    "texts",
    parameters=(one("text", TEXT), one("beginning", TEXT)),
    result=BOOLEAN,
    meaning="文本以 beginning 开头，区分大小写。",
    examples=examples(("starts_with(x, '急性')", True, {"x": "急性心肌梗死"})),
    python=form("{0}.startswith({1})"),
    duckdb=form("starts_with({0}, {1})"),
)
declare(
    "contains",
    "texts",
    parameters=(one("text", TEXT), one("part", TEXT)),
    result=BOOLEAN,
    meaning="文本含有 part，区分大小写。",
    examples=examples(("contains(x, '心肌')", True, {"x": "急性心肌梗死"})),
    python=form("({1} in {0})"),
    duckdb=form("contains({0}, {1})"),
)
declare(
    "matches",
    "texts",
    parameters=(one("text", TEXT), constant("pattern", TEXT)),
    result=BOOLEAN,
    meaning="文本中有一处符合正则表达式 pattern(常量)。要整段符合，写 ^...$。可用写法见下文“正则表达式”。",
    examples=examples(
        ("matches(x, '^[0-9]{2}:[0-9]{2}$')", True, {"x": "09:05"}),
        ("matches(x, 'b+')", True, {"x": "abbc"}),
        ("matches(x, 'a$')", False, {"x": "a\n"}),
        ("matches(x, 'a.b')", False, {"x": "a\nb"}),
    ),
    python=lambda text, pattern: f"(pattern({regex.for_python(pattern)!r}).search({text}) is not None)",
    duckdb=lambda text, pattern: f"regexp_matches({text}, {sql_text(pattern)})",
    prepare=regex.check_pattern,
)
declare(
    "extract_number",
    "texts",
    parameters=(one("text", TEXT), constant("pattern", TEXT)),
    result=NUMBER,
    partial=True,
    meaning="文本中第一处符合 pattern(常量)的地方，取第一个括号内(没有括号则取整处)的数；不是数则为空。",
    examples=examples(
        ("extract_number(x, 'LVEF ([0-9.]+)%')", 45, {"x": "左室收缩功能减低，LVEF 45%"}),
        ("extract_number(x, 'LVEF ([0-9.]+)%')", None, {"x": "未测"}),
    ),
    python=lambda text, pattern: f"extract_number({text}, pattern({regex.for_python(pattern)!r}))",
    duckdb=lambda text, pattern: regex.sql_number(
        f"regexp_extract({text}, {sql_text(pattern)}, {regex.first_group(pattern)})"
    ),
    prepare=regex.check_pattern,
)
declare(
    "number",
    "texts",
    parameters=(one("text", TEXT),),
    result=NUMBER,
    partial=True,
    meaning="文本所写的数：半角数字，可带正负号和小数点；其他写法(空格、全角、千分位、1e3)为空。",
    examples=examples(
        ("number(x)", 12.5, {"x": "12.5"}),
        ("number(x)", None, {"x": "１２"}),
        ("number(x)", None, {"x": "1_000"}),
        ("number(x)", None, {"x": " 12"}),
    ),
    python=form("number({0})"),
    duckdb=regex.sql_number,
)
declare(
    "text",
    "texts",
    parameters=(one("x", NUMBER),),
    result=TEXT,
    meaning="数写成文本；整数不带小数点。",
    examples=examples(("text(n)", "3", {"n": 3}), ("text(n)", "2.5", {"n": 2.5})),
    python=form("text({0})"),
    duckdb=form("regexp_replace(CAST({0} AS VARCHAR), '[.]0$', '')"),
)
declare(
    "length_of",
    "texts",
    parameters=(one("text", TEXT),),
    result=NUMBER,
    meaning="文本的字数。",
    examples=examples(("length_of(x)", 2, {"x": "心肌"}), ("length_of(x)", 0, {"x": ""})),
    python=form("len({0})"),
    duckdb=form("CAST(length({0}) AS DOUBLE)"),
)

# Choices -----------------------------------------------------------------------------------------------------------

declare(
    "has",
    "choices",
    parameters=(one("choices", TEXTS), one("option", TEXT)),
    result=BOOLEAN,
    meaning="多选题选了 option。没有回答则为空。",
    examples=examples(
        ("has(c, 'a')", True, {"c": ["a", "b"]}),
        ("has(c, 'a')", False, {"c": []}),
        ("has(c, 'a')", None, {"c": None}),
        ("has(c, 'b')", False, {"c": ["a", None]}),
    ),
    python=form("({1} in {0})"),
    duckdb=form("list_contains({0}, {1})"),
)
declare(
    "has_any",
    "choices",
    parameters=(one("choices", TEXTS), constants("options", TEXT)),
    result=BOOLEAN,
    meaning="多选题选了所列选项中的至少一个。",
    examples=examples(
        ("has_any(c, 'a', 'b')", True, {"c": ["b", "x"]}),
        ("has_any(c, 'a', 'b')", False, {"c": ["x", None]}),
        ("has_any(c, 'a', 'b')", None, {"c": None}),
    ),
    python=lambda choices, *listed: f"has_any({choices}, {listed!r})",
    duckdb=lambda choices, *listed: f"list_has_any({choices}, {_sql_list(listed)})",
)
declare(
    "has_all",
    "choices",
    parameters=(one("choices", TEXTS), constants("options", TEXT)),
    result=BOOLEAN,
    meaning="多选题选了所列的全部选项。",
    examples=examples(
        ("has_all(c, 'a', 'b')", True, {"c": ["b", "a", "x"]}),
        ("has_all(c, 'a', 'b')", False, {"c": ["a", None]}),
    ),
    python=lambda choices, *listed: f"has_all({choices}, {listed!r})",
    duckdb=lambda choices, *listed: f"list_has_all({choices}, {_sql_list(listed)})",
)
declare(
    "count_of",
    "choices",
    parameters=(one("choices", TEXTS),),
    result=NUMBER,
    meaning="多选题选了几项；重复的只计一次，空元素不计。",
    examples=examples(
        ("count_of(c)", 2, {"c": ["a", "b", "a", None]}),
        ("count_of(c)", 0, {"c": []}),
        ("count_of(c)", None, {"c": None}),
    ),
    python=form("count_of({0})"),
    duckdb=form("CAST(list_unique({0}) AS DOUBLE)"),
)

# Codes -------------------------------------------------------------------------------------------------------------


def _normal(sql: str) -> str:
    return f"upper(regexp_replace({sql}, '[^A-Za-z0-9]', '', 'g'))"


def _in_range(sql: str, first: str, last: str) -> str:
    code, low, high = _normal(sql), regex.normal_code(first), regex.normal_code(last)
    return f"(left({code}, {len(low)}) >= '{low}' AND left({code}, {len(high)}) <= '{high}')"


declare(
    "code_in",
    "codes",
    parameters=(one("code", TEXT), constants("codes", TEXT)),
    result=BOOLEAN,
    meaning="编码属于所列编码之一：所列编码包括它自己和它的一切扩展码，不包括相邻的码。大小写、有无小数点、剑号星号不论。",
    examples=examples(
        ("code_in(x, 'I21.1')", True, {"x": "I21.100x001"}),
        ("code_in(x, 'I21.1')", True, {"x": "i211"}),
        ("code_in(x, 'I21.1')", False, {"x": "I21.000"}),
        ("code_in(x, '36.1')", False, {"x": "36.2000"}),
        ("code_in(x, 'I21.1', 'C34')", True, {"x": "C34.1"}),
        ("code_in(x, 'I21.1')", None, {"x": None}),
    ),
    python=lambda code, *codes: f"normal_code({code}).startswith({tuple(map(regex.normal_code, codes))!r})",
    duckdb=lambda code, *codes: f"regexp_matches({_normal(code)}, '^(?:{'|'.join(map(regex.normal_code, codes))})')",
    prepare=regex.check_codes,
)
declare(
    "code_in_range",
    "codes",
    parameters=(one("code", TEXT), constant("first", TEXT), constant("last", TEXT)),
    result=BOOLEAN,
    meaning="编码在 first 到 last 的范围内，两端及其扩展码都算在内。",
    examples=examples(
        ("code_in_range(x, 'I05', 'I09')", True, {"x": "I09.900"}),
        ("code_in_range(x, 'I05', 'I09')", False, {"x": "I10.x00"}),
    ),
    python=lambda code, first, last: (
        f"code_in_range(normal_code({code}), {regex.normal_code(first)!r}, {regex.normal_code(last)!r})"
    ),
    duckdb=_in_range,
    prepare=regex.check_codes,
)

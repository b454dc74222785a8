"""On times: what has elapsed, ages, parts of a time."""

from zhiheng.engine.language import constants
from zhiheng.engine.language.declaration import (
    DATE,
    DATETIME,
    NUMBER,
    TEXT,
    TIMES,
    constant,
    declare,
    examples,
    form,
    many,
    one,
)
from zhiheng.engine.language.types import Type

A, B = "2025-01-01 10:00:59", "2025-01-01 11:31:00"

declare(
    "minutes_between",
    "times",
    parameters=(one("start", DATETIME), one("end", DATETIME)),
    result=NUMBER,
    meaning="从 start 到 end 经过的整分钟数，不足一分钟舍去；end 在前时为负。不是钟面上分钟数之差。",
    english="Whole minutes elapsed, truncated toward zero; not minute marks passed.",
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
    english="Hours elapsed, as an exact fraction.",
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
    english="Difference of calendar days.",
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
    english="A number of minutes later.",
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
    english="A number of hours later.",
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
    english="A number of days later.",
    examples=examples(
        ("add_days(d, 30)", "2025-01-31", {"d": "2025-01-01"}), ("add_days(d, -1)", "2024-02-29", {"d": "2024-03-01"})
    ),
    python=form("add_days({0}, {1})"),
    duckdb=form("(CASE WHEN abs({1}) <= 40000 THEN {0} + CAST(floor({1} + 0.5) AS INTEGER) END)"),
)
declare(
    "add_months",
    "times",
    parameters=(one("date", DATE), one("months", NUMBER)),
    result=DATE,
    partial=True,
    meaning="date 之后(负数为之前)若干月的同一日；那个月没有这一日则取月末。月数四舍五入到整数。超过一百年得空。",
    english="A number of months later: the same day, or the last one of a shorter month.",
    examples=examples(
        ("add_months(d, 1)", "2025-02-28", {"d": "2025-01-31"}),
        ("add_months(d, -6)", "2024-08-28", {"d": "2025-02-28"}),
        ("add_months(d, -12)", "2023-02-28", {"d": "2024-02-29"}),
    ),
    python=form("add_months({0}, {1})"),
    duckdb=form(
        "(CASE WHEN abs({1}) <= 1200 THEN CAST({0} + to_months(CAST(floor({1} + 0.5) AS INTEGER)) AS DATE) END)"
    ),
)
declare(
    "age_in_years",
    "times",
    parameters=(one("birth", *TIMES), one("on", *TIMES)),
    result=NUMBER,
    meaning="周岁：到 on 那天已过的生日数。2 月 29 日出生者平年在 3 月 1 日满岁。",
    english="Birthdays passed.",
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
    english="Whole months completed.",
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
    english="The day of a time.",
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
    english="The clock time as 'HH:MM'.",
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
    english="A clock time on that day.",
    examples=examples(("at_time(d, '07:59')", "2025-01-01 07:59:00", {"d": "2025-01-01"})),
    python=lambda day, clock: f"at_time({day}, {int(clock[:2])}, {int(clock[3:])})",
    duckdb=lambda day, clock: f"(CAST({day} AS DATE) + TIME '{clock}:00')",
    prepare=constants.check_clock,
)


def _part(name: str, python: str, sql: str, types: tuple[Type, ...], answer: int, meaning: str, english: str) -> None:
    declare(
        name,
        "times",
        parameters=(one("time", *types),),
        result=NUMBER,
        meaning=meaning,
        english=english,
        examples=examples((f"{name}(a)", answer, {"a": A})),
        python=form(python),
        duckdb=form(f"CAST({sql}({{0}}) AS DOUBLE)"),
    )


_part("hour_of", "{0}.hour", "hour", (DATETIME,), 10, "时间的小时数，0–23。", "Hour of the day, 0 to 23.")
_part("year_of", "{0}.year", "year", TIMES, 2025, "年份。", "Year.")
_part("month_of", "{0}.month", "month", TIMES, 1, "月份，1–12。", "Month, 1 to 12.")
_part(
    "weekday_of",
    "{0}.isoweekday()",
    "isodow",
    TIMES,
    3,
    "星期几：星期一为 1，星期日为 7。",
    "Day of the week, Monday 1.",
)


def _known(name: str, sql: str, meaning: str, english: str) -> None:
    declare(
        name,
        "times",
        parameters=(many("a", *TIMES),),
        result=None,
        same_types=True,
        nulls=True,
        meaning=meaning,
        english=english,
        examples=examples(
            (f"{name}(d, e)", "2025-01-01", {"d": None, "e": "2025-01-01"}),
            (f"{name}(d, e)", None, {"d": None, "e": None}),
        ),
        python=lambda *operands, fresh: f"{name}({', '.join(operands)})",
        duckdb=lambda *operands: f"{sql}({', '.join(operands)})",
    )


_known("earliest", "least", "已知时间中最早的一个；空的不计，都空则为空。", "The earliest of the times that are known.")
_known("latest", "greatest", "已知时间中最晚的一个；空的不计，都空则为空。", "The latest of the times that are known.")

"""Arithmetic of numbers, and joining of texts."""

from zhiheng.engine.language.declaration import NUMBER, TEXT, declare, examples, form, joined, many, one

declare(
    "+",
    "arithmetic",
    parameters=(many("a", NUMBER),),
    result=NUMBER,
    meaning="加。任一项为空则和为空。时间加减用 add_minutes、add_hours、add_days。",
    english="Sum.",
    examples=examples(("n + m + 1", 6, {"n": 2, "m": 3}), ("n + m", None, {"n": 2, "m": None})),
    python=joined(" + "),
    duckdb=joined(" + "),
)
declare(
    "-",
    "arithmetic",
    parameters=(one("a", NUMBER), one("b", NUMBER)),
    result=NUMBER,
    meaning="减。两个时间相减用 minutes_between、hours_between、days_between。",
    english="Difference.",
    examples=examples(("n - 3", -1, {"n": 2})),
    python=form("({0} - {1})"),
    duckdb=form("({0} - {1})"),
)
declare(
    "*",
    "arithmetic",
    parameters=(many("a", NUMBER),),
    result=NUMBER,
    meaning="乘。",
    english="Product.",
    examples=examples(("n * 2.5", 5, {"n": 2})),
    python=joined(" * "),
    duckdb=joined(" * "),
)
declare(
    "/",
    "arithmetic",
    parameters=(one("a", NUMBER), one("b", NUMBER)),
    result=NUMBER,
    partial=True,
    meaning="除，结果带小数。除以零得空。",
    english="Quotient; null when divided by zero.",
    examples=examples(("n / 2", 3.5, {"n": 7}), ("n / m", None, {"n": 7, "m": 0})),
    python=form("divide({0}, {1})"),
    duckdb=form("({0} / nullif({1}, 0))"),
)
declare(
    "negative",
    "arithmetic",
    parameters=(one("a", NUMBER),),
    result=NUMBER,
    meaning="取负：-n。",
    english="The negative.",
    examples=examples(("-n", -2, {"n": 2})),
    python=form("(-{0})"),
    duckdb=form("(-{0})"),
)
declare(
    "||",
    "arithmetic",
    parameters=(many("a", TEXT),),
    result=TEXT,
    meaning="连接文本。任一项为空则结果为空。",
    english="Texts joined.",
    examples=examples(("x || '-' || y", "a-b", {"x": "a", "y": "b"}), ("x || y", None, {"x": "a", "y": None})),
    python=joined(" + "),
    duckdb=joined(" || "),
)

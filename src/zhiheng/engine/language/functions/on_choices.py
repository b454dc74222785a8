"""On choices: which options of a multiple choice are chosen."""

from zhiheng.engine.language.declaration import (
    BOOLEAN,
    NUMBER,
    TEXT,
    TEXTS,
    constant_list,
    declare,
    examples,
    form,
    one,
    sql_text,
)


def _sql_list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(sql_text, values)) + "]"


declare(
    "has",
    "choices",
    parameters=(one("choices", TEXTS), one("option", TEXT)),
    result=BOOLEAN,
    meaning="多选题选了 option。没有回答则为空。",
    english="The option is chosen.",
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
    parameters=(one("choices", TEXTS), constant_list("options", TEXT)),
    result=BOOLEAN,
    meaning="多选题选了所列选项中的至少一个。",
    english="At least one of the options is chosen.",
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
    parameters=(one("choices", TEXTS), constant_list("options", TEXT)),
    result=BOOLEAN,
    meaning="多选题选了所列的全部选项。",
    english="All of the options are chosen.",
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
    english="How many different options are chosen.",
    examples=examples(
        ("count_of(c)", 2, {"c": ["a", "b", "a", None]}),
        ("count_of(c)", 0, {"c": []}),
        ("count_of(c)", None, {"c": None}),
    ),
    python=form("count_of({0})"),
    duckdb=form("CAST(list_unique({0}) AS DOUBLE)"),
)

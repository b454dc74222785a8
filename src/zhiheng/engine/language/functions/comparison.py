"""Comparison: is it equal, less, one of these."""

from zhiheng.engine.language.declaration import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    ORDERED,
    SINGLE,
    TEXT,
    declare,
    examples,
    form,
    many,
    one,
)
from zhiheng.engine.language.types import Type


def _in(value: str, *listed: str) -> str:
    return f"{value} in ({', '.join(listed)},)"


def _compare(
    name: str, python: str, types: tuple[Type, ...], meaning: str, english: str, *rows: tuple[object, ...]
) -> None:
    declare(
        name,
        "comparison",
        parameters=(one("a", *types), one("b", *types)),
        result=BOOLEAN,
        same_types=True,
        meaning=meaning,
        english=english,
        examples=examples(*rows),
        python=form(f"({{0}} {python} {{1}})"),
        duckdb=form(f"({{0}} {name} {{1}})"),
    )


_compare(
    "=",
    "==",
    SINGLE,
    "相等。任一边为空则结果为空(未知)。",
    "Equal.",
    ("x = 'a'", True, {"x": "a"}),
    ("x = 'a'", None, {"x": None}),
)
_compare(
    "<>",
    "!=",
    SINGLE,
    "不相等。任一边为空则结果为空；要把空也算作“不等”，用 is distinct from。",
    "Not equal.",
    ("x <> 'a'", True, {"x": "b"}),
    ("x <> 'a'", None, {"x": None}),
)
_compare(
    "<",
    "<",
    ORDERED,
    "小于。只用于数值、日期和时间；文本不能比大小。",
    "Less, of numbers, dates and times; text has no order.",
    ("n < 90", False, {"n": 90}),
    ("n < 90", None, {"n": None}),
)
_compare(
    "<=", "<=", ORDERED, "小于或等于。", "Less or equal.", ("n <= 90", True, {"n": 90}), ("n <= 90", False, {"n": 90.5})
)
_compare(">", ">", ORDERED, "大于。", "Greater.", ("d > date '2025-01-01'", True, {"d": "2025-01-02"}))
_compare(
    ">=",
    ">=",
    ORDERED,
    "大于或等于。",
    "Greater or equal.",
    ("t >= timestamp '2025-01-01 10:00'", False, {"t": "2025-01-01 09:59:59"}),
)
declare(
    "in",
    "comparison",
    parameters=(one("a", TEXT, NUMBER, DATE, DATETIME), many("b", TEXT, NUMBER, DATE, DATETIME)),
    result=BOOLEAN,
    same_types=True,
    meaning="等于所列常量之一。列表只能写常量，不能写 null。",
    english="One of the listed constants.",
    examples=examples(
        ("x in ('a', 'b')", True, {"x": "b"}),
        ("x not in ('a', 'b')", True, {"x": "c"}),
        ("x in ('a')", None, {"x": None}),
    ),
    python=lambda *o: f"({_in(*o)})",
    duckdb=lambda value, *listed: f"({value} IN ({', '.join(listed)}))",
)
declare(
    "is distinct from",
    "comparison",
    parameters=(one("a", *SINGLE), one("b", *SINGLE)),
    result=BOOLEAN,
    same_types=True,
    nulls=True,
    meaning="不相同，空也作为一个值来比：两边都空为假，一边空为真。结果从不为空。写 is not distinct from 表示相同。",
    english="Not the same, null counting as a value.",
    examples=examples(
        ("x is distinct from 'a'", True, {"x": None}),
        ("x is distinct from 'a'", False, {"x": "a"}),
        ("x is not distinct from 'a'", False, {"x": None}),
    ),
    python=lambda a, b, fresh: f"({a} != {b})",
    duckdb=form("({0} IS DISTINCT FROM {1})"),
)

"""On numbers: rounding, least and greatest."""

from zhiheng.engine.language import constants
from zhiheng.engine.language.declaration import NUMBER, ORDERED, Emitter, constant, declare, examples, form, many, one


def _all_known(sql: str) -> Emitter:
    """DuckDB's least and greatest pass over nulls; ours do not."""

    def emit(*operands: str) -> str:
        unknown = " OR ".join(f"{operand} IS NULL" for operand in operands)
        return f"(CASE WHEN {unknown} THEN NULL ELSE {sql}({', '.join(operands)}) END)"

    return emit


declare(
    "abs",
    "numbers",
    parameters=(one("x", NUMBER),),
    result=NUMBER,
    meaning="绝对值。",
    english="Absolute value.",
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
    english="The greatest whole number not above x.",
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
    english="Rounded half away from zero, as people read decimals.",
    examples=examples(
        ("round_half_up(n, 2)", 1.01, {"n": 1.005}),
        ("round_half_up(n, 0)", 3, {"n": 2.5}),
        ("round_half_up(n, 0)", -3, {"n": -2.5}),
        ("round_half_up(n, 1)", 0.1, {"n": 0.05}),
    ),
    python=lambda x, digits: f"round_half_up({x}, {10.0**digits})",
    # 1.005 is stored a little below itself; the small addition brings back the half that people see.
    duckdb=lambda x, digits: f"(sign({x}) * floor(abs({x}) * {10.0**digits}e0 + 0.500000001e0) / {10.0**digits}e0)",
    prepare=constants.check_digits,
)


def _extreme(name: str, python: str, answer: int, meaning: str, english: str) -> None:
    declare(
        name,
        "numbers",
        parameters=(many("a", *ORDERED),),
        result=None,
        same_types=True,
        meaning=meaning,
        english=english,
        examples=examples((f"{name}(n, m)", answer, {"n": 2, "m": 3}), (f"{name}(n, m)", None, {"n": 2, "m": None})),
        python=lambda *operands: f"{python}({', '.join(operands)})",
        duckdb=_all_known(name),
    )


_extreme("least", "min", 2, "最小(最早)的值。任一个为空则为空。", "The least; null if any is null.")
_extreme("greatest", "max", 3, "最大(最晚)的值。任一个为空则为空。", "The greatest; null if any is null.")

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
    prepare=constants.check_digits,
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

"""Choice of a value: the first known one, the one of the first true condition."""

from collections.abc import Callable

from zhiheng.engine.language.declaration import SINGLE, TEXTS, declare, examples, many

Fresh = Callable[[], str]


def _coalesce(*operands: str, fresh: Fresh) -> str:
    names = [fresh() for _ in operands[:-1]]
    parts = [
        f"{name} if ({name} := {operand}) is not None else " for name, operand in zip(names, operands, strict=False)
    ]
    return f"({''.join(parts)}{operands[-1]})"


def _case(*operands: str, fresh: Fresh) -> str:
    pairs = zip(operands[0:-1:2], operands[1:-1:2], strict=True)
    return f"({''.join(f'{value} if {condition} else ' for condition, value in pairs)}{operands[-1]})"


def _sql_case(*operands: str) -> str:
    pairs = zip(operands[0:-1:2], operands[1:-1:2], strict=True)
    whens = " ".join(f"WHEN {condition} THEN {value}" for condition, value in pairs)
    return f"(CASE {whens} ELSE {operands[-1]} END)"


declare(
    "coalesce",
    "choice of value",
    parameters=(many("a", *SINGLE, TEXTS),),
    result=None,
    same_types=True,
    nulls=True,
    meaning="第一个不为空的值；都为空则为空。",
    english="The first value that is not null.",
    examples=examples(("coalesce(n, 0)", 0, {"n": None}), ("coalesce(n, m, 7)", 5, {"n": None, "m": 5})),
    python=_coalesce,
    duckdb=lambda *operands: f"coalesce({', '.join(operands)})",
)
declare(
    "case",
    "choice of value",
    parameters=(),
    result=None,
    nulls=True,
    meaning="第一个成立的条件的值：case when 条件 then 值 ... else 值 end。没有 else 则为空；条件为空按不成立。",
    english="The value of the first true condition.",
    examples=examples(
        ("case when n >= 90 then 'a' when n >= 60 then 'b' else 'c' end", "b", {"n": 60}),
        ("case when n >= 90 then 'a' else 'c' end", "c", {"n": None}),
        ("case when n >= 90 then 'a' end", None, {"n": 1}),
    ),
    python=_case,
    duckdb=_sql_case,
)

"""The operators of the language: comparison, logic, choice of a value, arithmetic."""

from collections.abc import Callable

from zhiheng.engine.language.declaration import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    ORDERED,
    SINGLE,
    TEXT,
    TEXTS,
    declare,
    examples,
    form,
    joined,
    many,
    one,
)

Fresh = Callable[[], str]


def _three_valued(decisive: str, otherwise: str) -> Callable[..., str]:
    """AND is decided by one false, OR by one true; else an unknown part leaves the whole unknown."""

    def emit(*operands: str, fresh: Fresh) -> str:
        names = [fresh() for _ in operands]
        tests = " or ".join(
            f"({name} := {operand}) is {decisive}" for name, operand in zip(names, operands, strict=True)
        )
        unknown = " or ".join(f"{name} is None" for name in names)
        return f"({decisive} if {tests} else None if {unknown} else {otherwise})"

    return emit


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


def _in(value: str, *listed: str) -> str:
    return f"{value} in ({', '.join(listed)},)"


def _test(python: str) -> Callable[..., str]:
    return lambda operand, fresh: python.format(operand)


for _name, _python, _types, _meaning, _examples in (
    (
        "=",
        "==",
        SINGLE,
        "相等。任一边为空则结果为空(未知)。",
        [("x = 'a'", True, {"x": "a"}), ("x = 'a'", None, {"x": None})],
    ),
    (
        "<>",
        "!=",
        SINGLE,
        "不相等。任一边为空则结果为空；要把空也算作“不等”，用 is distinct from。",
        [("x <> 'a'", True, {"x": "b"}), ("x <> 'a'", None, {"x": None})],
    ),
    (
        "<",
        "<",
        ORDERED,
        "小于。只用于数值、日期和时间；文本不能比大小。",
        [("n < 90", False, {"n": 90}), ("n < 90", None, {"n": None})],
    ),
    ("<=", "<=", ORDERED, "小于或等于。", [("n <= 90", True, {"n": 90}), ("n <= 90", False, {"n": 90.5})]),
    (">", ">", ORDERED, "大于。", [("d > date '2025-01-01'", True, {"d": "2025-01-02"})]),
    (">=", ">=", ORDERED, "大于或等于。", [("t >= timestamp '2025-01-01 10:00'", False, {"t": "2025-01-01 09:59:59"})]),
):
    declare(
        _name,
        "comparison",
        parameters=(one("a", *_types), one("b", *_types)),
        result=BOOLEAN,
        same_types=True,
        meaning=_meaning,
        examples=examples(*_examples),
        python=form(f"({{0}} {_python} {{1}})"),
        duckdb=form(f"({{0}} {_name} {{1}})"),
    )

declare(
    "in",
    "comparison",
    parameters=(one("a", TEXT, NUMBER, DATE, DATETIME), many("b", TEXT, NUMBER, DATE, DATETIME)),
    result=BOOLEAN,
    same_types=True,
    meaning="等于所列常量之一。列表只能写常量，不能写 null。",
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
    examples=examples(
        ("x is distinct from 'a'", True, {"x": None}),
        ("x is distinct from 'a'", False, {"x": "a"}),
        ("x is not distinct from 'a'", False, {"x": None}),
    ),
    python=lambda a, b, fresh: f"({a} != {b})",
    duckdb=form("({0} IS DISTINCT FROM {1})"),
)
declare(
    "and",
    "logic",
    parameters=(many("a", BOOLEAN),),
    result=BOOLEAN,
    nulls=True,
    meaning="并且。有一个为假即为假；否则有一个为空即为空；全真为真。",
    examples=examples(
        ("p and q", False, {"p": None, "q": False}),
        ("p and q", None, {"p": None, "q": True}),
        ("p and q", True, {"p": True, "q": True}),
    ),
    python=_three_valued("False", "True"),
    duckdb=joined(" AND "),
)
declare(
    "or",
    "logic",
    parameters=(many("a", BOOLEAN),),
    result=BOOLEAN,
    nulls=True,
    meaning="或者。有一个为真即为真；否则有一个为空即为空；全假为假。",
    examples=examples(
        ("p or q", True, {"p": None, "q": True}),
        ("p or q", None, {"p": None, "q": False}),
        ("p or q", False, {"p": False, "q": False}),
    ),
    python=_three_valued("True", "False"),
    duckdb=joined(" OR "),
)
declare(
    "not",
    "logic",
    parameters=(one("a", BOOLEAN),),
    result=BOOLEAN,
    meaning="非。空的非仍为空。",
    examples=examples(("not p", False, {"p": True}), ("not p", None, {"p": None})),
    python=form("(not {0})"),
    duckdb=form("(NOT {0})"),
)
for _name, _python, _sql, _types, _meaning, _examples in (
    (
        "is null",
        "is None",
        "IS NULL",
        (*SINGLE, TEXTS),
        "为空(没有回答、没有记录)。结果从不为空。写 is not null 表示有值。",
        [("x is null", True, {"x": None}), ("x is not null", True, {"x": "a"}), ("c is null", False, {"c": []})],
    ),
    (
        "is true",
        "is True",
        "IS TRUE",
        (BOOLEAN,),
        "条件确实成立；假和空都得假。写 is not true 表示不成立或未知。",
        [("p is true", False, {"p": None}), ("p is not true", True, {"p": None})],
    ),
    (
        "is false",
        "is False",
        "IS FALSE",
        (BOOLEAN,),
        "条件确实不成立；真和空都得假。",
        [("p is false", True, {"p": False}), ("p is false", False, {"p": None})],
    ),
):
    declare(
        _name,
        "logic",
        parameters=(one("a", *_types),),
        result=BOOLEAN,
        nulls=True,
        meaning=_meaning,
        examples=examples(*_examples),
        python=_test(f"({{0}} {_python})"),
        duckdb=form(f"({{0}} {_sql})"),
    )

declare(
    "coalesce",
    "choice of value",
    parameters=(many("a", *SINGLE, TEXTS),),
    result=None,
    same_types=True,
    nulls=True,
    meaning="第一个不为空的值；都为空则为空。",
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
    meaning="按顺序取第一个成立的条件的值：case when 条件 then 值 ... else 值 end。没有 else 则为空；条件为空按不成立。",
    examples=examples(
        ("case when n >= 90 then 'a' when n >= 60 then 'b' else 'c' end", "b", {"n": 60}),
        ("case when n >= 90 then 'a' else 'c' end", "c", {"n": None}),
        ("case when n >= 90 then 'a' end", None, {"n": 1}),
    ),
    python=_case,
    duckdb=_sql_case,
)
declare(
    "+",
    "arithmetic",
    parameters=(many("a", NUMBER),),
    result=NUMBER,
    meaning="加。任一项为空则和为空。时间加减用 add_minutes、add_hours、add_days。",
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
    examples=examples(("x || '-' || y", "a-b", {"x": "a", "y": "b"}), ("x || y", None, {"x": "a", "y": None})),
    python=joined(" + "),
    duckdb=joined(" || "),
)

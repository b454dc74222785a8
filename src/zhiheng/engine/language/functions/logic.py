"""Logic of three values: a part that is unknown leaves the whole unknown unless another part decides."""

from collections.abc import Callable

from zhiheng.engine.language.declaration import BOOLEAN, SINGLE, TEXTS, declare, examples, form, joined, many, one
from zhiheng.engine.language.types import Type

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


declare(
    "and",
    "logic",
    parameters=(many("a", BOOLEAN),),
    result=BOOLEAN,
    nulls=True,
    meaning="并且。有一个为假即为假；否则有一个为空即为空；全真为真。",
    english="Both; false decides, else unknown stays unknown.",
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
    english="Either; true decides, else unknown stays unknown.",
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
    english="Not; unknown stays unknown.",
    examples=examples(("not p", False, {"p": True}), ("not p", None, {"p": None})),
    python=form("(not {0})"),
    duckdb=form("(NOT {0})"),
)


def _test(name: str, types: tuple[Type, ...], meaning: str, english: str, *rows: tuple[object, ...]) -> None:
    def python(operand: str, fresh: Fresh) -> str:
        return f"({operand} {name.replace('null', 'None').replace('true', 'True').replace('false', 'False')})"

    declare(
        name,
        "logic",
        parameters=(one("a", *types),),
        result=BOOLEAN,
        nulls=True,
        meaning=meaning,
        english=english,
        examples=examples(*rows),
        python=python,
        duckdb=form(f"({{0}} {name.upper()})"),
    )


_test(
    "is null",
    (*SINGLE, TEXTS),
    "为空(没有回答、没有记录)。结果从不为空。写 is not null 表示有值。",
    "Has no value.",
    ("x is null", True, {"x": None}),
    ("x is not null", True, {"x": "a"}),
    ("c is null", False, {"c": []}),
)
_test(
    "is true",
    (BOOLEAN,),
    "条件确实成立；假和空都得假。写 is not true 表示不成立或未知。",
    "Is true, neither false nor unknown.",
    ("p is true", False, {"p": None}),
    ("p is not true", True, {"p": None}),
)
_test(
    "is false",
    (BOOLEAN,),
    "条件确实不成立；真和空都得假。",
    "Is false, neither true nor unknown.",
    ("p is false", True, {"p": False}),
    ("p is false", False, {"p": None}),
)

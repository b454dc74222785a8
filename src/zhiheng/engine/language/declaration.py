"""How a function of the language is declared: its types, meaning, examples and one emitter per target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zhiheng.engine.language.types import Type

TEXT, NUMBER, DATE, DATETIME, BOOLEAN, TEXTS = Type
TIMES = (DATE, DATETIME)
ORDERED = (NUMBER, DATE, DATETIME)
SINGLE = (TEXT, NUMBER, DATE, DATETIME, BOOLEAN)

# Takes the operands as text of the target language, constants (see Parameter.constant) as their values.
Emitter = Callable[..., str]


@dataclass(frozen=True)
class Parameter:
    """One operand: the types it takes; whether it must be written as a constant; whether it may be repeated."""

    name: str
    types: tuple[Type, ...]
    constant: bool = False
    repeated: bool = False


@dataclass(frozen=True)
class Example:
    """A spec test that the manual prints too: the expression, the row, the answer on every target."""

    text: str
    answer: object
    given: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Function:
    """One function or operator.

    Unless `nulls` is true, the answer is null when an operand is null and emitters need not care; with it, the
    Python emitter is also given `fresh`, which makes names for values that it must look at twice.
    `partial` functions may answer null although no operand is null. A `result` of None is the type of the first
    operand. `prepare` checks the constants when an expression is parsed and may raise ValueError.
    """

    name: str
    group: str
    parameters: tuple[Parameter, ...]
    result: Type | None
    meaning: str
    english: str
    examples: tuple[Example, ...]
    python: Emitter
    duckdb: Emitter
    nulls: bool = False
    partial: bool = False
    same_types: bool = False
    prepare: Callable[[tuple[Any, ...]], None] | None = None

    def parameter(self, index: int) -> Parameter:
        """Return the parameter of the operand at `index`; the last one may be repeated."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    @property
    def is_called(self) -> bool:
        """Whether it is written name(a, b); the others are operators."""
        return self.name == "coalesce" or self.group not in OPERATORS


# The groups whose members are written with signs and words of their own.
OPERATORS = ("comparison", "logic", "choice of value", "arithmetic")

FUNCTIONS: dict[str, Function] = {}


def declare(name: str, group: str, **said: Any) -> None:
    """Add a function to the language."""
    FUNCTIONS[name] = Function(name=name, group=group, **said)


def form(template: str) -> Emitter:
    """Return an emitter that puts its operands into `{0}`, `{1}`..."""
    return template.format


def joined(separator: str) -> Emitter:
    """Return an emitter that writes its operands with `separator` between them."""
    return lambda *operands: f"({separator.join(operands)})"


def one(name: str, *types: Type) -> Parameter:
    return Parameter(name, types)


def many(name: str, *types: Type) -> Parameter:
    return Parameter(name, types, repeated=True)


def constant(name: str, *types: Type) -> Parameter:
    return Parameter(name, types, constant=True)


def constant_list(name: str, *types: Type) -> Parameter:
    return Parameter(name, types, constant=True, repeated=True)


def sql_text(value: str) -> str:
    """Return a text constant of SQL."""
    return "'" + value.replace("'", "''") + "'"


def examples(*rows: tuple[Any, ...]) -> tuple[Example, ...]:
    return tuple(Example(*row) for row in rows)

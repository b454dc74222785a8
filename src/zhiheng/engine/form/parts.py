"""The parts of a compiled form, and of what is said about a set of answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from zhiheng.engine.language import Expression, Scope, Type

if TYPE_CHECKING:
    from zhiheng.engine.form.program import Program
    from zhiheng.engine.form.values import Read


class ItemType(StrEnum):
    """What an answer is; `choices` takes any number of options, `choice` exactly one."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True)
class Sets:
    """When `when` is true, the item `target` (an identifier) takes the value `to`; None clears it."""

    when: Expression
    target: str
    to: Expression | None


@dataclass(frozen=True)
class Limit:
    """What must hold of an answer; a limit that is unknown (an operand is unanswered) is not judged."""

    id: str
    holds: Expression
    message: str
    severity: str = "error"


@dataclass(frozen=True)
class Item:
    """One item of a form; `code` is the national code, `id` its identifier in expressions."""

    code: str
    id: str
    label: str
    type: ItemType
    section: tuple[str, ...] = ()
    alias: str | None = None
    required: bool = False
    options: tuple[Option, ...] = ()
    shown: Expression | None = None
    computed: Expression | None = None
    default: str | None = None
    sets: tuple[Sets, ...] = ()
    limits: tuple[Limit, ...] = ()
    max_length: int | None = None
    readonly: bool = False
    hidden_by_default: bool = False


@dataclass(frozen=True)
class Form:
    """The items in the order of the form; `scope` names and types them for expressions."""

    abbr: str
    items: tuple[Item, ...]
    scope: Scope
    edition: str = ""

    @cached_property
    def by_code(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}

    @cached_property
    def by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def limits(self) -> tuple[tuple[Item, Limit], ...]:
        """Every limit with its item; a run of the program counts in this list."""
        return tuple((item, limit) for item in self.items for limit in item.limits)

    @cached_property
    def program(self) -> "Program":
        """The generated Python; it is pickled with the form, so that a cached form need not be generated again."""
        from zhiheng.engine.form.program import compile_form

        return compile_form(self)

    @cached_property
    def readers(self) -> "dict[str, tuple[str, Read]]":
        """By code, the identifier and the function that reads an answer."""
        from zhiheng.engine.form.values import reader

        numbers = {item.id for item in self.items if self.scope.field(item.id).type is Type.NUMBER}
        return {item.code: (item.id, reader(item, number=item.id in numbers)) for item in self.items}

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "readers"}


@dataclass(frozen=True)
class Finding:
    """Something wrong with the answers: by which rule, at which item, and what was found there."""

    rule: str
    item: str
    severity: str
    message: str
    found: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """What follows from answers. Everything is by national code, and values are in JSON form.

    `values` holds the shown, answered items. `missing` are required, shown and unanswered. `aside` are answers that
    do not count now: of items that are not shown, and of items that the form derives otherwise. `origins` tells, for
    values that are no answer, what made them: `sets`, `computed` or `default`.
    """

    shown: tuple[str, ...]
    values: Mapping[str, object]
    missing: tuple[str, ...]
    findings: tuple[Finding, ...]
    aside: Mapping[str, object] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

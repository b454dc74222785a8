"""A national form, compiled, and what follows from a set of answers: shown, derived, missing, wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhiheng.engine.language import Expression, Scope


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
    """`values` are in JSON form and hold shown, answered items only; `aside` are the answers of hidden ones."""

    shown: tuple[str, ...]
    values: Mapping[str, object]
    missing: tuple[str, ...]
    findings: tuple[Finding, ...]
    aside: Mapping[str, object] = field(default_factory=dict)


def evaluate(form: Form, answers: Mapping[str, object]) -> Evaluation:
    """What follows from `answers` (national code to JSON value)."""
    raise NotImplementedError

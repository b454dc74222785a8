"""The shape of a national form template, as `zhiheng pack import-form` reads it."""

from typing import Any, Literal

from pydantic import Field

from zhiheng.lib.models import Spec

Comparison = Literal["==", "!=", ">=", "<=", ">", "<"]


class Rule(Spec):
    """`item op value`, and with `and_op` a second bound that must hold too; `def` stands for unanswered."""

    item: str
    op: Comparison
    value: str
    and_op: Comparison | None = None
    and_value: str | None = None


class ShowRule(Rule):
    """A rule that shows or hides."""

    effect: Literal["show", "hide"]


class SetRule(Rule):
    """A rule that gives the item `set` the value `to`."""

    set_: str = Field(alias="set")
    to: str


class LimitRule(Spec):
    """What must hold of an answer: against a value or against another item."""

    op: Comparison
    value: str | None = None
    item: str | None = None


class CalculatedLimit(Spec):
    """`left op right` compared with a value and its unit, or with an item."""

    left: list[str]
    op: Literal["-", "+"]
    right: list[str]
    compare: Comparison
    value: str | None = None
    item: str | None = None
    unit: Literal["h", "d", "double"]


class TemplateItem(Spec):
    """One item of a template."""

    code: str = Field(min_length=1)
    name: str
    section: list[str] = Field(min_length=1)
    type_: Literal["text", "number", "date", "datetime", "choice", "choices"] = Field(alias="type")
    widget: str | None = None
    required: bool = False
    options: list[list[str]] = Field(default_factory=list)
    shown_when: list[list[ShowRule]] = Field(default_factory=list)
    sets: list[SetRule] = Field(default_factory=list)
    computed: str | None = None
    limits: list[LimitRule] = Field(default_factory=list)
    calculated_limits: list[CalculatedLimit] = Field(default_factory=list)
    max_length: int | None = None
    readonly: bool = False
    hidden_by_default: bool = False


class Template(Spec):
    """A national form template."""

    no: int
    abbr: str = Field(min_length=1)
    platform_disease_type: str
    platform_form: str
    snapshot: str
    sections: list[Any] = Field(default_factory=list)  # repeated on each item, where they are read
    items: list[TemplateItem] = Field(min_length=1)

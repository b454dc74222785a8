"""The shape of form.yaml: sections, items, options, rules and limits."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from zhiheng.lib.models import Spec

Expressions = str | list[str]


class SetsSpec(Spec):
    """When `when` is true, the item takes the value `to` (null clears it)."""

    when: str
    item: str
    to: str | None


class LimitSpec(Spec):
    """What must hold of an answer, and what people are told when it does not."""

    holds: str
    message: str
    id: str | None = None
    severity: Literal["error", "advisory", "hint"] = "error"
    source: str | None = None


class ItemSpec(Spec):
    """One item; `show` is one condition or a list that must all hold, outermost first."""

    item: str
    label: str
    type_: Literal["text", "number", "date", "datetime", "choice", "choices"] = Field(alias="type")
    alias: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*$")
    required: bool = False
    readonly: bool = False
    hidden: bool = False
    default: str | None = None
    max_length: int | None = Field(None, gt=0)
    options: str | dict[str, str] | None = None
    show: Expressions | None = None
    computed: str | None = None
    sets: list[SetsSpec] = Field(default_factory=list)
    limits: list[LimitSpec] = Field(default_factory=list)
    source: str | None = None
    notes: str | None = None
    # What the national form says here and nobody can resolve: carried along, never guessed.
    unresolved: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_options_when_it_is_a_choice(self) -> Self:
        if self.options is not None and self.type_ not in ("choice", "choices"):
            raise ValueError(f"an item of type {self.type_} has no options. Remove them or make it a choice.")
        if self.max_length is not None and self.type_ != "text":
            raise ValueError(f"an item of type {self.type_} has no max_length. Remove it.")
        return self


class UseSpec(Spec):
    """An item that is written once in packs/common/items.yaml."""

    use: str


def _kind(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "<item>" if isinstance(entry, ItemSpec) else "<use>" if isinstance(entry, UseSpec) else "<section>"
    return "<use>" if "use" in entry else "<section>" if "section" in entry else "<item>"


Entry = Annotated[
    Annotated[ItemSpec, Tag("<item>")] | Annotated[UseSpec, Tag("<use>")] | Annotated["SectionSpec", Tag("<section>")],
    Discriminator(_kind),
]


class SectionSpec(Spec):
    """A section: `show` holds for everything in it; `items` are items and sections in their order."""

    section: str
    show: Expressions | None = None
    items: list[Entry]


class AmendmentSpec(Spec):
    """A change to a national item that the national form does not have yet, told apart from the original."""

    item: str
    add_options: dict[str, str]
    source: str
    confidence: str


class FormSpec(Spec):
    """form.yaml."""

    form: str
    edition: str | None = None
    aliases: dict[str, str] = Field(default_factory=dict)
    options: dict[str, dict[str, str]] = Field(default_factory=dict)
    sections: list[SectionSpec]
    amendments: list[AmendmentSpec] = Field(default_factory=list)


class CommonItemsSpec(Spec):
    """packs/common/items.yaml: items that several forms use unchanged."""

    items: list[ItemSpec]


class CommonOptionsSpec(Spec):
    """packs/common/options.yaml: option lists by name."""

    options: dict[str, dict[str, str]]


class CommonAliasesSpec(Spec):
    """packs/common/aliases.yaml: readable names of items that many forms have."""

    aliases: dict[str, str]

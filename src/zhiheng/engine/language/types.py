"""What expressions speak about: types, the fields in scope, the checked tree and the errors."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from zhiheng.lib.suggest import did_you_mean


class Type(StrEnum):
    """The type of a value. `TEXTS` is a list of texts: the options chosen in a multiple choice."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    TEXTS = "texts"


class ExpressionError(ValueError):
    """An expression that cannot be used. `position` counts characters from 0; `text` is the whole expression."""

    def __init__(self, problem: str, *, text: str = "", position: int | None = None) -> None:
        self.problem = problem
        self.text = text
        self.position = position
        super().__init__(self._message())

    def _message(self) -> str:
        if self.position is None or not self.text:
            return self.problem
        before = self.text[: self.position]
        line, column = before.count("\n") + 1, self.position - (before.rfind("\n") + 1) + 1
        place = f"column {column}" if line == 1 else f"line {line}, column {column}"
        shown = self.text.split("\n")[line - 1]
        start = max(0, column - 60)
        return f"{self.problem} (at {place})\n    {shown[start : start + 120]}\n    {' ' * (column - 1 - start)}^"

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore_error, (self.problem, self.text, self.position))


def _restore_error(problem: str, text: str, position: int | None) -> ExpressionError:
    return ExpressionError(problem, text=text, position=position)


@dataclass(frozen=True)
class Field:
    """A name that expressions may use. `options` are the allowed values, in their order, of a choice."""

    name: str
    type: Type
    options: tuple[str, ...] = ()


class Scope:
    """The fields an expression may use, by name or by alias."""

    def __init__(self, fields: Iterable[Field], aliases: Mapping[str, str] | None = None) -> None:
        self._fields = {each.name: each for each in fields}
        self._aliases = dict(aliases or {})
        for alias, name in self._aliases.items():
            if name not in self._fields:
                raise ExpressionError(f'Alias "{alias}" stands for the unknown field "{name}".')
            if alias in self._fields and alias != name:
                raise ExpressionError(f'Alias "{alias}" is also the name of a field.')

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def __contains__(self, name: str) -> bool:
        return name in self._fields or name in self._aliases

    def field(self, name: str) -> Field:
        """Return the field called `name`, which may be an alias."""
        found = self._fields.get(self._aliases.get(name, name))
        if found is None:
            known = [*self._fields, *self._aliases]
            raise ExpressionError(f'Unknown name "{name}".{did_you_mean(name, known) or _listing(known)}')
        return found


def _listing(names: list[str]) -> str:
    if not names:
        return " No field can be used here."
    return f" Fields: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}."


@dataclass(frozen=True)
class Literal:
    """A constant: text, number, boolean, date, datetime, or null of a type."""

    value: object
    type: Type


@dataclass(frozen=True)
class Reference:
    """The value of a field."""

    name: str
    type: Type


@dataclass(frozen=True)
class Call:
    """An operator or a function applied to its operands."""

    name: str
    operands: tuple["Node", ...]
    type: Type


Node = Literal | Reference | Call


@dataclass(frozen=True)
class Expression:
    """A checked expression: hashable, picklable, free of any parser's objects."""

    text: str
    node: Node
    fields: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def type(self) -> Type:
        return self.node.type

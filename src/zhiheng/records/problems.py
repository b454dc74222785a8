"""What is wrong with one value or row of a source, said so that a hospital's engineer can mend it."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """What happened to the data that a problem is about."""

    FILE = "file"  # the whole file was set aside
    ROW = "row"  # the row was set aside
    FIELD = "field"  # the field was left empty, the row went on
    NOTED = "noted"  # nothing was changed, it is only reported


@dataclass(frozen=True)
class Problem:
    """One problem. `reason` and `remedy` are Chinese; `found` is the value as the source wrote it."""

    kind: str
    column: str
    found: str
    reason: str
    remedy: str
    effect: Effect = Effect.FIELD

    def at(self, column: str) -> "Problem":
        """Return the same problem of another column."""
        return replace(self, column=column)

    def doing(self, effect: Effect) -> "Problem":
        """Return the same problem with another effect."""
        return replace(self, effect=effect)


def shown(value: object, length: int = 200) -> str:
    """Return a value as text for a report: short, and without characters that no file can hold."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
    return text if len(text) <= length else text[:length] + f"…(共{len(text)}字)"

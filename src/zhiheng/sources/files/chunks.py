"""What every format turns into: a header, then the rows in chunks, and the rows that could not be read."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from zhiheng.records.problems import Effect, Problem, shown

CHUNK = 20_000
_BROKEN = re.compile("[\udc00-\udcff]")


@dataclass
class Chunk:
    """Some rows of a file. `numbers` are their places as an editor or a spreadsheet counts them, from 1."""

    numbers: list[int] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    problems: list[tuple[int, Problem]] = field(default_factory=list)


class Sheet(Protocol):
    """An opened tabular file."""

    header: list[str]
    encoding: str

    def chunks(self) -> Iterator[Chunk]: ...

    def position(self) -> int:
        """Return how many bytes of the file are done."""


Wanted = Callable[[list[str]], int]  # how many of the wanted columns a header has


def unreadable_row(kind: str, found: object, reason: str, remedy: str) -> Problem:
    """Return the problem of a row that could not even be split into fields."""
    return Problem(kind, "", shown(found), reason, remedy, Effect.ROW)


def broken_cell(row: list[Any]) -> str | None:
    """Return the first field with a byte that is no character."""
    # Broken fields are few and rows may have hundreds: the row is looked at as a whole first.
    if _BROKEN.search("".join([cell for cell in row if type(cell) is str])) is None:
        return None
    return next(cell for cell in row if type(cell) is str and _BROKEN.search(cell))


def broken_row(cell: str) -> Problem:
    reason = "含有不完整的字符（多字节字符被截断），该行内容不可信"
    return unreadable_row("cut_character", cell, reason, "请核对导出程序是否按字节截断了字段，然后重新导出")

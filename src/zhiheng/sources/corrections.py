"""Values that a person typed in place of what a file holds: laid over its cells each time that it is read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zhiheng.records.problems import shown
from zhiheng.sources.base import Reject

if TYPE_CHECKING:
    from zhiheng.sources.files.chunks import Chunk


@dataclass(frozen=True)
class Correction:
    """What a person typed for a reject: for its row, or `everywhere` in the file where the field has this value."""

    file: str
    row: str
    field: str
    found: str
    value: str
    everywhere: bool = False


def can_correct(reject: Reject) -> bool:
    """Say whether a value typed for a reject would be laid over a cell: it must name a row and a field of a table."""
    return bool(reject.field) and row_number(reject.row) is not None


def row_number(row: str) -> int | None:
    """Return the row of a table that a reject names; None for a file, and for a resource, which has no rows."""
    digits = row.split("（")[0]  # of rejects that are alike, the first row stands for those that were counted
    return int(digits) if digits.isascii() and digits.isdigit() else None


@dataclass
class FileCorrections:
    """The corrections of one file."""

    by_row: dict[tuple[int, str], str] = field(default_factory=dict)
    by_value: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def apply(self, chunk: "Chunk", places: Mapping[str, int]) -> None:
        """Lay the corrections over the rows of a chunk. `places`: where each field stands in a row."""
        for name, values in self.by_value.items():
            place = _place(name, places)
            for row in chunk.rows if place is not None else ():
                if (correct := values.get(_as_found(row[place]))) is not None:
                    row[place] = correct
        rows = dict(zip(chunk.numbers, chunk.rows, strict=True)) if self.by_row else {}
        for (number, name), value in self.by_row.items():
            place = _place(name, places)
            if place is not None and number in rows:
                rows[number][place] = value


class Corrections:
    """The corrections of a delivery, by file."""

    def __init__(self, corrections: Iterable[Correction] = ()) -> None:
        self._of_file: dict[str, FileCorrections] = defaultdict(FileCorrections)
        for each in corrections:
            number = row_number(each.row)
            if each.everywhere:
                self._of_file[each.file].by_value[each.field][each.found] = each.value
            elif number is not None:
                self._of_file[each.file].by_row[number, each.field] = each.value

    def apply(self, file: str, chunk: "Chunk", places: Mapping[str, int]) -> None:
        """Lay the corrections of a file over the rows of a chunk."""
        if file in self._of_file:
            self._of_file[file].apply(chunk, places)


def _as_found(cell: Any) -> str:
    return shown(cell.strip() if isinstance(cell, str) else cell)


def _place(field: str, places: Mapping[str, int]) -> int | None:
    """Return where the field of a reject stands: `收缩压`, `收缩压、舒张压` (the first is taken) or `A11 姓名`."""
    names = (field, *field.split("、"), field.split(" ")[0])
    return next((places[name] for name in names if name in places), None)

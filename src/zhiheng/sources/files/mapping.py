"""The columns of a file -> canonical columns, as a profile's mapping says, many rows at a time."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from zhiheng.records import build, numbers, times
from zhiheng.records.problems import Problem, shown
from zhiheng.records.schema import TABLES, TIME, Column
from zhiheng.sources.files.attach import Encounters
from zhiheng.sources.files.feed import VALUE, ColumnFrom, Mapping
from zhiheng.sources.profile import Profile

Step = Callable[[Any], Any]  # one cell -> a value, None or a Problem
_MEMORY = 100_000


@dataclass
class Rows:
    """Rows of a file, column by column, with their places."""

    columns: dict[str, list[Any]]
    numbers: list[int]

    def take(self, kept: Sequence[int]) -> "Rows":
        """Return the rows at these places."""
        columns = {name: [cells[at] for at in kept] for name, cells in self.columns.items()}
        return Rows(columns, [self.numbers[at] for at in kept])


@dataclass
class Mapped:
    """Canonical columns, the records' keys, and the places of the rows."""

    columns: dict[str, list[Any]]
    keys: list[str]
    numbers: list[int]


@dataclass
class Mapper:
    """Applies one mapping to one file."""

    profile: Profile
    mapping: Mapping
    encounters: Encounters | None = None
    _steps: dict[str, Step] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)  # rows with a key of their whole content

    def __post_init__(self) -> None:
        table = TABLES[self.mapping.table]
        for name, column in self.mapping.columns.items():
            self._steps[name] = _remembering(_step(column, None if name == VALUE else table.column(name), self.profile))

    def map(self, rows: Rows) -> Mapped:
        """Return the canonical columns of the rows that the mapping wants."""
        rows = self._wanted(rows)
        keys = self._keys(rows)
        for rearrange in (self._split, self._unpivot):
            rows, keys = rearrange(rows, keys)
        columns: dict[str, list[Any]] = {}
        for name, column in self.mapping.columns.items():
            columns |= self._column(name, column, rows)
        columns |= self._implied(rows)
        if self.mapping.encounter:
            columns["encounter_id"] = self._attach(rows, columns)
        return Mapped(columns, keys, rows.numbers)

    def _wanted(self, rows: Rows) -> Rows:
        kept: Sequence[int] = range(len(rows.numbers))
        for conditions, wanted in ((self.mapping.where, True), (self.mapping.unless, False)):
            for name, value in conditions.items():
                values = {value} if isinstance(value, str) else set(value)
                cells = rows.columns[name]
                kept = [at for at in kept if (_plain(cells[at]) in values) == wanted]
        return rows if len(kept) == len(rows.numbers) else rows.take(kept)

    def _keys(self, rows: Rows) -> list[str]:
        prefix = f"{self.mapping.name}/" if self.mapping.name else ""
        columns = self.mapping.key_columns
        if columns is None:
            return [prefix + key for key in self._content_keys(rows)]
        cells = [[_plain(cell) for cell in rows.columns[name]] for name in columns]
        return [prefix + "/".join(parts) for parts in zip(*cells, strict=True)]

    def _content_keys(self, rows: Rows) -> list[str]:
        """Name each row by its content; the second equal row is another event, and is so in every reading."""
        cells = [rows.columns[name] for name in sorted(self.mapping.needed())]
        keys = []
        for parts in zip(*cells, strict=True):
            key = hashlib.sha256("\x1f".join(map(_plain, parts)).encode("utf-8", "replace")).hexdigest()[:24]
            self._seen[key] += 1
            keys.append(key if self._seen[key] == 1 else f"{key}/{self._seen[key]}")
        return keys

    def _split(self, rows: Rows, keys: list[str]) -> tuple[Rows, list[str]]:
        split = self.mapping.split
        if not split:
            return rows, keys
        places, pieces, named = [], [], []
        for at, cell in enumerate(rows.columns[split.column]):
            for piece in filter(None, map(str.strip, _plain(cell).split(split.by))):
                places.append(at)
                pieces.append(piece)
                named.append(f"{keys[at]}/{piece}")
        taken = rows.take(places)
        taken.columns[split.column] = pieces
        return taken, named

    def _unpivot(self, rows: Rows, keys: list[str]) -> tuple[Rows, list[str]]:
        unpivot = self.mapping.unpivot
        if not unpivot:
            return rows, keys
        places, cells, names = [], [], []
        for at in range(len(rows.numbers)):
            for name in unpivot.columns:
                cell = rows.columns[name][at]
                if not self._is_empty(cell):
                    places.append(at)
                    cells.append(cell)
                    names.append(name)
        taken = rows.take(places)
        taken.columns |= {_CELL: cells, _NAME: names}
        return taken, [f"{keys[at]}/{name}" for at, name in zip(places, names, strict=True)]

    def _implied(self, rows: Rows) -> dict[str, list[Any]]:
        unpivot = self.mapping.unpivot
        if not unpivot:
            return {}
        columns: dict[str, list[Any]] = {
            name: [unpivot.columns[source].get(name) for source in rows.columns[_NAME]]
            for name in dict.fromkeys(name for implied in unpivot.columns.values() for name in implied)
        }
        cells = rows.columns[_CELL]
        return columns | (split_values(cells) if unpivot.into == VALUE else {unpivot.into: cells})

    def _column(self, name: str, column: ColumnFrom, rows: Rows) -> dict[str, list[Any]]:
        if column.constant is not None:
            return {name: list(repeat(column.constant, len(rows.numbers)))}
        present = [rows.columns[source] for source in column.sources if source in rows.columns]
        if not present:
            return {}
        cells = present[0] if len(present) == 1 else [self._first(parts) for parts in zip(*present, strict=True)]
        cells = [None if self._is_empty(cell) else cell for cell in cells] if self.profile.empty else cells
        values = list(map(self._steps[name], cells))
        return split_values(values) if name == VALUE else {name: values}

    def _first(self, cells: tuple[Any, ...]) -> Any:
        return next((cell for cell in cells if not self._is_empty(cell)), None)

    def _is_empty(self, cell: Any) -> bool:
        return (
            cell is None
            or cell == ""
            or (type(cell) is str and (not cell.strip() or cell.strip() in self.profile.empty))
        )

    def _attach(self, rows: Rows, columns: dict[str, list[Any]]) -> list[Any]:
        how = self.mapping.encounter
        assert how is not None
        assert self.encounters is not None
        moments = columns.get(how.time or "", repeat(None, len(rows.numbers)))
        zone = self.profile.times.convert_to
        read = _remembering(lambda value: value if value is None else build.to_moment(value, zone))
        return [
            self.encounters.find(how, _plain(patient), read(moment))
            for patient, moment in zip(rows.columns[how.patient], moments, strict=True)
        ]


# Names for columns that no file can have.
_CELL, _NAME = "\x00cell", "\x00name"


def split_values(cells: list[Any]) -> dict[str, list[Any]]:
    """Return results as value_number with its comparator where they are numbers, as value_text where they are not."""
    if not cells:
        return {"value_number": [], "comparator": [], "value_text": []}
    value_number, comparator, value_text = zip(*map(_remembering(_split_value), cells), strict=True)
    return {"value_number": list(value_number), "comparator": list(comparator), "value_text": list(value_text)}


def _split_value(cell: Any) -> tuple[Any, Any, Any]:
    number = numbers.parse(cell) if isinstance(cell, str) and cell.strip() else cell
    if isinstance(number, numbers.Number):
        return number.value, number.comparator or None, None
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell, None, None
    return None, None, cell


def _step(column: ColumnFrom, target: Column | None, profile: Profile) -> Step:
    """Return what a mapping does to each cell of a column, from left to right as its keys are listed in the manual."""
    steps: list[Step] = []
    if column.pattern:
        steps.append(_by_pattern(re.compile(column.pattern)))
    if column.part:
        steps.append(_part(column.part, column.otherwise))
    if column.map is not None:
        steps.append(_by_map(column.map))
    if column.separator:
        separator = column.separator
        steps.append(lambda text: [piece for piece in map(str.strip, str(text).split(separator)) if piece])
    if column.format:
        steps.append(_by_format(column.formats))
    if column.precision:
        steps.append(_with_precision(column.precision, profile))
    if column.factor is not None or column.offset is not None:
        steps.append(_scaled(1.0 if column.factor is None else column.factor, column.offset or 0.0))
    if not steps and target is not None and target.type == TIME and profile.times.convert_to is not None:
        zone = profile.times.convert_to
        steps.append(lambda value: build.to_moment(value, zone))

    def apply(value: Any) -> Any:
        for step in steps:
            if value is None or value == "" or type(value) is Problem:
                return value
            value = step(value)
        return value

    return apply if steps else _same


def _same(value: Any) -> Any:
    return value


def _remembering(step: Step) -> Step:
    if step is _same:
        return step
    memory: dict[str, Any] = {}

    def remembered(value: Any) -> Any:
        if type(value) is not str:
            return step(value)
        if value not in memory:
            if len(memory) > _MEMORY:
                memory.clear()
            memory[value] = step(value)
        return memory[value]

    return remembered


def _by_pattern(pattern: re.Pattern[str]) -> Step:
    def step(value: Any) -> Any:
        match = pattern.search(_plain(value))
        return match[1] if match else None

    return step


def _by_map(values: dict[str, Any]) -> Step:
    def step(value: Any) -> Any:
        text = _plain(value)
        if text in values:
            return values[text]
        if "*" in values:
            return values["*"]
        remedy = "请在接入方案该列的 map 中补上这个值，或用“*”说明其余值如何处理"
        return Problem("unknown_code", "", shown(text), "取值不在接入方案的对应表中", remedy)

    return step


def _by_format(formats: list[str]) -> Step:
    def step(value: Any) -> Any:
        if isinstance(value, int | float) and "excel" in formats:
            return times.from_excel(value)
        return times.parse(value, formats) if isinstance(value, str) else value

    return step


def _with_precision(precision: str, profile: Profile) -> Step:
    order = ("date", "minute", "second")

    def step(value: Any) -> Any:
        moment = build.to_moment(value, profile.times.convert_to)
        if not isinstance(moment, times.Moment):
            return moment
        if order.index(moment.precision) <= order.index(precision):
            return moment
        value = moment.value.replace(second=0)
        return times.Moment(value.replace(hour=0, minute=0) if precision == "date" else value, precision)

    return step


def _part(part: str, otherwise: str) -> Step:
    def step(value: Any) -> Any:
        if isinstance(value, int | float):
            return value if part == "number" else None
        found = numbers.quantity(_plain(value))
        if isinstance(found, Problem):
            return None if otherwise == "empty" else found
        if part == "number":
            return found.number.value if not found.number.comparator else value
        return (found.unit if part == "unit" else found.rest) or None

    return step


def _scaled(factor: float, offset: float) -> Step:
    def step(value: Any) -> Any:
        number = build.to_number(value)
        # 0.1 * 3 is 0.30000000000000004; no source measures to twelve places.
        return round(number * factor + offset, 12) if isinstance(number, float) else number

    return step


def _plain(value: Any) -> str:
    """Return a cell as text for keys and conditions: empty for none, whole numbers without '.0'."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, times.Moment):
        return value.value.isoformat(sep=" ")
    if isinstance(value, Problem):
        return value.found
    text = build.to_text(value) if value is not None else None
    return text if isinstance(text, str) else ""

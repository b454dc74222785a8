"""The fields of front pages -> canonical rows, as the layout says, many pages at a time."""

import re
from collections.abc import Callable
from typing import Any

from zhiheng.records import build, numbers
from zhiheng.records.problems import Problem, shown
from zhiheng.sources.frontpage.feed import Feed
from zhiheng.sources.frontpage.layout import Domain, Layout, Record, Taken
from zhiheng.sources.frontpage.page import Pages

_UNSEEN = object()
_LISTED = re.compile("[,，、;；]")


class Mapper:
    """Maps the pages of one feed. What a code means is looked up once for each code."""

    def __init__(self, layout: Layout, feed: Feed) -> None:
        self.layout, self.feed = layout, feed
        self._memories: dict[tuple[Any, ...], dict[Any, Any]] = {}

    def rows(self, record: Record, pages: Pages) -> tuple[dict[str, list[Any]], list[str], list[int]]:
        """Return canonical columns, keys and the places of the pages that the rows come from."""
        at = self._standing(record, pages)
        if not at:
            return {}, [], []
        columns: dict[str, list[Any]] = {name: [value] * len(at) for name, value in record.always.items()}
        for name, taken in record.columns.items():
            values = self._take(taken, pages, at)
            if values is not None:
                columns[name] = values
        keys = [f"{pages.visits[place]}/{record.id}" for place in at]
        if record.split:
            columns, keys, at = _split(record, columns, keys, at)
        columns["encounter_id"] = [pages.visits[place] for place in at]
        return columns, keys, at

    def own(self, pages: Pages) -> dict[str, list[Any]]:
        """Return the encounter's columns that the profile adds to the layout."""
        at = list(range(len(pages)))
        taken = {name: self._take(one, pages, at) for name, one in self.feed.columns.items()}
        return {name: values for name, values in taken.items() if values is not None}

    def _standing(self, record: Record, pages: Pages) -> list[int]:
        if not record.needs:
            return list(range(len(pages)))
        filled = [pages.columns[name] for name in record.needs if name in pages.columns]
        if len(filled) == 1:
            return [place for place, cell in enumerate(filled[0]) if cell is not None]
        return [place for place in range(len(pages)) if any(cells[place] is not None for cells in filled)]

    def _take(self, taken: Taken, pages: Pages, at: list[int]) -> list[Any] | None:
        if taken.hours:
            return _hours([pages.columns.get(name) for name in taken.hours], at)
        name = taken.from_ or ""
        if taken.or_:
            pair = zip(pages.column(name), pages.column(taken.or_), strict=True)
            either = [first if first is not None else second for first, second in pair]
            return [either[place] for place in at]
        if name not in pages.columns:
            return None if taken.otherwise is None else [taken.otherwise] * len(at)
        cells = pages.columns[name]
        values = self._means(taken, name, [cells[place] for place in at])
        for other, wanted in taken.when.items():
            tested = pages.column(other)
            values = [value if str(tested[place]) in wanted else None for value, place in zip(values, at, strict=True)]
        return values

    def _means(self, taken: Taken, name: str, cells: list[Any]) -> list[Any]:
        meaning = self._meaning(taken, name)
        if meaning is None:
            return cells
        memory = self._memories.setdefault((name, taken.part, taken.factor, bool(taken.map)), {})
        values = []
        for cell in cells:
            value = memory.get(cell, _UNSEEN)
            if value is _UNSEEN:
                value = taken.otherwise if cell is None else meaning(cell)
                if len(memory) < 100_000:
                    memory[cell] = value
            values.append(value)
        return values

    def _meaning(self, taken: Taken, name: str) -> Callable[[Any], Any] | None:
        if taken.map is not None:
            return lambda cell: _mapped(taken.map or {}, cell)
        if taken.factor is not None:
            return lambda cell: _scaled(cell, taken.factor or 1.0)
        if name not in self.layout.fields:  # a column of the hospital's own
            return (lambda cell: cell) if taken.otherwise is not None else None
        domain = self.layout.domain(name, self.feed.domains)
        if domain is not None:
            return lambda cell: _coded(domain, taken.part, cell)
        return (lambda cell: cell) if taken.otherwise is not None else None


def _mapped(said: dict[str, Any], cell: Any) -> Any:
    text = build.to_text(cell)
    return said[text] if text in said else said["*"] if "*" in said else _unknown(cell, list(said))


def _scaled(cell: Any, factor: float) -> Any:
    number = numbers.parse(cell) if type(cell) is str else cell
    if isinstance(number, Problem):
        return number
    value = number.value if isinstance(number, numbers.Number) else float(number)
    return round(value * factor, 6)


def _coded(domain: Domain, part: str | None, cell: Any) -> Any:
    text = build.to_text(cell)
    if text not in domain.values:
        return _unknown(cell, list(domain.values), domain.title)
    value = domain.values[str(text)]
    return value.get(part or "") if isinstance(value, dict) else value


def _unknown(cell: Any, known: list[str], title: str = "") -> Problem:
    reason = f"不在值域“{title}”内" if title else "取值不在允许的范围内"
    remedy = f"允许的代码：{'、'.join(known)}。医院自定的代码请在接入方案中用 domains 对应"
    return Problem("unknown_code", "", shown(cell), reason, remedy)


def _hours(parts: list[list[Any] | None], at: list[int]) -> list[Any] | None:
    """Return days, hours and minutes as hours; blank where all three are."""
    if not any(parts):
        return None
    out: list[Any] = []
    for place in at:
        cells = [cells[place] if cells else None for cells in parts]
        if all(cell is None for cell in cells):
            out.append(None)
            continue
        values = [build.to_count(cell) if cell is not None else 0 for cell in cells]
        wrong = next((value for value in values if isinstance(value, Problem)), None)
        out.append(wrong or values[0] * 24 + values[1] + values[2] / 60)  # type: ignore[operator]
    return out


def _split(
    record: Record, columns: dict[str, list[Any]], keys: list[str], at: list[int]
) -> tuple[dict[str, list[Any]], list[str], list[int]]:
    """Make one row for each value of a field with several."""
    name = next(name for name, taken in record.columns.items() if taken.from_ == record.split)
    parts = [[part.strip() for part in _LISTED.split(str(text)) if part.strip()] for text in columns[name]]
    repeated = [row for row, values in enumerate(parts) for _ in values]
    out = {column: [cells[row] for row in repeated] for column, cells in columns.items()}
    out[name] = [value for values in parts for value in values]
    numbered = [f"{keys[row]}{place}" for row, values in enumerate(parts) for place in range(1, len(values) + 1)]
    return out, numbered, [at[row] for row in repeated]

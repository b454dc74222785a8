"""Some rows of a front page file, column by column: blanks taken out, visits identified, hopeless rows set aside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zhiheng.records import build
from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.records.times import Moment
from zhiheng.sources.frontpage.layout import FieldSpec, Layout

Found = list[tuple[int, str, Problem]]  # row of the pages, field, problem


@dataclass
class Pages:
    """Front pages, one for each row. `columns`: field, or the hospital's own header -> a value for each row or None."""

    columns: dict[str, list[Any]]
    numbers: list[int]
    visits: list[str] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    admitted: list[Moment] = field(default_factory=list)
    discharged: list[Moment] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, name: str) -> list[Any]:
        """Return a column; of a field that the file lacks, nothing but blanks."""
        return self.columns.get(name) or [None] * len(self.numbers)

    def take(self, kept: Sequence[int]) -> "Pages":
        """Return the pages at these places."""
        if len(kept) == len(self.numbers):
            return self

        def of(cells: list[Any]) -> list[Any]:
            return [cells[at] for at in kept] if cells else []

        columns = {name: of(cells) for name, cells in self.columns.items()}
        return Pages(
            columns, of(self.numbers), of(self.visits), of(self.patients), of(self.admitted), of(self.discharged)
        )


def pages_of(rows: list[list[Any]], numbers: list[int], places: dict[str, int], layout: Layout) -> tuple[Pages, Found]:
    """Return the rows as pages, and what stands blank that must not."""
    found: Found = []
    blank = dict.fromkeys([*layout.spec.blank, "", None])
    columns: dict[str, list[Any]] = {}
    for name, place in places.items():
        cells = [row[place] for row in rows]
        # Most of the 811 columns are blank, and the others repeat themselves: look at what is different only.
        meaning = {cell: _clean(cell, blank) for cell in set(cells)}
        spec = layout.fields.get(name)
        if spec and spec.required and not spec.essential:
            found.extend(_blanks(spec, cells, meaning))
        if any(value is not None for value in meaning.values()):
            columns[name] = [meaning[cell] for cell in cells]
    return Pages(columns, numbers), found


def _clean(cell: Any, blank: dict[Any, None]) -> Any:
    text = cell.strip() if type(cell) is str else cell
    return None if text in blank else text


def _blanks(spec: FieldSpec, cells: list[Any], meaning: dict[Any, Any]) -> Iterator[tuple[int, str, Problem]]:
    """Yield the rows in which a required field is empty, or holds a dash that it may not."""
    wrong = {
        cell: "空白" if cell is None or not cell.strip() else f"“{cell.strip()}”"
        for cell, value in meaning.items()
        if value is None and (cell is None or not cell.strip() or not spec.dash)
    }
    if wrong:
        for at, cell in enumerate(cells):
            if cell in wrong:
                yield at, spec.field, _required(spec.field, spec.name, wrong[cell])


def _required(field: str, name: str, found: str) -> Problem:
    return Problem(
        "required_blank", field, "", f"必填项“{name}”为{found}", "请在病案系统中补填后重新导出", Effect.NOTED
    )


def identify(pages: Pages, layout: Layout) -> tuple[Pages, Found]:
    """Return the pages that can stand: with a visit, both its times in order, and a principal diagnosis."""
    spec = layout.spec
    found: Found = []
    wrong: set[int] = set()

    def refuse(at: int, field: str, problem: Problem) -> None:
        wrong.add(at)
        found.append((at, field, problem.doing(Effect.ROW)))

    for name, one in layout.fields.items():
        if one.essential:
            for at, cell in enumerate(pages.column(name)):
                if cell is None:
                    refuse(at, name, _missing(name, one.name))
    records = [_text(cell) for cell in pages.column(spec.record_number)]
    counts = [build.to_count(cell) if cell is not None else None for cell in pages.column(spec.visit_number)]
    admitted = _moments(pages.column(spec.admitted))
    discharged = _moments(pages.column(spec.discharged))
    for at in range(len(pages)):
        count, start, end = counts[at], admitted[at], discharged[at]
        if isinstance(count, Problem) or (count is not None and count < 1):
            refuse(at, spec.visit_number, _bad_count(pages.column(spec.visit_number)[at]))
        if isinstance(start, Problem):
            refuse(at, spec.admitted, start)
        if isinstance(end, Problem):
            refuse(at, spec.discharged, end)
        if isinstance(start, Moment) and isinstance(end, Moment) and _before(end, start):
            refuse(at, spec.discharged, _reversed(start, end))
    kept = [at for at in range(len(pages)) if at not in wrong]
    standing = pages.take(kept)
    standing.patients = [records[at] or "" for at in kept]
    standing.visits = [f"{records[at]}-{counts[at]}" for at in kept]
    standing.admitted = [admitted[at] for at in kept]  # type: ignore[misc]
    standing.discharged = [discharged[at] for at in kept]  # type: ignore[misc]
    return standing, found


def _text(cell: Any) -> str | None:
    text = build.to_text(cell) if cell is not None else None
    return text if isinstance(text, str) else None


def _moments(cells: list[Any]) -> list[Moment | Problem | None]:
    return [build.to_moment(cell) if cell is not None else None for cell in cells]


def _before(end: Moment, start: Moment) -> bool:
    if "date" in (end.precision, start.precision):
        return end.value.date() < start.value.date()
    return end.value < start.value


def _missing(field: str, name: str) -> Problem:
    return Problem(
        "missing_value", field, "", f"“{name}”为空，该首页不能成为记录", "请在病案系统中补填后重新导出", Effect.ROW
    )


def _bad_count(found: Any) -> Problem:
    return Problem("bad_visit_number", "", shown(found), "住院次数应为大于0的整数", "请核对住院次数后重新导出")


def _reversed(start: Moment, end: Moment) -> Problem:
    found = f"{start.value:%Y-%m-%d %H:%M:%S} / {end.value:%Y-%m-%d %H:%M:%S}"
    return Problem("discharge_before_admission", "", found, "出院时间早于入院时间", "请核对入院、出院时间后重新导出")


def days_in_hospital(start: datetime, end: datetime) -> int:
    """Return the length of stay as the front page counts it: both ends as one day, at least 1."""
    return max(1, (end.date() - start.date()).days)

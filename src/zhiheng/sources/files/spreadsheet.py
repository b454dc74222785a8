"""XLSX: examined before it is opened, then read by calamine, which does not believe a wrong <dimension>."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import python_calamine as calamine

from zhiheng.records import times
from zhiheng.records.problems import Problem, shown
from zhiheng.sources.base import Deadline, Limits, Unreadable
from zhiheng.sources.files import workbook
from zhiheng.sources.files.chunks import CHUNK, Chunk


class Spreadsheet:
    """An opened sheet of a workbook."""

    encoding = "xlsx"

    def __init__(self, path: Path, limits: Limits, deadline: Deadline, sheet: str | None, header_row: int) -> None:
        self._limits, self._deadline, self._header_row = limits, deadline, header_row
        self._examined = workbook.examine(path, sheet, limits, deadline)
        try:
            self._book = calamine.CalamineWorkbook.from_path(str(path))
            self._sheet = self._book.get_sheet_by_name(self._examined.sheet)
        except (calamine.CalamineError, OSError) as error:
            raise _broken(str(error)) from None
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # how a failed assertion of the Rust library arrives
                raise
            raise _broken("") from None
        header = next((row for number, row in self._rows() if number == header_row), [])
        self.header = [_name(cell) for cell in header]
        while self.header and not self.header[-1]:
            self.header.pop()
        if not any(self.header):
            raise Unreadable(
                "empty_file",
                f"工作表“{self._examined.sheet}”第 {header_row} 行没有表头",
                "请核对导出任务，或在接入方案中写明 sheet 与 header_row",
            )

    def position(self) -> int:
        return 0  # it was read as a whole when it was opened

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows below the header that are not empty."""
        width, chunk = len(self.header), Chunk()
        for number, row in self._rows():
            if number <= self._header_row:
                continue
            cells: list[Any] = [self._cell(number, at, cell) for at, cell in enumerate(row[:width])]
            if all(cell is None or cell == "" for cell in cells):
                continue
            cells += [None] * (width - len(cells))
            chunk.numbers.append(number)
            chunk.rows.append(cells)
            if len(chunk.rows) >= CHUNK:
                self._deadline.check()
                yield chunk
                chunk = Chunk()
        yield chunk

    def _rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield the rows from the first of the sheet, each from its first column."""
        start = self._sheet.start
        left = [""] * (start[1] if start else 0)
        for number, row in enumerate(self._sheet.iter_rows(), 1):
            yield number, left + row if left else row

    def _cell(self, number: int, at: int, cell: Any) -> Any:
        if not cell and (number, at) in self._examined.troubles:
            return self._examined.troubles[number, at]
        if type(cell) is datetime:
            # A cell stores fractions of a day and shows minutes as a rule: seconds are known where there are any.
            return times.Moment(cell.replace(microsecond=0), "second" if cell.second else "minute")
        if type(cell) is date:
            return times.from_value(cell)
        if cell is None or isinstance(cell, str | float | bool | int):
            return cell
        return Problem(
            "not_text", "", shown(cell), "单元格是时长或其他类型，不是文字、数字或日期", "请改为文字或日期格式"
        )


def _name(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _broken(found: str) -> Unreadable:
    return Unreadable(
        "broken_workbook", "工作簿已损坏或不是 XLSX", "请用 Excel 打开后另存为 .xlsx，或改为 CSV 导出", found
    )

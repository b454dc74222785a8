"""CSV and TSV: fields in quotes, line breaks in quotes, one of four delimiters, every row with its line number."""

import csv
import io
from collections import deque
from collections.abc import Iterator

from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.sources.base import Limits, Unreadable
from zhiheng.sources.files import encoding
from zhiheng.sources.files.chunks import CHUNK, Chunk, Wanted, broken_cell, broken_row, unreadable_row
from zhiheng.sources.files.opening import Opened

DELIMITERS = (",", "\t", ";", "|")


class Delimited:
    """An opened CSV or TSV file."""

    def __init__(
        self,
        opened: Opened,
        limits: Limits,
        wanted: Wanted,
        *,
        stated_encoding: str | None = None,
        delimiter: str | None = None,
        header_row: int = 1,
    ) -> None:
        self._opened, self._limits, self._header_row = opened, limits, header_row
        decision = encoding.decide(opened, stated_encoding)
        self.encoding, self._broken = decision.encoding, decision.broken > 0
        csv.field_size_limit(limits.cell)
        self.delimiter = delimiter or self._find_delimiter(wanted)
        self.header = [name.strip() for name in self._first_record(self.delimiter)]
        if not any(self.header):
            raise Unreadable("empty_file", "文件为空，或第一行不是表头", "请核对导出任务；确无数据时可删除该文件")

    def position(self) -> int:
        return self._opened.position

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows below the header. A row of another width than the header is set aside."""
        width, chunk = len(self.header), Chunk()
        for seen, (number, row) in enumerate(self._records(self.delimiter), 1):
            if seen > self._limits.rows:
                raise Unreadable("too_many_rows", f"超过 {self._limits.rows} 行", "请按月份拆分后重新导出")
            if isinstance(row, Problem):
                chunk.problems.append((number, row))
            elif self._broken and (cell := broken_cell(row)) is not None:
                chunk.problems.append((number, broken_row(cell)))
            elif len(row) != width:
                chunk.problems.append((number, _wrong_width(row, width, self.delimiter)))
            else:
                chunk.numbers.append(number)
                chunk.rows.append(row)
            if len(chunk.rows) + len(chunk.problems) >= CHUNK:
                yield chunk
                chunk = Chunk()
        yield chunk

    def _records(self, delimiter: str) -> Iterator[tuple[int, list[str] | Problem]]:
        with io.TextIOWrapper(self._opened(), self.encoding, encoding.ERRORS, newline="") as text:
            lines = _Lines(text, self._limits.cell * 8)
            for _ in range(self._header_row - 1):
                lines.skip()
            records = _records(lines, delimiter, None)
            header = next(records, None)
            width = len(header[1]) if header and isinstance(header[1], list) else None
            yield from _records(lines, delimiter, width)
            if lines.unfinished is not None:
                yield lines.number, _unfinished(lines.unfinished)

    def _first_record(self, delimiter: str) -> list[str]:
        with io.TextIOWrapper(self._opened(), self.encoding, encoding.ERRORS, newline="") as text:
            lines = _Lines(text, self._limits.cell * 8)
            for _ in range(self._header_row - 1):
                lines.skip()
            for _, row in _records(lines, delimiter, None):
                if isinstance(row, Problem):
                    break
                return row
        return []

    def _find_delimiter(self, wanted: Wanted) -> str:
        """Return the delimiter that shows most of the wanted columns in the header, then most columns at all."""
        headers = {delimiter: [name.strip() for name in self._first_record(delimiter)] for delimiter in DELIMITERS}
        return max(DELIMITERS, key=lambda delimiter: (wanted(headers[delimiter]), len(headers[delimiter])))


class _Lines:
    """The lines of a text, with their numbers, some of which can be given back."""

    def __init__(self, text: io.TextIOBase, longest: int) -> None:
        self._text, self._longest = text, longest
        self._given_back: deque[str] = deque()
        self.number = 0  # of the last line given out
        self.unfinished: str | None = None  # the last line of all, when no line break ends it
        self.since: list[str] = []  # lines given out since the current record began

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._text.readline(self._longest + 2)
        if not line:
            raise StopIteration
        if len(line) > self._longest:
            raise Unreadable("line_too_long", f"一行超过 {self._longest} 个字符，不像是表格", "请核对导出格式与换行符")
        if line[-1] not in "\r\n":
            self.unfinished = line
        self.number += 1
        self.since.append(line)
        return line

    def skip(self) -> None:
        next(self, None)
        self.since.clear()

    def keep_only_first(self) -> str:
        """Give back all lines since the record began but the first, and return that."""
        first, *rest = self.since
        self._given_back.extendleft(reversed(rest))
        self.number -= len(rest)
        self.since = []
        return first


def _records(lines: _Lines, delimiter: str, width: int | None) -> Iterator[tuple[int, list[str] | Problem]]:
    """Yield each record with the number of its first line.

    A quote that never closes would swallow the lines behind it: a record of several lines that does not fit costs only
    its first line, and reading goes on with the second.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.since = []
        start = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not lines.since:
                return
            yield start, _malformed(lines.keep_only_first(), error)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if not row:
            continue
        if width is not None and len(row) != width and len(lines.since) > 1:
            yield start, _malformed(lines.keep_only_first(), None)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        yield start, row


def _malformed(line: str, error: csv.Error | None) -> Problem:
    reason = (
        "引号不成对或引号之后还有内容"
        if error is None or "limit" not in str(error)
        else "一个字段过长，可能是引号没有成对"
    )
    remedy = "请核对该行的引号：字段中的引号应写成两个引号"
    return unreadable_row("malformed_row", line.rstrip("\r\n"), reason, remedy)


def _unfinished(line: str) -> Problem:
    reason = "最后一行没有换行符，文件可能在传输中被截断；该行已照原样接收"
    return Problem("no_final_newline", "", shown(line), reason, "请核对最后一行是否完整", Effect.NOTED)


def _wrong_width(row: list[str], width: int, delimiter: str) -> Problem:
    reason = f"该行有 {len(row)} 列，表头有 {width} 列"
    return unreadable_row("wrong_width", delimiter.join(row), reason, "请核对该行是否缺列，或字段中的分隔符没有加引号")

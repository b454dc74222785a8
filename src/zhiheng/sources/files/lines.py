"""NDJSON: one JSON object on each line; `a.b` names the field b of the object a."""

import io
from collections.abc import Iterator
from typing import Any

import orjson

from zhiheng.records.problems import Problem
from zhiheng.sources.base import Limits, Unreadable
from zhiheng.sources.files import encoding
from zhiheng.sources.files.chunks import CHUNK, Chunk, broken_cell, broken_row, unreadable_row
from zhiheng.sources.files.opening import Opened

_NAMES = 1000  # unknown names that are remembered for the report
_REMEDY = "请按每行一个 JSON 对象、UTF-8 编码重新导出"


class Lines:
    """An opened NDJSON file. Its header is what the profile asks for: objects name their own fields."""

    encoding = "utf-8"

    def __init__(self, opened: Opened, limits: Limits, names: list[str]) -> None:
        self._opened, self._limits = opened, limits
        self.encoding = encoding.decide(opened).encoding
        self.header = names
        self.never_seen = set(names)
        self.extra: dict[str, None] = {}
        with opened() as stream:
            head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
        if not head:
            raise Unreadable("empty_file", "文件为空", "请核对导出任务；确无数据时可删除该文件")
        if not head.startswith(b"{"):
            raise Unreadable("wrong_type", "文件不以 JSON 对象开头", _REMEDY)

    def position(self) -> int:
        return self._opened.position

    def chunks(self) -> Iterator[Chunk]:
        """Yield the objects as rows in the order of the header."""
        chunk, paths = Chunk(), [name.split(".") for name in self.header]
        tops = {path[0] for path in paths}
        for number, line in self._lines():
            found = _object(line)
            if isinstance(found, Problem):
                chunk.problems.append((number, found))
            else:
                if len(self.extra) < _NAMES:
                    self.extra.update(dict.fromkeys(name for name in found if name not in tops))
                chunk.numbers.append(number)
                chunk.rows.append([self._value(found, path) for path in paths])
            if len(chunk.rows) + len(chunk.problems) >= CHUNK:
                yield chunk
                chunk = Chunk()
        yield chunk

    def _lines(self) -> Iterator[tuple[int, str]]:
        longest, number = self._limits.cell * 16, 0
        with io.TextIOWrapper(self._opened(), self.encoding, encoding.ERRORS, newline="\n") as text:
            while line := text.readline(longest + 1):
                number += 1
                if len(line) > longest:
                    raise Unreadable("line_too_long", f"一行超过 {longest} 个字符", _REMEDY)
                if number > self._limits.rows:
                    raise Unreadable("too_many_rows", f"超过 {self._limits.rows} 行", "请按月份拆分后重新导出")
                if stripped := line.strip():
                    yield number, stripped

    def _value(self, found: Any, path: list[str]) -> Any:
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return None
            found = found[step]
        if self.never_seen:
            self.never_seen.discard(".".join(path))
        return found


def _object(line: str) -> dict[str, Any] | Problem:
    if broken_cell([line]) is not None:
        return broken_row(line)
    try:
        found = orjson.loads(line)
    except (ValueError, RecursionError) as error:
        return unreadable_row("malformed_row", line, f"不是有效的 JSON：{error}", _REMEDY)
    return found if isinstance(found, dict) else unreadable_row("malformed_row", line, "不是 JSON 对象", _REMEDY)

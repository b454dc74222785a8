"""NDJSON: one JSON object on each line; `a.b` names the field b of the object a."""

import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import orjson

from zhiheng.sources.base import Limits, Unreadable
from zhiheng.sources.files import encoding
from zhiheng.sources.files.chunks import CHUNK, Chunk, unreadable_row

_REMEDY = "请按每行一个 JSON 对象、UTF-8 编码重新导出"


class Lines:
    """An opened NDJSON file. Its header is what the profile asks for: objects name their own fields."""

    encoding = "utf-8"

    def __init__(self, opened: Callable[[], BinaryIO], limits: Limits, names: list[str]) -> None:
        self._opened, self._limits = opened, limits
        self.encoding = encoding.decide(opened).encoding
        self._columns = names
        self.header = names
        self.never_seen = set(names)
        self.extra: dict[str, None] = {}
        with opened() as stream:
            head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
        if not head:
            raise Unreadable("empty_file", "文件为空", "请核对导出任务；确无数据时可删除该文件")
        if not head.startswith(b"{"):
            raise Unreadable("wrong_type", "文件不以 JSON 对象开头", _REMEDY)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the objects as rows in the order of the header."""
        chunk, paths = Chunk(), [name.split(".") for name in self._columns]
        tops = {path[0] for path in paths}
        with io.TextIOWrapper(self._opened(), self.encoding, encoding.ERRORS, newline="\n") as text:
            number = 0
            while line := text.readline(self._limits.cell * 16 + 1):
                number += 1
                if len(line) > self._limits.cell * 16 or number > self._limits.rows:
                    raise Unreadable("too_large", "一行过长或行数过多", _REMEDY)
                if not line.strip():
                    continue
                try:
                    found = orjson.loads(line)
                except (ValueError, RecursionError) as error:
                    reason = f"不是有效的 JSON：{error}"
                    chunk.problems.append((number, unreadable_row("malformed_row", line.strip(), reason, _REMEDY)))
                    continue
                if not isinstance(found, dict):
                    chunk.problems.append(
                        (number, unreadable_row("malformed_row", line.strip(), "不是 JSON 对象", _REMEDY))
                    )
                    continue
                if len(self.extra) < 1000:
                    self.extra.update(dict.fromkeys(name for name in found if name not in tops))
                chunk.numbers.append(number)
                chunk.rows.append([self._value(found, path) for path in paths])
                if len(chunk.rows) + len(chunk.problems) >= CHUNK:
                    yield chunk
                    chunk = Chunk()
        yield chunk

    def _value(self, found: Any, path: list[str]) -> Any:
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return None
            found = found[step]
        if self.never_seen:
            self.never_seen.discard(".".join(path))
        return found

"""Take FHIR JSON apart: files, plain or gzipped, with one resource, one Bundle, or one of either on each line.

Nothing here knows what a resource means. What cannot be taken apart is handed on as a problem with its place, and the
rest of the file goes on.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.sources.base import Limits, Unreadable

LINE_BYTES = 32 << 20
DOCUMENT_BYTES = 64 << 20
NESTING = 64
_GIVE_UP = 1000  # broken parts
_MEMORY = 256 << 20  # what one parsed document may take; see _weight
_CHUNK = 1 << 20
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^][{}]+")
_SPLIT = "请改用每行一个资源的 NDJSON 导出，或把大的 Bundle 拆成多个文件"
_VALID = "请导出为符合 RFC 8259 的 UTF-8 JSON"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A resource and where it stands. `scope` is the Bundle within which its references are looked up first."""

    resource: Json
    place: str
    scope: str = ""
    full_url: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that is no resource."""

    problem: Problem
    place: str


@dataclass
class Document:
    """One file, read once from begin to end by `resources()`."""

    path: Path
    name: str
    limits: Limits
    read_bytes: int = 0
    _packed: IO[bytes] | None = field(default=None, repr=False)
    _passed: re.Pattern[bytes] | None = None

    def resources(self, passing_over: frozenset[str] = frozenset()) -> Iterator[Found | Broken]:
        """Yield what the file holds, in its order; `Unreadable` when the file as a whole has to be set aside.

        `passing_over`: types that need not be parsed where a line begins with the type: `NOT_PARSED` stands for them.
        """
        self._passed = _begins_with(passing_over) if passing_over else None
        self.limits.check_size(self.path.stat().st_size)
        _refuse_other_formats(self.path)
        self.read_bytes = 0
        with self.path.open("rb") as packed:
            self._packed = packed
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=packed)) if _is_gzip(packed) else packed
            try:
                yield from _mostly_sound(self._lines(stream) if self._by_line() else self._whole(stream))
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise Unreadable(
                    "broken_archive", "压缩文件已损坏或不完整", "请重新压缩或传输该文件", str(error)
                ) from None

    def _by_line(self) -> bool:
        return bool({".ndjson", ".jsonl"} & {suffix.lower() for suffix in self.path.suffixes[-2:]})

    def _whole(self, stream: IO[bytes]) -> Iterator[Found | Broken]:
        most = min(DOCUMENT_BYTES, self.limits.spreadsheet_bytes)
        raw = b"".join(self._chunks(stream, most))
        value = parse(raw)
        if isinstance(value, Problem) and value.kind == "several_documents":  # NDJSON under the name of JSON
            for number, line in enumerate(raw.splitlines(), 1):
                yield from _part(parse(line), f"第{number}行") if line.strip() else ()
            return
        if isinstance(value, Problem):
            raise Unreadable(value.kind, value.reason, value.remedy, value.found)
        yield from _part(value, "")

    def _lines(self, stream: IO[bytes]) -> Iterator[Found | Broken]:
        blank = True
        for number, line in enumerate(self._cut(stream), 1):
            blank = blank and (not line or line.isspace())
            if len(line) > LINE_BYTES:
                problem = _too_large(f"这一行超过 {LINE_BYTES >> 20} MB 的上限", f"{len(line)} 字节以上")
                yield Broken(problem, f"第{number}行")
            elif not line or line.isspace():
                continue
            elif self._passed and self._passed.match(line):
                yield NOT_PARSED
            else:
                yield from _part(parse(line), f"第{number}行")
        if blank:
            raise _empty()

    def _cut(self, stream: IO[bytes]) -> Iterator[bytes]:
        """Yield the lines. Of one that is too long only the beginning is kept."""
        begun: list[bytes] = []
        size = 0
        for chunk in self._chunks(stream, self.limits.bytes):
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                yield b"".join([*begun, line]) if begun else line
                begun, size = [], 0
            if size <= LINE_BYTES:
                begun.append(rest)
                size += len(rest)
        if begun:
            yield b"".join(begun)

    def _chunks(self, stream: IO[bytes], most: int) -> Iterator[bytes]:
        """Yield what the file holds, in pieces; `Unreadable` when it is more than `most`."""
        deadline = self.limits.deadline()
        while chunk := stream.read(_CHUNK):
            self.read_bytes += len(chunk)
            self.limits.check_size(self.read_bytes, most)
            if self._packed is not None:
                self.limits.check_ratio(self._packed.tell(), self.read_bytes)
            deadline.check()
            yield chunk


NOT_PARSED = Found({"resourceType": ""}, "")


def _begins_with(types: frozenset[str]) -> re.Pattern[bytes]:
    return re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"(?:%s)"' % "|".join(sorted(types)).encode())


def _mostly_sound(parts: Iterator[Found | Broken]) -> Iterator[Found | Broken]:
    """Give up a file that is something else altogether, instead of reporting each of its lines."""
    sound = broken = 0
    for part in parts:
        yield part
        if isinstance(part, Found):
            sound += 1
            continue
        broken += 1
        if broken >= _GIVE_UP and broken > 50 * sound:
            reason = f"已有 {broken} 处不是 FHIR 资源，其余部分不再读取"
            raise Unreadable("not_fhir", reason, "请核对这是否为 FHIR 的 NDJSON 或 Bundle 文件", f"至 {part.place}")


def parse(raw: bytes) -> Any | Problem:
    """Return the value that JSON text writes, or why it is none. Stricter than Python: no NaN, no key twice."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        around = raw[max(0, error.start - 10) : error.start + 10].decode("utf-8", "backslashreplace")
        return Problem("not_utf8", "", around, f"第 {error.start + 1} 个字节不是 UTF-8", _VALID, Effect.ROW)
    if problem := _too_heavy(text):
        return problem
    try:
        return _DECODER.decode(text)
    except _Refused as refused:
        return refused.problem
    except json.JSONDecodeError as error:
        kind = "several_documents" if error.msg == "Extra data" else "not_json"
        around = shown(text[max(0, error.pos - 20) : error.pos + 20])
        return Problem(
            kind, "", around, f"不是完整的 JSON：第 {error.pos + 1} 个字符处 {error.msg}", _VALID, Effect.ROW
        )
    except RecursionError:
        return _too_deep()
    except ValueError as error:  # a whole number of thousands of digits
        return Problem("not_json", "", "", f"不是可用的 JSON：{error}", _VALID, Effect.ROW)


def _part(value: Any | Problem, place: str) -> Iterator[Found | Broken]:
    if isinstance(value, Problem):
        yield Broken(value, place)
    elif not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        yield Broken(_no_resource(value), place)
    elif value["resourceType"] == "Bundle":
        yield from _entries(value, place)
    else:
        yield Found(value, place)


def _entries(bundle: Json, place: str) -> Iterator[Found | Broken]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        yield Broken(_no_resource(bundle), place)
        return
    scope = place or "Bundle"
    for number, entry in enumerate(entries, 1):
        here = f"{place} entry[{number}]".strip()
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if _deletes(entry):
            yield Broken(_deleted(entry), here)
        elif not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            yield Broken(_no_resource(entry), here)
        elif resource["resourceType"] == "Bundle":  # a batch of search results
            yield from _entries(resource, here)
        else:
            url = entry.get("fullUrl")
            yield Found(resource, here, scope, url if isinstance(url, str) else "")


def _deletes(entry: Any) -> bool:
    request = entry.get("request") if isinstance(entry, dict) else None
    return isinstance(request, dict) and request.get("method") == "DELETE"


def _deleted(entry: Json) -> Problem:
    return Problem(
        "deletion",
        "request",
        shown(entry["request"].get("url")),
        "来源要求删除一个资源；已接收的记录不会被自动删除",
        "请由来源重新发送带有 entered-in-error 状态的资源，或在系统中人工处理",
        Effect.ROW,
    )


def _no_resource(value: Any) -> Problem:
    found = shown(json.dumps(value, ensure_ascii=True)) if isinstance(value, dict | list) else shown(value)
    return Problem("no_resource", "", found, "不是 FHIR 资源：没有 resourceType", "请核对导出内容", Effect.ROW)


class _Refused(ValueError):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.kind)
        self.problem = problem


def _object(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        reason = "同一对象中一个名称出现两次，无法确定以哪个为准"
        raise _Refused(Problem("repeated_name", "", shown(twice), reason, _VALID, Effect.ROW))
    return made


def _no_constant(name: str) -> NoReturn:
    raise _Refused(Problem("not_json", "", name, "JSON 中没有 NaN 和 Infinity", _VALID, Effect.ROW))


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)


def _too_heavy(text: str) -> Problem | None:
    """Refuse before parsing what would fill the memory or the stack: both come from brackets, not from text."""
    if len(text) > 1 << 20 and _weight(text) > _MEMORY:
        return _too_large("解析这份 JSON 需要的内存超过上限", f"{len(text)} 字")
    if text.count("{") + text.count("[") <= NESTING:
        return None
    brackets = _NO_BRACKETS.sub("", _STRINGS.sub("", text))
    for _ in range(NESTING):
        if not brackets:
            return None
        brackets = brackets.replace("{}", "").replace("[]", "")
    # What remains is nested deeper, or does not match: of that the parser says where.
    unmatched = brackets.count("{") + brackets.count("[")
    return _too_deep() if "{}" in brackets or "[]" in brackets or unmatched > NESTING else None


def _weight(text: str) -> int:
    """Return roughly how many bytes the parsed value takes: objects cost more than the characters that write them."""
    return (
        len(text)
        + 180 * text.count("{")
        + 64 * text.count("[")
        + 24 * text.count('"')  # two for each text of about 50 bytes
        + 16 * text.count(",")
    )


def _too_large(reason: str, found: str) -> Problem:
    return Problem("too_large", "", found, reason, _SPLIT, Effect.ROW)


def _too_deep() -> Problem:
    return Problem(
        "too_deep", "", "", f"JSON 的嵌套超过 {NESTING} 层", "请核对导出内容：FHIR 资源不会嵌套这样深", Effect.ROW
    )


def _empty() -> Unreadable:
    return Unreadable("empty_file", "文件是空的", "请核对导出是否完整；确无数据时可不导出该文件")


def _is_gzip(file: IO[bytes]) -> bool:
    start = file.read(2)
    file.seek(0)
    return start == b"\x1f\x8b"


def _refuse_other_formats(path: Path) -> None:
    with path.open("rb") as raw:
        if path.suffix.lower() == ".gz" and not _is_gzip(raw):
            raise Unreadable("broken_archive", "文件名以 .gz 结尾，内容却不是 gzip 压缩", "请重新压缩，或改正文件名")
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if _is_gzip(raw) else raw
        try:
            start = stream.read(256)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return  # said where the file is read
    if not start:
        raise _empty()
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise Unreadable(
            "xml_resource", "这是 XML 格式的资源，本系统读取 JSON 格式", "请以 JSON 或 NDJSON 格式重新导出"
        )

"""Look into a workbook before a library opens it: bombs, entities, sheets that would not fit, cells without a value."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from zhiheng.records.problems import Problem, shown
from zhiheng.sources.base import Deadline, Limits, Unreadable

MOST_CELLS = 40_000_000  # of the rectangle around all cells, which the library lays out in memory
_SPARSE = 20  # a rectangle of more cells than this for each one that is there is no table
_BLOCK = 1 << 20
_REMEDY = "请用 Excel 打开后另存为 .xlsx，或改为 CSV 导出"

# Each pattern stops at the next "<", so that a part without closing tags costs no more than one with them.
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])([^<>]*?)(?:/>|>((?:[^<]++|<(?!/?(?:\w+:)?c[\s/>]))*+)</(?:\w+:)?c>)")
_REFERENCE = re.compile(rb"\br=[\"']([A-Za-z]{1,4})(\d{1,8})[\"']")
_ROW = re.compile(rb"\sr=[\"'][A-Za-z]{0,4}(\d{1,9})[\"']")
_COLUMN = re.compile(rb"\sr=[\"']([A-Za-z]{1,4})\d{1,9}[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^<>]*>([^<]*)</|<(?:\w+:)?t\b[^<>]*>([^<]+)<")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^<>]*>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^<>]*>")


@dataclass
class Examined:
    """The sheet that will be read, and its cells without a usable value by row (from 1) and column (from 0)."""

    sheet: str
    troubles: dict[tuple[int, int], Problem] = field(default_factory=dict)


def examine(path: Path, sheet: str | None, limits: Limits, deadline: Deadline) -> Examined:
    """Return what is to be known before opening, or raise `Unreadable`."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_directory(archive, path.stat().st_size, limits)
            parts = {info.filename.lstrip("/"): info for info in archive.infolist()}
            sheets = _sheets(archive, parts, limits, deadline)
            name = sheet or next(iter(sheets), "")
            if name not in sheets:
                raise Unreadable("no_such_sheet", f"没有名为“{name}”的工作表", f"现有工作表：{'、'.join(sheets)}")
            longest = 0
            examined = Examined(name)
            for part in parts:
                if part.lower().endswith((".xml", ".rels")) and part != sheets[name]:
                    _count(_unpack(archive, parts[part], limits, deadline))
                    if part.lower().endswith("sharedstrings.xml"):
                        longest = _longest_string(_unpack(archive, parts[part], limits, deadline))
            _examine_sheet(_unpack(archive, parts[sheets[name]], limits, deadline), examined, longest, limits)
            return examined
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError) as error:
        raise Unreadable("broken_workbook", "工作簿已损坏、加密或不是 XLSX", _REMEDY, str(error)) from None


def _check_directory(archive: zipfile.ZipFile, packed: int, limits: Limits) -> None:
    total = sum(info.file_size for info in archive.infolist())
    limits.check_ratio(packed, total)
    limits.check_size(total, limits.spreadsheet_bytes)
    if len(archive.infolist()) > 10_000:
        raise Unreadable("zip_bomb", "压缩包内的文件过多", _REMEDY, f"{len(archive.infolist())} 个")


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, deadline: Deadline) -> Iterator[bytes]:
    """Yield a part's content, counted anew: the directory may lie about its size."""
    count = 0
    with archive.open(info) as stream:
        while block := stream.read(_BLOCK):
            count += len(block)
            limits.check_size(count, limits.spreadsheet_bytes)
            deadline.check()
            if count == len(block) and (b"<!DOCTYPE" in block or b"<!ENTITY" in block):
                raise Unreadable("xml_entities", "工作簿内含 XML 实体声明，正常的 XLSX 不会有", _REMEDY)
            yield block


def _count(blocks: Iterator[bytes]) -> int:
    return sum(map(len, blocks))


def _sheets(
    archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], limits: Limits, deadline: Deadline
) -> dict[str, str]:
    """Return the parts of the sheets by their names, in the order of the workbook."""
    book = b"".join(_unpack(archive, parts["xl/workbook.xml"], limits, deadline))
    links = b"".join(_unpack(archive, parts["xl/_rels/workbook.xml.rels"], limits, deadline))
    targets = {said.get("Id", ""): said.get("Target", "") for said in map(_attributes, _RELATION.findall(links))}
    found = {}
    for said in map(_attributes, _SHEET.findall(book)):
        identifier = next((value for key, value in said.items() if key.endswith(":id")), "")
        target = targets.get(identifier, "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in parts:
            found[said.get("name", "")] = part
    if not found:
        raise Unreadable("broken_workbook", "工作簿里没有工作表", _REMEDY)
    return found


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        name.decode(): unescape((double or single).decode("utf-8", "replace"))
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def _longest_string(blocks: Iterator[bytes]) -> int:
    longest, tail = 0, b""
    for block in blocks:
        *items, tail = (tail + block).split(b"</si>")
        longest = max(longest, *map(len, items)) if items else longest
        if len(tail) > 1 << 20:
            raise Unreadable("too_large", "一个单元格的文字超过 1 MB", _REMEDY)
    return longest


def _examine_sheet(blocks: Iterator[bytes], examined: Examined, longest: int, limits: Limits) -> None:
    """Note the cells without a usable value, and refuse a sheet that would not fit in memory.

    Millions of cells pass here, so that bytes are counted and only formulas and errors are looked at one by one.
    """
    cells = texts = 0
    rows, columns = _Range(), _Range()
    tail = b""
    for block in blocks:
        content = tail + block
        end = max(content.rfind(b"</c>"), content.rfind(b"/>"), content.rfind(b"</row>")) + 1
        content, tail = content[:end], content[end:]
        if len(tail) > 4 << 20:
            raise Unreadable("too_large", "一个单元格的内容过长", _REMEDY)
        cells += content.count(b"<c ") + content.count(b":c ")
        texts += content.count(b't="s"')
        rows.include(map(int, set(_ROW.findall(content))))
        columns.include(map(_column, set(_COLUMN.findall(content))))
        if b"<f" in content or b":f" in content or b't="e"' in content:
            _note_troubles(examined, content)
    if rows.last > 1_048_576 or columns.last > 16_383:
        raise Unreadable("broken_workbook", "单元格的位置超出了 Excel 的范围", _REMEDY)
    area = rows.size * columns.size
    if area > MOST_CELLS or (area > 2_000_000 and area > cells * _SPARSE):
        raise Unreadable(
            "sparse_sheet", "单元格之间相距过远，展开后无法放入内存", "请删除远处的多余单元格后另存", f"{area} 格"
        )
    if longest * texts > limits.spreadsheet_bytes * 4:
        raise Unreadable("zip_bomb", "大量单元格重复引用很长的文字，展开后无法放入内存", _REMEDY)


@dataclass
class _Range:
    first: int = 1 << 62
    last: int = -1

    def include(self, places: Iterable[int]) -> None:
        for place in places:
            self.first, self.last = min(self.first, place), max(self.last, place)

    @property
    def size(self) -> int:
        return max(0, self.last - self.first + 1)


def _note_troubles(examined: Examined, content: bytes) -> None:
    for match in _CELL.finditer(content):
        said, inner = match[1], match[2] or b""
        if b"<f" not in inner and b":f" not in inner and b't="e"' not in said:
            continue
        place = _REFERENCE.search(said)
        if place and len(examined.troubles) < 1_000_000:
            _note_trouble(examined, (int(place[2]), _column(place[1])), said, inner)


def _note_trouble(examined: Examined, at: tuple[int, int], said: bytes, inner: bytes) -> None:
    value = _VALUE.search(inner)
    text = ((value[1] or value[2] or b"") if value else b"").decode("utf-8", "replace")
    if b't="e"' in said:
        remedy = "请在 Excel 中改正公式或填入确切的值"
        examined.troubles[at] = Problem("cell_error", "", shown(text), "单元格是错误值", remedy)
    elif not text and b't="str"' not in said:  # a text formula may well have an empty result
        examined.troubles[at] = Problem(
            "formula_without_value",
            "",
            shown(re.sub(rb"<[^>]*>", b"", inner).decode("utf-8", "replace")),
            "单元格是公式，文件中没有保存它的结果",
            "请用 Excel 打开并保存一次，或把公式粘贴为值",
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1

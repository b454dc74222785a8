"""Which encoding a text file is in, decided on the whole file and never silently.

Half of all Chinese medical strings in UTF-8 also decode as GB18030 without an error, so strict UTF-8 is tried first and
GB18030 must give text in the expected script. `gb18030`, not `gbk`: it reads everything that gbk does, and the rest.
"""

import codecs
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from zhiheng.sources.base import Unreadable

BLOCK = 1 << 20
ERRORS = "zhiheng_broken"  # a byte that is no character becomes U+DC00 to U+DCFF, so that the row shows where it was

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NOT_TEXT = {
    b"PK\x03\x04": "ZIP 压缩包或 Excel 工作簿",
    b"\xd0\xcf\x11\xe0": "旧式 Excel（.xls）或其他 Office 文档",
    b"%PDF": "PDF 文档",
    b"\x1f\x8b": "gzip 压缩文件",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
    b"7z\xbc\xaf": "7z 压缩包",
    b"Rar!": "RAR 压缩包",
    b"\xff\xfe\x00\x00": "UTF-32 文本",
    b"\x00\x00\xfe\xff": "UTF-32 文本",
}
_ASCII = re.compile("[\x00-\x7f]+")
_REMEDY = "请以 UTF-8（或 GB18030）的 CSV 重新导出"


@dataclass(frozen=True)
class Decision:
    """An encoding for the whole file. `broken` counts the byte sequences that are none of its characters."""

    encoding: str
    broken: int = 0


def _keep_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(ERRORS, _keep_byte)


def decide(opened: Callable[[], BinaryIO], stated: str | None = None) -> Decision:
    """Return the encoding of a file that `opened` opens afresh each time, or raise `Unreadable`.

    A file with few broken characters is read: the rows that hold them are rejected one by one.
    """
    with opened() as stream:
        head = stream.read(4096)
    for magic, what in _NOT_TEXT.items():
        if head.startswith(magic):
            raise Unreadable("wrong_type", f"文件内容是{what}，不是文本表格", _REMEDY)
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return Decision(encoding, _tally(opened, encoding).broken)
    if stated:
        return Decision(stated, _tally(opened, stated).broken)
    if b"\x00" in head:
        raise Unreadable("wrong_type", "文件含有空字节，不是文本表格（或是没有 BOM 的 UTF-16）", _REMEDY)
    if _is_strictly(opened, "utf-8"):
        return Decision("utf-8")
    utf8 = _tally(opened, "utf-8")
    if utf8.broken * 4 <= utf8.characters:
        return Decision("utf-8", utf8.broken)
    gb = _tally(opened, "gb18030")
    if gb.broken * 10 <= gb.characters and gb.common * 10 >= gb.characters * 7:
        return Decision("gb18030", gb.broken)
    # A file cut in its only Chinese character would be neither; the cut alone does not speak against an encoding.
    if utf8.characters == 0 and utf8.broken <= 1 and utf8.broken_at_end:
        return Decision("utf-8", utf8.broken)
    found = f"按 UTF-8 有 {utf8.broken} 处、按 GB18030 有 {gb.broken} 处无法解码"
    raise Unreadable("unknown_encoding", "既不是 UTF-8，也不像 GB18030 的中文文本，无法确定编码", _REMEDY, found)


@dataclass
class _Tally:
    characters: int = 0  # beyond ASCII
    common: int = 0  # of these, characters of GB2312: 6763 common Han characters, punctuation, Greek, ℃, Ⅱ
    broken: int = 0
    broken_at_end: bool = False


def _is_strictly(opened: Callable[[], BinaryIO], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with opened() as stream:
        try:
            while block := stream.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _tally(opened: Callable[[], BinaryIO], encoding: str) -> _Tally:
    tally = _Tally()
    # UTF-8 has a handler of its own for the same thing, which is many times as fast on a file that is none.
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape" if encoding == "utf-8" else ERRORS)
    with opened() as stream:
        while True:
            block = stream.read(BLOCK)
            text = decoder.decode(block, final=not block)
            if not text.isascii():
                _count(text, tally)
            if not block:
                return tally
            if text:
                tally.broken_at_end = False


def _count(text: str, tally: _Tally) -> None:
    # Most files are ASCII for the most part, and that is taken out quickly, as long as it stands in long runs.
    rest = _ASCII.sub("", text) if len(text.encode("utf-8", "surrogatepass")) < len(text) * 5 // 4 else text
    beyond = {character: count for character, count in Counter(rest).items() if character > "\x7f"}
    broken = sum(count for character, count in beyond.items() if _is_broken(character))
    tally.broken += broken
    tally.broken_at_end = bool(broken)
    tally.characters += sum(beyond.values()) - broken
    tally.common += sum(count for character, count in beyond.items() if _is_common(character))


def _is_broken(character: str) -> bool:
    return "\udc00" <= character <= "\udcff"


def _is_common(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True

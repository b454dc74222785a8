"""ZIP archives that people upload, opened: nothing in one may lead out of its folder or grow without bounds."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

_UTF8 = 0x800
_ENCRYPTED = 0x1
_LINK = 0o120000
_KIND = 0o170000
_NOT_OURS = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_LONGEST = 200  # characters of a name
_SMALL = 16 << 20  # below this, nothing that unpacks well can do harm


class Refused(Exception):
    """Files that are not taken in at all, and why: for people, without anything that stands in the files."""


@dataclass(frozen=True)
class Bounds:
    """How much an archive may hold."""

    files: int
    bytes: int  # unpacked, all together
    ratio: int  # unpacked to packed, of one file: text packs 5 to 20 times, bombs 1000

    def check_files(self, count: int) -> None:
        if count > self.files:
            raise Refused(_("More than %(count)d files in one delivery. Send them in parts.") % {"count": self.files})

    def check_size(self, size: int) -> None:
        if size > self.bytes:
            raise Refused(
                _("The files unpack to more than %(most)d MB. Send them in parts.") % {"most": self.bytes >> 20}
            )

    def check_ratio(self, packed: int, unpacked: int) -> None:
        if unpacked > _SMALL and unpacked > self.ratio * max(packed, 1):
            raise Refused(
                _("A file in the ZIP archive unpacks to more than %(ratio)d times its size, as no honest one does.")
                % {"ratio": self.ratio}
            )


def members(stream: BinaryIO, bounds: Bounds) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the files of an archive under their safe names. Each is read before the next. Raises `Refused`."""
    with _refusing():
        archive = zipfile.ZipFile(stream)
        found = [member for member in archive.infolist() if not member.is_dir() and not _is_clutter(member)]
        _check(found, bounds)
    total = 0
    for member in found:
        with _refusing():
            counted = _Counted(archive, member, bounds, total)
        with closing(counted):
            yield safe_name(_name(member)), cast(BinaryIO, counted)
            total = counted.total


def safe_name(name: str) -> str:
    """Return a relative path that stays below the folder it is written to; Refused for any other."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    is_outside = path.is_absolute() or ".." in parts or (parts and parts[0].endswith(":"))
    if not parts or is_outside or len(parts) > 6:
        raise Refused(_("The name of a file leads out of its folder. Pack the files again without such names."))
    if any(len(part) > _LONGEST or not part.isprintable() or len(part.encode()) > 255 for part in parts):
        raise Refused(_("The name of a file is too long or holds characters that no file system takes."))
    return "/".join(parts)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what a damaged or hostile archive raises into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Refused(
            _("The ZIP archive is damaged or packed in a way that cannot be read. Pack it again as a plain ZIP.")
        ) from None


class _Counted:
    """A member that is counted while it is read: what its head says about its size may be a lie."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, bounds: Bounds, total: int) -> None:
        self._stream, self._packed, self._bounds = archive.open(member), member.compress_size, bounds
        self._count, self.total = 0, total

    def read(self, size: int = -1) -> bytes:
        with _refusing():
            block = self._stream.read(size)
        self._count += len(block)
        self.total += len(block)
        self._bounds.check_size(self.total)
        self._bounds.check_ratio(self._packed, self._count)
        return block

    def close(self) -> None:
        self._stream.close()


def _check(found: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    bounds.check_files(len(found))
    for member in found:
        if member.flag_bits & _ENCRYPTED:
            raise Refused(_("The ZIP archive has a password. Pack it again without one."))
        if (member.external_attr >> 16) & _KIND == _LINK:
            raise Refused(_("The ZIP archive holds a link to another file. Pack the files themselves."))
        safe_name(_name(member))
    bounds.check_size(sum(member.file_size for member in found))


def _name(member: zipfile.ZipInfo) -> str:
    """Return a member's name. Windows in China writes GB18030 without saying so; others UTF-8 without saying so."""
    if member.flag_bits & _UTF8:
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    return member.filename.startswith(_NOT_OURS[0]) or member.filename.rsplit("/", 1)[-1] in _NOT_OURS[1:]

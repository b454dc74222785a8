"""Files that people upload, ZIP archives opened: nothing in one may lead out of its folder or grow without bounds."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from zhiheng.ingestion.deliveries import Refused, safe_name
from zhiheng.sources.base import Limits, Unreadable

MOST_FILES = 2000
MOST_BYTES = Limits().bytes  # of what one delivery may hold
_UTF8 = 0x800
_ENCRYPTED = 0x1
_LINK = 0o120000
_KIND = 0o170000
_NOT_OURS = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def unpacked(uploads: Iterable[tuple[str, BinaryIO]], limits: Limits | None = None) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the uploaded files, and in place of each ZIP archive the files in it. Each is read before the next."""
    limits = limits or Limits()
    for count, (name, stream) in enumerate(uploads, 1):
        if count > MOST_FILES:
            raise Refused(_too_many())
        if name.lower().endswith(".zip"):
            yield from _members(stream, limits)
        else:
            yield safe_name(name), stream


def _members(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, BinaryIO]]:
    with _refusing():
        archive = zipfile.ZipFile(stream)
        members = [member for member in archive.infolist() if not member.is_dir() and not _is_clutter(member)]
        _check(members, limits)
    total = 0
    for member in members:
        with _refusing():
            counted = _Counted(archive, member, limits, total)
        with closing(counted):
            yield safe_name(_name(member)), cast(BinaryIO, counted)
            total = counted.total


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what a damaged or hostile archive raises into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Refused(
            _("The ZIP archive is damaged or packed in a way that cannot be read. Pack it again as a plain ZIP.")
        ) from None
    except Unreadable as problem:
        raise Refused(f"{problem.reason}。{problem.remedy}。") from None


class _Counted:
    """A member that is counted while it is read: what its head says about its size may be a lie."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits, total: int) -> None:
        self._stream, self._packed, self._limits = archive.open(member), member.compress_size, limits
        self._count, self.total = 0, total

    def read(self, size: int = -1) -> bytes:
        with _refusing():
            block = self._stream.read(size)
            self._count += len(block)
            self.total += len(block)
            self._limits.check_size(self.total)
            self._limits.check_ratio(self._packed, self._count)
        return block

    def close(self) -> None:
        self._stream.close()


def _check(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(members) > MOST_FILES:
        raise Refused(_too_many())
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise Refused(_("The ZIP archive has a password. Pack it again without one: it is sealed on arrival."))
        if (member.external_attr >> 16) & _KIND == _LINK:
            raise Refused(_("The ZIP archive holds a link to another file. Pack the files themselves."))
        safe_name(_name(member))
    limits.check_size(sum(member.file_size for member in members))


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


def _too_many() -> str:
    return _("More than %(count)d files in one delivery. Send them in parts.") % {"count": MOST_FILES}

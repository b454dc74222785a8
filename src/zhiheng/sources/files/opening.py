"""Open a file as a stream of bytes that cannot grow without bounds."""

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from zhiheng.sources.base import Deadline, Limits, Unreadable

_CUT = "压缩文件不完整或已损坏"
_RESEND = "请重新导出或重新传输该文件"


class _Guarded(io.RawIOBase):
    """A stream that is counted while it is read, and ends in `Unreadable` when it is too much or takes too long."""

    def __init__(self, stream: BinaryIO, packed: int | None, limits: Limits, deadline: Deadline) -> None:
        self.stream, self.packed, self.limits, self.deadline = stream, packed, limits, deadline
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        try:
            block = self.stream.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Unreadable("broken_gzip", _CUT, _RESEND, str(error)) from None
        buffer[: len(block)] = block
        self.count += len(block)
        self.limits.check_size(self.count)
        if self.packed is not None:
            self.limits.check_ratio(self.packed, self.count)
        self.deadline.check()
        return len(block)

    def close(self) -> None:
        self.stream.close()
        super().close()


def opener(path: Path, limits: Limits, deadline: Deadline) -> Callable[[], BinaryIO]:
    """Return a function that opens the file afresh, unpacked where it is gzip by name and by content."""

    def opened() -> BinaryIO:
        packed = path.stat().st_size
        limits.check_size(packed)
        zipped = path.suffix == ".gz"
        stream = cast(BinaryIO, gzip.open(path) if zipped else path.open("rb"))  # noqa: SIM115, closed by _Guarded
        guarded = _Guarded(stream, packed if zipped else None, limits, deadline)
        return cast(BinaryIO, io.BufferedReader(guarded, 1 << 18))

    return opened

"""Open a file as a stream of bytes that cannot grow without bounds."""

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from zhiheng.sources.base import Deadline, Limits, Unreadable

_CUT = "压缩文件不完整或已损坏"
_RESEND = "请重新导出或重新传输该文件"


class _Guarded(io.RawIOBase):
    """A stream that is counted while it is read, and ends in `Unreadable` when it is too much or takes too long."""

    def __init__(
        self, stream: BinaryIO, file: BinaryIO, packed: int | None, limits: Limits, deadline: Deadline
    ) -> None:
        self.stream, self.file, self.packed, self.limits, self.deadline = stream, file, packed, limits, deadline
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
        self.file.close()  # a GzipFile leaves it open
        super().close()


@dataclass
class Opened:
    """A file that can be opened afresh again and again, unpacked where its name says that it is packed."""

    path: Path
    limits: Limits
    deadline: Deadline
    _file: BinaryIO | None = None

    def __call__(self) -> BinaryIO:
        packed = self.path.stat().st_size
        self.limits.check_size(packed)
        zipped = self.path.suffix == ".gz"
        self._file = self.path.open("rb")
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=self._file)) if zipped else self._file
        guarded = _Guarded(stream, self._file, packed if zipped else None, self.limits, self.deadline)
        return cast(BinaryIO, io.BufferedReader(guarded, 1 << 18))

    @property
    def position(self) -> int:
        """How far the stream that was opened last has come, in bytes of the file as it lies there."""
        return self._file.tell() if self._file and not self._file.closed else 0


def opener(path: Path, limits: Limits, deadline: Deadline) -> Opened:
    """Return the file, ready to be opened."""
    return Opened(path, limits, deadline)

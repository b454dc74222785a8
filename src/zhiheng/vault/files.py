"""Files at rest: sealed piece by piece, so that a large one never stands in memory; order and end are sealed too."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from zhiheng.vault.keys import keyring
from zhiheng.vault.sealing import CannotOpen, key_number, seal_bytes, unseal_bytes

PIECE = 1 << 20
MOST = PIECE + 64  # of a sealed piece; a larger size in a file is damage, and not read into memory
RESEALING = ".resealing"  # ends the name of a file that is not complete yet
_MAGIC = b"ZHS1"
_HEAD = len(_MAGIC) + 16


class SealedWriter(io.RawIOBase):
    """Write a sealed file. It is complete once it is closed; one that an error leaves does not open."""

    def __init__(self, path: Path, *, about: str) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._name = os.urandom(16)  # pieces of another file, or of an older one of this name, do not open here
        self._about, self._number, self._waiting = about, 0, bytearray()
        self._file.write(_MAGIC + self._name)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed and not self._file.closed:
            self._seal(bytes(self._waiting), last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        super().close()

    def abandon(self) -> None:
        """Stop writing: what is there has no end, and nobody will take it for the whole."""
        self._waiting.clear()
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()
        super().__exit__(kind, problem, trace)

    def __del__(self) -> None:
        # Nobody closed it: it was not finished.
        if not self.closed:
            self.abandon()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        sealed = seal_bytes(piece, about=_about(self._about, self._name, self._number, last))
        self._file.write(len(sealed).to_bytes(4) + sealed)
        self._number += 1


class SealedReader(io.RawIOBase):
    """Read a sealed file. CannotOpen where it was changed, cut, reordered, or sealed for another place."""

    def __init__(self, path: Path, *, about: str) -> None:
        self._file: BinaryIO = path.open("rb")
        self._about, self._number, self._piece = about, 0, b""
        head = self._file.read(_HEAD)
        if len(head) != _HEAD or not head.startswith(_MAGIC):
            self._file.close()
            raise CannotOpen(f"A file of {about} is not one that was sealed here.")
        self._name = head[len(_MAGIC) :]
        self._next = self._size()
        if self._next is None:
            self._file.close()
            raise CannotOpen(f"A file of {about} is cut off before its first piece.")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        while not self._piece and self._next is not None:
            self._piece = self._open()
        taken = self._piece[: len(buffer)]
        buffer[: len(taken)] = taken
        self._piece = self._piece[len(taken) :]
        return len(taken)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _size(self) -> int | None:
        size = self._file.read(4)
        if not size:
            return None
        if len(size) < 4 or int.from_bytes(size) > MOST:
            raise CannotOpen(f"A file of {self._about} is damaged after piece {self._number}.")
        return int.from_bytes(size)

    def _open(self) -> bytes:
        sealed = self._file.read(self._next or 0)
        self._next = self._size()
        about = _about(self._about, self._name, self._number, self._next is None)
        self._number += 1
        return unseal_bytes(sealed, about=about)


_places: dict[str, Callable[[], Iterable[Path]]] = {}


def register(about: str, paths: Callable[[], Iterable[Path]]) -> None:
    """Say where the files of a kind stand, so that they are sealed again when there is a new key."""
    _places[about] = paths


def every_file() -> Iterator[tuple[Path, str]]:
    """Yield the sealed files of all kinds that were registered, each with what it is about."""
    for about, paths in _places.items():
        yield from ((path, about) for path in sorted(paths()) if path.suffix != RESEALING)


def reseal(path: Path, *, about: str) -> bool:
    """Seal a file again with the newest key, unless it is; was there anything to do? A crash leaves the old file."""
    if key_of(path) == keyring().newest:
        return False
    new = path.with_name(f"{path.name}{RESEALING}")
    new.unlink(missing_ok=True)
    with SealedReader(path, about=about) as old, SealedWriter(new, about=about) as written:
        while piece := old.read(PIECE):
            written.write(piece)
    new.replace(path)
    return True


def key_of(path: Path) -> int:
    with path.open("rb") as file:
        return key_number(file.read(_HEAD + 6)[_HEAD + 4 :])


def _about(about: str, name: bytes, number: int, last: bool) -> str:
    return f"{about}/{name.hex()}/{number}/{'last' if last else 'more'}"

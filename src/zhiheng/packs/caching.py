"""Keep compiled packs by the hash of what they were made from."""

import contextlib
import gc
import hashlib
import io
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

import zhiheng

KEPT_PER_PACK = 4
FORBIDDEN = ("type", "object", "super", "memoryview", "property")


@dataclass(frozen=True)
class Cache:
    """A folder of compiled packs. Whatever is wrong with it, packs are compiled again: it is never an error."""

    folder: Path | None  # None: nothing is kept

    @classmethod
    def default(cls) -> "Cache":
        """Return the cache of this user on this machine."""
        return cls(platformdirs.user_cache_path("zhiheng") / "packs")

    def get(self, name: str, digest: str) -> object:
        """Return what was kept, or None when there is nothing that can be trusted."""
        if self.folder is None or not _is_ours(self.folder):
            return None
        try:
            content = self._path(name, digest).read_bytes()
        except OSError:
            return None
        checksum, payload = content[:64], content[64:]
        if hashlib.sha256(payload).hexdigest().encode() != checksum:
            return None
        # Many different errors come out of a file that is not what we wrote; all mean: compile again.
        unreadable = (pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError, ValueError)
        with contextlib.suppress(*unreadable), without_collection():
            return _Reader(io.BytesIO(payload)).load()
        return None

    def put(self, name: str, digest: str, value: object) -> None:
        """Keep `value`; a full or read-only disk is no reason to fail."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(self.folder):
                return
            payload = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
            handle, path = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(payload).hexdigest().encode() + payload)
            Path(path).replace(self._path(name, digest))
            self._forget_old(name)

    def _path(self, name: str, digest: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}-{_key(digest)}.pack"

    def _forget_old(self, name: str) -> None:
        assert self.folder is not None
        kept = [path for path in self.folder.glob(f"{name}-*.pack") if len(path.stem) == len(name) + 41]
        for path in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_PER_PACK:]:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Stop the garbage collector while many lasting objects are made: it would walk all of them, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def content_hash(*folders: Path) -> str:
    """Return the hash of the names and contents of all files in the folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path, relative in _files(folder):
            content = path.read_bytes()
            digest.update(f"{relative}\0{len(content)}\0".encode())
            digest.update(content)
        digest.update(b"\0folder\0")
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    found = [(path, path.relative_to(folder).as_posix()) for path in folder.rglob("*.yaml") if path.is_file()]
    return iter(sorted(found, key=lambda pair: pair[1]))


def _key(digest: str) -> str:
    made_by = f"{zhiheng.__version__}\0{sys.version_info[:2]}\0{_source_state()}\0{digest}"
    return hashlib.sha256(made_by.encode()).hexdigest()[:40]


@cache
def _source_state() -> str:
    """Return something that changes when Zhiheng itself is edited between two versions."""
    package = Path(__file__).parent.parent
    states = [
        (path.name, state.st_mtime_ns, state.st_size)
        for room in ("lib", "engine", "packs")
        for path in sorted((package / room).rglob("*.py"))
        if (state := path.stat())
    ]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def _is_ours(folder: Path) -> bool:
    """Return whether nobody else could have put a file there."""
    try:
        state = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(state.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class _Reader(pickle.Unpickler):
    """Reads our own dataclasses and nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("datetime", "builtins", "pathlib") or module.startswith("zhiheng."):
            found = super().find_class(module, name)
            # A dotted name could reach into what a module imports: only classes of the module itself will do.
            if isinstance(found, type) and found.__module__ == module and "." not in name and name not in FORBIDDEN:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a pack")

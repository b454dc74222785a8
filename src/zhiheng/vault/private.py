"""A private folder for files in clear: in memory where the machine has a memory file system, and gone when done.

What a process that was killed has left behind is removed by the next one that makes a folder, and by `sweep`.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from django.conf import settings

MEMORY = Path("/dev/shm")
_HELD = ".held"  # locked by the process that uses the folder, as long as it lives


def root() -> Path:
    """Return where the private folders of this installation stand, for this account alone."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        return MEMORY / f"zhiheng-{os.getuid()}-{sha256(str(settings.DATA).encode()).hexdigest()[:12]}"
    return Path(settings.DATA) / "private"


def made_root() -> Path:
    """Return the root; PermissionError where it is there and belongs to somebody else or is open to others."""
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    if root().stat().st_uid != os.getuid() or root().stat().st_mode & 0o077:
        raise PermissionError(f"{root()} is not a folder of this account alone (0700): remove it, or set its mode.")
    return root()


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder that only this account can read, and remove it with all that is in it."""
    with _alone():
        _sweep()
        folder = Path(tempfile.mkdtemp(dir=root()))  # 0700
        held = (folder / _HELD).open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        files = folder / "files"
        files.mkdir()
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        held.close()


def sweep() -> int:
    """Remove the folders whose process has gone; return how many."""
    with _alone():
        return _sweep()


def _sweep() -> int:
    left = [folder for folder in root().iterdir() if folder.is_dir() and not _is_held(folder)]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _HELD).open() as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other process make or sweep folders meanwhile."""
    with (made_root() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

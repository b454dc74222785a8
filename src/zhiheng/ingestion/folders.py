"""What lies in a watched folder: deliveries, each the files of one folder as the profile names them.

Where the profile finds its files in the watched folder itself, that is one delivery. Otherwise each folder in it is one
(2025-03/, 2025-04/). Links, hidden files and what the profile ignores are passed over. Nothing is ever written here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import orjson

from zhiheng.ingestion.models import Interface
from zhiheng.ingestion.reading import is_fed
from zhiheng.sources.profile import Profile
from zhiheng.vault.sealing import blind


@dataclass(frozen=True)
class Found:
    """A delivery as it lies there now. `place` is its folder as a blind index."""

    place: str
    folder: Path
    files: tuple[str, ...]  # relative to the folder
    fingerprint: str
    has_marker: bool

    def is_unchanged(self) -> bool:
        """Say whether the files are still as they were found."""
        try:
            return fingerprint(self.folder, self.files) == self.fingerprint
        except FileNotFoundError:
            return False


def find(profile: Profile, folder: Path, interface: Interface) -> list[Found]:
    """Return the deliveries in the folder of an interface."""
    if any(is_fed(profile, folder)):
        places = [folder]
    else:
        inner = (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink())
        places = [path for path in inner if not _is_passed_over(path.name, interface) and any(is_fed(profile, path))]
    return [_found(profile, place, folder, interface) for place in places]


def fingerprint(folder: Path, files: tuple[str, ...]) -> str:
    """Return what changes whenever a name, a size or a time does."""
    stats = [(name, (folder / name).stat()) for name in files]
    said = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return blind("fingerprint", orjson.dumps(said).decode())


def _found(profile: Profile, place: Path, folder: Path, interface: Interface) -> Found:
    files = tuple(sorted(_files(profile, place, interface)))
    has_marker = bool(interface.marker) and (place / interface.marker).is_file()
    name = blind("place", place.relative_to(folder).as_posix())
    return Found(name, place, files, fingerprint(place, files), has_marker)


def _files(profile: Profile, place: Path, interface: Interface) -> Iterator[str]:
    for path in place.rglob("*"):
        parts = path.relative_to(place).parts
        name = "/".join(parts)
        if path.is_symlink() or not path.is_file() or any(_is_passed_over(part, interface) for part in parts):
            continue
        if not any(fnmatch(name, pattern) for pattern in profile.ignore):
            yield name


def _is_passed_over(name: str, interface: Interface) -> bool:
    return name.startswith(".") or name in (interface.marker, interface.move_to)

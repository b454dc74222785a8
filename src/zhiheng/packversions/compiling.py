"""From the row to the pack: compiled once for each content, kept in this process and on this machine."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from zhiheng.packs.caching import Cache
from zhiheng.packs.loading import COMMON, Pack, load_pack
from zhiheng.packversions.models import PackVersion


def cache() -> Cache:
    """Return the cache of compiled packs below the data folder, which is this installation's alone."""
    return Cache(Path(settings.DATA) / "packs" / "compiled")


def compiled(version: PackVersion) -> Pack:
    """Return the pack of a version. What it was compiled from is in its row; no file outside the database counts."""
    return _compiled(version.content_hash)


@lru_cache(maxsize=256)
def _compiled(content_hash: str) -> Pack:
    version = PackVersion.objects.get(content_hash=content_hash)
    kept = cache().get(version.folder, content_hash)
    if isinstance(kept, Pack):
        return kept
    folder = write_files(version)
    pack = load_pack(folder, overlays=[folder.parent / name for name in sorted(overlays(version))], cache=cache())
    if pack.content_hash != content_hash:
        raise RuntimeError(f"{version.code}: its files have the hash {pack.content_hash[:8]}. The rows were damaged.")
    return pack


def overlays(version: PackVersion) -> set[str]:
    """Return the folders of a hospital's own additions in a version."""
    folders = {path.partition("/")[0] for path in version.files.values_list("path", flat=True)}
    return folders - {COMMON, version.folder}


def texts(version: PackVersion) -> Iterable[tuple[str, str]]:
    """Return the files of a version by their paths."""
    return version.files.values_list("path", "text__text")


def write_files(version: PackVersion) -> Path:
    """Write the files of a version below the data folder, and return the folder of the pack."""
    root = Path(settings.DATA) / "packs" / "files" / version.content_hash
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    write(texts(version), root)
    return root / version.folder


def write(files: Iterable[tuple[str, str]], root: Path) -> None:
    """Write texts below a folder, each to the byte."""
    for path, text in files:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text, encoding="utf-8", newline="")

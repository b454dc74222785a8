"""Files that people upload, ZIP archives opened."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from zhiheng.sources.base import Limits
from zhiheng.web.archives import Bounds, members, safe_name

MOST_FILES = 2000
MOST_BYTES = Limits().bytes  # of what one delivery may hold


def unpacked(uploads: Iterable[tuple[str, BinaryIO]], limits: Limits | None = None) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the uploaded files, and in place of each ZIP archive the files in it. Each is read before the next."""
    limits = limits or Limits()
    bounds = Bounds(MOST_FILES, limits.bytes, limits.ratio)
    for count, (name, stream) in enumerate(uploads, 1):
        bounds.check_files(count)
        if name.lower().endswith(".zip"):
            yield from members(stream, bounds)
        else:
            yield safe_name(name), stream

"""Seal files again after a key was added: deliveries and the mirror, which no table of the vault knows of."""

from zhiheng.ingestion import deliveries, mirror
from zhiheng.vault.files import reseal


def reseal_files() -> int:
    """Seal every file with the newest key; return how many were not. It goes on where it was stopped."""
    of_deliveries = ((path, deliveries.ABOUT) for path in sorted(deliveries.home().glob("*/*")))
    of_mirror = ((path, mirror.ABOUT) for path in sorted(mirror.home().glob("*")))
    files = ((path, about) for found in (of_deliveries, of_mirror) for path, about in found)
    return sum(reseal(path, about=about) for path, about in files if path.suffix != ".resealing")

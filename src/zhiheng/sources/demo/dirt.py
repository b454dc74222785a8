"""Deliberate dirt: what real exports contain, planted where a test can find it again."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital


def plant(hospital: "Hospital", seed: int) -> None:
    """Add dirty rows."""


def add_files(folder: Path, years: tuple[int, ...]) -> None:
    """Add dirty files."""

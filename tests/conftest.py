"""What all tests share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return the path of a file or folder of the shared facts and sample data, or skip the test where it is absent.

    They are not part of the repository: `ZHIHENG_SHARED` says where they are, `../shared` by default.
    """
    folder = Path(os.environ.get("ZHIHENG_SHARED") or ROOT.parent / "shared")

    def find(name: str = "") -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"sample data absent: {path} (ZHIHENG_SHARED says where they are)")
        return path

    return find

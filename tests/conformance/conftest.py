"""One suite that every reader passes. What it needs of a reader stands in `readers/<reader>.py`:

PROFILE       text of a profile with this reader only
FILE          name of one of the files that `write` makes: the suite damages it
TABLES        canonical table -> number of records in the folder that `write` makes; at least patient and encounter
OTHER         a table that still has records when FILE cannot be read; None where FILE is all there is
write(folder)            makes a good folder: nothing in it is rejected
write_corrected(folder)  the same, but one record has other content under the same key
write_bad_rows(folder)   the same, but with bad rows or fields; returns {kind of reject: text that `found` contains}
write_extra(folder)      the same, but FILE also has a column or element `surprise` that the profile does not know
"""

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from zhiheng.sources import profile, read
from zhiheng.sources.base import Limits, Reading

RECEIVED = datetime(2025, 4, 1, 2, 30, tzinfo=UTC)
READERS = sorted((Path(__file__).parent / "readers").glob("*.py"))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"conformance_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=READERS, ids=lambda path: path.stem)
def reader(request: pytest.FixtureRequest) -> ModuleType:
    """Each reader in turn."""
    return load(request.param)


@pytest.fixture
def folder(reader: ModuleType, tmp_path: Path) -> Path:
    """A good folder of this reader."""
    made = tmp_path / "input"
    made.mkdir()
    reader.write(made)
    return made


@pytest.fixture
def read_folder(reader: ModuleType) -> Callable[..., Reading]:
    """Read a folder with this reader."""

    def run(folder: Path, limits: Limits | None = None) -> Reading:
        return read(profile.loads(reader.PROFILE), folder, received_at=RECEIVED, limits=limits)

    return run

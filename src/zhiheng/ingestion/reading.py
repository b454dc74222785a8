"""Read the files of a batch by its profile, in a private folder that is gone afterwards."""

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from zhiheng import sources
from zhiheng.ingestion import rejects
from zhiheng.ingestion.deliveries import Delivery
from zhiheng.ingestion.models import Batch
from zhiheng.packversions.queries import profile
from zhiheng.records.problems import Effect
from zhiheng.sources.base import Progress, Reading, Reject, files_of
from zhiheng.sources.profile import Profile
from zhiheng.vault.private import private_folder

FIRST = 20  # rejects in a preview


def read(batch: Batch, progress: Progress) -> Reading:
    """Return what the profile of its interface makes of the files of a batch, corrections laid over them."""
    with private_folder() as folder:
        Delivery.from_json(batch.sealed).open_into(folder)
        by = profile(batch.interface.profile)
        found = sources.read(
            by,
            _top(by, folder),
            received_at=batch.received_at,
            progress=progress,
            corrections=rejects.corrections(batch),
        )
    if found.files:
        found.rejects = [_expected(reject) for reject in found.rejects]
    return found


def _expected(reject: Reject) -> Reject:
    """A delivery may be a part of what the profile knows: that other files are not there is worth a note."""
    return replace(reject, effect=Effect.NOTED) if reject.kind == "no_file" else reject


def _top(by: Profile, folder: Path) -> Path:
    """Return the folder whose files the profile names: people often pack the folder itself instead of its files."""
    if any(is_fed(by, folder)):
        return folder
    inner = list(folder.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() and any(is_fed(by, inner[0])) else folder


def is_fed(by: Profile, folder: Path) -> list[bool]:
    """Say of each feed of a profile whether it finds a file in a folder."""
    return [bool(list(files_of(folder, feed.files))) for feed in by.feeds]


def preview(reading: Reading) -> dict[str, Any]:
    """Return what reader and profile make of files, as it is shown before anything is stored."""
    return {
        "files": files(reading),
        "tables": {name: table.num_rows for name, table in reading.tables.items() if table.num_rows},
        "kinds": Counter(reject.kind for reject in reading.rejects).most_common(),
        "effects": Counter(str(reject.effect) for reject in reading.rejects),
        "rejects": [{**asdict(reject), "effect": str(reject.effect)} for reject in reading.rejects[:FIRST]],
    }


def files(reading: Reading) -> list[dict[str, Any]]:
    return [{**asdict(file), "ignored": dict(file.ignored)} for file in reading.files]


def is_empty(reading: Reading) -> bool:
    """Say whether nothing at all could be made of the files."""
    return not any(table.num_rows for table in reading.tables.values())

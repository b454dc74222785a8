"""Read a folder by a profile: every reader that the profile names, and then what all records have in common."""

from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

from zhiheng.records.problems import Effect
from zhiheng.sources import common
from zhiheng.sources.base import Limits, Progress, Quiet, Reading, Reject
from zhiheng.sources.corrections import Corrections
from zhiheng.sources.profile import READERS, Profile, reader_module


def read(
    profile: Profile,
    folder: Path,
    *,
    received_at: datetime,
    limits: Limits | None = None,
    progress: Progress | None = None,
    corrections: Corrections | None = None,
) -> Reading:
    """Return the canonical tables that the profile makes of `folder`, and everything that was set aside."""
    reading = Reading()
    for name in READERS:
        if profile.feeds_of(name):
            reader = reader_module(name).reader
            part = reader.read(
                profile,
                folder,
                received_at=received_at,
                limits=limits or Limits(),
                progress=progress or Quiet(),
                corrections=corrections,
            )
            reading.add(part)
    reading.tables = common.complete(profile, reading.tables)
    reading.rejects.extend(common.unknown_encounters(reading.tables))
    reading.rejects.extend(_unread(profile, folder, reading))
    return reading


def _unread(profile: Profile, folder: Path, reading: Reading) -> list[Reject]:
    """Return a note on each file that no feed asked for: it may have been forgotten."""
    known = {file.name for file in reading.files} | {reject.file for reject in reading.rejects}
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    unread = [name for name in names if name not in known]
    return [_not_asked_for(name) for name in unread if not any(fnmatch(name, each) for each in profile.ignore)]


def _not_asked_for(name: str) -> Reject:
    return Reject(
        name,
        "",
        "",
        "",
        "file_not_in_profile",
        "接入方案没有任何一项使用该文件",
        "若其中有需要的数据，请在接入方案中为它增加 feed；否则可忽略",
        Effect.NOTED,
    )

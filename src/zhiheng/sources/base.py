"""What every reader of a hospital system takes and gives."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.sources.profile import Profile

if TYPE_CHECKING:
    from zhiheng.sources.corrections import Corrections


@dataclass(frozen=True)
class Reject:
    """Something that could not be taken as it was: where, what was found, why, and what to do.

    `row` is the row of the file as an editor or spreadsheet counts it, or a resource's type and id; empty for the file.
    `effect` says what happened to the data: see `Effect`.
    """

    file: str
    row: str
    field: str
    found: str
    kind: str
    reason: str
    remedy: str
    effect: Effect = Effect.ROW

    @classmethod
    def of(cls, problem: Problem, file: str, row: str = "", field: str = "") -> "Reject":
        """Return a problem as a reject. `field` names the source's own column, where it is known."""
        return cls(
            file,
            row,
            field or problem.column,
            shown(problem.found),
            problem.kind,
            problem.reason,
            problem.remedy,
            problem.effect,
        )

    @classmethod
    def of_file(cls, file: str, kind: str, reason: str, remedy: str, found: str = "") -> "Reject":
        """Return the reject of a whole file."""
        return cls(file, "", "", shown(found), kind, reason, remedy, Effect.FILE)


@dataclass(frozen=True)
class FileRead:
    """A file that was read: how it was decoded, how many rows it has and how many became records."""

    name: str
    reader: str = ""
    encoding: str = ""
    rows: int = 0
    kept: int = 0
    unused_columns: tuple[str, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)  # rows that the profile leaves aside, by what they are


@dataclass
class Reading:
    """What a reader made of a folder: canonical tables by name, and everything that was set aside or reported."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    files: list[FileRead] = field(default_factory=list)

    def add(self, other: "Reading") -> None:
        """Take in what another reader made."""
        for name, table in other.tables.items():
            self.tables[name] = pa.concat_tables([self.tables[name], table]) if name in self.tables else table
        self.rejects.extend(other.rejects)
        self.files.extend(other.files)


class Unreadable(Exception):
    """A file that has to be set aside as a whole. Readers turn it into a reject and go on with the next file."""

    def __init__(self, kind: str, reason: str, remedy: str, found: str = "") -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind, self.reason, self.remedy, self.found = kind, reason, remedy, found

    def reject(self, file: str) -> Reject:
        return Reject.of_file(file, self.kind, self.reason, self.remedy, self.found)


@dataclass(frozen=True)
class Limits:
    """How much one file may ask for, so that a hostile or broken one ends in a reject."""

    bytes: int = 4 << 30  # of the file as it lies there, and of what it unpacks to
    spreadsheet_bytes: int = 160 << 20  # of an unpacked spreadsheet or JSON document, which has to stand in memory
    ratio: int = 200  # unpacked to packed, beyond the first megabytes: text packs 5 to 20 times, bombs 1000
    rows: int = 50_000_000
    cell: int = 1 << 20  # characters in one field
    seconds: float = 3600
    rejects: int = 100_000  # of rows and fields of one file: with more, the file itself is what is wrong
    alike: int = 100  # rejects of one field with one value, beyond which the rest is counted

    def deadline(self) -> "Deadline":
        return Deadline(time.monotonic() + self.seconds, self.seconds)

    def check_size(self, size: int, allowed: int | None = None) -> None:
        """Raise `Unreadable` when a file of `size` bytes is more than is allowed."""
        most = self.bytes if allowed is None else allowed
        if size > most:
            raise Unreadable(
                "too_large", f"文件展开后超过 {most >> 20} MB 的上限", "请按月份拆分后重新导出", f"{size} 字节"
            )

    def check_ratio(self, packed: int, unpacked: int) -> None:
        """Raise `Unreadable` when something unpacks to far more than honest data does."""
        if unpacked > 16 << 20 and unpacked > self.ratio * max(packed, 1):
            raise Unreadable(
                "zip_bomb",
                f"压缩比超过 {self.ratio} 倍，可能是压缩炸弹",
                "请核对文件来源；确为真实数据时请不压缩导出",
                f"{packed} 字节展开为 {unpacked} 字节以上",
            )


@dataclass(frozen=True)
class Deadline:
    """The moment at which reading one file has taken too long."""

    at: float
    seconds: float

    def check(self) -> None:
        """Raise `Unreadable` when the moment has passed."""
        if time.monotonic() > self.at:
            raise Unreadable("too_slow", f"读取超过 {self.seconds:g} 秒", "请拆分文件后重新导出")


@dataclass
class Rejects:
    """The rejects of one file. Fields that hold the same wrong value again and again are counted after the first."""

    file: str
    limits: Limits
    made: list[Reject] = field(default_factory=list)
    _alike: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _examples: dict[tuple[str, str, str], Reject] = field(default_factory=dict)

    def add(self, problem: Problem, row: str, field: str = "") -> None:
        """Take a problem of a row. Rows that are set aside are always listed one by one."""
        reject = Reject.of(problem, self.file, row, field)
        if problem.effect in (Effect.FIELD, Effect.NOTED):
            kind = (reject.kind, reject.field, reject.found)
            self._alike[kind] = self._alike.get(kind, 0) + 1
            if self._alike[kind] > self.limits.alike:
                self._examples[kind] = reject
                return
        self.made.append(reject)
        if len(self.made) > self.limits.rejects:
            raise Unreadable(
                "too_many_rejects",
                f"超过 {self.limits.rejects} 处不能接收，整个文件已搁置",
                f"请先核对接入方案与文件格式；例如第 {reject.row} 行：{reject.reason}",
            )

    def finished(self) -> list[Reject]:
        """Return all rejects, those that were only counted as one that says how many they are."""
        counted = [
            replace(reject, row=f"{reject.row}（等，另有 {self._alike[kind] - self.limits.alike} 行同样）")
            for kind, reject in self._examples.items()
        ]
        return self.made + counted


class Progress(Protocol):
    """Where a reader reports how far it is. A command line shows it as bars."""

    def start(self, name: str, total: int | None) -> None:
        """Begin a piece of work of `total` bytes, where that is known."""

    def advance(self, name: str, done: int) -> None:
        """Say that `done` more bytes are done."""

    def finish(self, name: str) -> None:
        """End a piece of work."""


class Quiet:
    """Progress that nobody watches."""

    def start(self, name: str, total: int | None) -> None: ...
    def advance(self, name: str, done: int) -> None: ...
    def finish(self, name: str) -> None: ...


class Reader(Protocol):
    """A reader of one kind of source. It takes the feeds of the profile that name it and no others.

    It never raises for what it finds in a file: a file, row or field that cannot be taken becomes a reject.
    """

    name: str

    def read(
        self,
        profile: Profile,
        folder: Path,
        *,
        received_at: datetime,
        limits: Limits,
        progress: Progress,
        corrections: "Corrections | None" = None,
    ) -> Reading: ...


def files_of(folder: Path, pattern: str) -> Iterable[Path]:
    """Return the files of `folder` that a feed's pattern names, in a stable order, also as `.gz`."""
    found = {path for one in (pattern, pattern + ".gz") for path in folder.glob(one) if path.is_file()}
    return sorted(found)

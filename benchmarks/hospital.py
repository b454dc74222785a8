"""The demo hospital as canonical tables in Parquet: generated and read once, then kept for the next run."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from rich.console import Console

from zhiheng import sources
from zhiheng.commands.shared import the_profile
from zhiheng.records.schema import TABLES
from zhiheng.records.store import Records
from zhiheng.sources.base import files_of
from zhiheng.sources.demo import generate

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".benchmarks"
PROFILE, SEED = "demo-hospital", 1
# What the tables follow from: the generator, the readers, what both use, and the profile.
MADE_BY = ("src/zhiheng/sources", "src/zhiheng/records", f"profiles/{PROFILE}")
RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hospital:
    """The records of a demo hospital, and what it took to make them."""

    folder: Path
    encounters: int
    rows: int  # of the exported files
    records: int  # canonical
    generate_seconds: float
    read_seconds: float
    processes: int
    kept: bool  # whether an earlier run made it

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the canonical tables readable, row by row from Parquet."""
        for name, table in TABLES.items():
            files = str(self.folder / name / "*.parquet")
            if any((self.folder / name).glob("*.parquet")):
                con.execute(f"create or replace view {name} as from read_parquet('{files}')")
            else:
                con.register(name, table.schema.empty_table())

    def load(self, con: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
        """Hold these tables in memory; they stand in `con` as tables of their own."""
        for name in tables:
            con.execute(f"create or replace temp table held as from {name}")
            con.execute(f"drop view if exists {name}")
            con.execute(f"create table {name} as from held")
            con.execute("drop table held")


def hospital(encounters: int) -> Hospital:
    """Return the demo hospital with so many visits; it is made again only when what makes it has changed."""
    folder = CACHE / f"hospital-{encounters}-{fingerprint()}"
    about = folder / "about.json"
    if about.exists():
        return Hospital(folder, kept=True, **json.loads(about.read_text("utf-8")))
    for old in CACHE.glob(f"hospital-{encounters}-*"):
        shutil.rmtree(old)
    made = _make(folder, encounters)
    said = {name: value for name, value in asdict(made).items() if name not in ("folder", "kept")}
    about.write_text(json.dumps(said), "utf-8")
    return made


def fingerprint() -> str:
    """Return what tells two versions of the generator and the readers apart."""
    digest = hashlib.sha256()
    for place in MADE_BY:
        for file in sorted((ROOT / place).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _make(folder: Path, encounters: int) -> Hospital:
    export = folder / "export"
    _say(f"generating a demo hospital of {encounters:,} visits")
    generating = time.perf_counter()
    generate(export, encounters=encounters, seed=SEED)
    reading = time.perf_counter()
    processes = _processes()
    rows = _read(export, folder, processes)
    for name in TABLES:
        _merge(folder / name, name)
    done = time.perf_counter()
    shutil.rmtree(export)
    records = sum(ds.dataset(folder / name).count_rows() for name in TABLES if (folder / name).exists())
    return Hospital(folder, encounters, rows, records, reading - generating, done - reading, processes, kept=False)


def _processes() -> int:
    """Return how many processes read: as many as this one may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(export: Path, folder: Path, processes: int) -> int:
    """Read the files of an export side by side, the largest first; return their rows."""
    parts = sorted(_parts(export), key=lambda part: -(export / part[1]).stat().st_size)
    rows = 0
    with ProcessPoolExecutor(processes) as pool:
        for part, count in zip(parts, pool.map(_read_part, [(*part, export, folder) for part in parts]), strict=True):
            _say(f"read {part[1]}: {count:,} rows")
            rows += count
    return rows


def _parts(export: Path) -> Iterator[tuple[int, str]]:
    """Yield each feed's place in the profile with each of its files."""
    for place, feed in enumerate(the_profile(PROFILE).feeds):
        for path in files_of(export, feed.files):
            yield place, path.name


def _read_part(part: tuple[int, str, Path, Path]) -> int:
    """Read one file as the product does, and keep what it gave."""
    place, name, export, folder = part
    profile: Any = the_profile(PROFILE)
    only = profile.model_copy(update={"feeds": [profile.feeds[place].model_copy(update={"files": name})]})
    reading = sources.read(only, export, received_at=RECEIVED_AT)
    for table, found in reading.tables.items():
        (folder / table).mkdir(parents=True, exist_ok=True)
        pq.write_table(found, folder / table / f"{place:02d}-{Path(name).stem}.parquet", compression="zstd")
    return sum(file.rows for file in reading.files)


def _merge(folder: Path, name: str) -> None:
    """Leave only the newest version of records that stand in more than one row or file: patients come again."""
    if not folder.exists():
        return
    files = str(folder / "*.parquet")
    repeated = duckdb.execute(
        f"select count(*) <> count(distinct hash(source, source_id)) from read_parquet('{files}')"
    ).fetchall()[0][0]
    if not repeated:
        return
    table = TABLES[name]
    records = Records()
    for file in sorted(folder.glob("*.parquet")):
        records.merge({name: pq.read_table(file).cast(table.schema)})
        file.unlink()
    pq.write_table(records.latest(name), folder / "merged.parquet", compression="zstd")


def _say(what: str) -> None:
    Console(stderr=True).print(what, highlight=False, style="dim")

"""Filling many packs together gives each what it is given alone."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from zhiheng import sources
from zhiheng.engine.fill import Job, fill, fill_all
from zhiheng.packs.loading import Pack, load_packs
from zhiheng.records.store import Records
from zhiheng.sources import profile as profiles
from zhiheng.sources.demo import generate

PROFILE = profiles.load(Path(__file__).parents[2] / "profiles" / "demo-hospital")
PACKS = tuple(load_packs(only=["stemi", "thr", "vte", "pip"]))


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("hospital")
    generate(folder, encounters=80, seed=3)
    records = Records()
    records.merge(sources.read(PROFILE, folder, received_at=datetime(2026, 1, 1)).tables)
    with duckdb.connect() as con:
        records.register(con)
        yield con


def cases_of(con: duckdb.DuckDBPyConnection, number: int) -> list[str]:
    """Return the visits that a pack is given: two of three, other ones for each pack."""
    visits = con.execute("select distinct encounter_id from encounter order by 1").fetchall()
    return [visit for place, (visit,) in enumerate(visits) if place % 3 != number % 3]


def alone(con: duckdb.DuckDBPyConnection, number: int, pack: Pack) -> tuple[pa.Table, pa.Table]:
    con.register("alone", pa.table({"encounter_id": cases_of(con, number)}))
    fills = pack.fills
    found = fill(con, fills.plan, "alone", terms=fills.terms, units=fills.units, complete=PROFILE.complete)
    return found.proposals, found.refused


def test_many_packs_together_are_each_filled_as_alone(hospital: duckdb.DuckDBPyConnection) -> None:
    jobs = [Job(pack.fills.plan, pack.fills.terms, pack.fills.units) for pack in PACKS]
    cases = [(number, visit) for number in range(len(jobs)) for visit in cases_of(hospital, number)]
    hospital.register(
        "together", pa.table({"job": [number for number, _ in cases], "encounter_id": [visit for _, visit in cases]})
    )

    together = fill_all(hospital, jobs, "together", complete=PROFILE.complete)

    for number, (pack, found) in enumerate(zip(PACKS, together, strict=True)):
        proposals, refused = alone(hospital, number, pack)
        assert proposals.num_rows > 0
        assert found.proposals.to_pylist() == proposals.to_pylist(), pack.abbr
        assert found.refused.to_pylist() == refused.to_pylist(), pack.abbr


def test_a_job_that_fills_nothing_gets_nothing(hospital: duckdb.DuckDBPyConnection) -> None:
    hospital.register("nobody", pa.table({"job": pa.array([], pa.int32()), "encounter_id": pa.array([], pa.string())}))

    (found,) = fill_all(hospital, [Job.nothing(PACKS[0].form)], "nobody")

    assert found.proposals.num_rows == found.refused.num_rows == 0

"""Filling many packs together gives each what it is given alone, and a few cases what many are given."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from zhiheng import sources
from zhiheng.engine.fill import Filled, Job, fill, fill_all
from zhiheng.engine.fill import run as running
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


def together(con: duckdb.DuckDBPyConnection, packs: Sequence[Pack]) -> list[Filled]:
    jobs = [Job(pack.fills.plan, pack.fills.terms, pack.fills.units) for pack in packs]
    cases = [(number, visit) for number in range(len(jobs)) for visit in cases_of(con, number)]
    numbers, visits = ([case[at] for case in cases] for at in (0, 1))
    con.register("together", pa.table({"job": numbers, "encounter_id": visits}))
    return fill_all(con, jobs, "together", complete=PROFILE.complete)


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["in DuckDB", "in Python"])
def test_many_packs_together_are_each_filled_as_alone(
    hospital: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(running, "FEW", few)

    found_together = together(hospital, PACKS)

    for number, (pack, found) in enumerate(zip(PACKS, found_together, strict=True)):
        proposals, refused = alone(hospital, number, pack)
        assert proposals.num_rows > 0
        assert found.proposals.to_pylist() == proposals.to_pylist(), pack.abbr
        assert found.refused.to_pylist() == refused.to_pylist(), pack.abbr


def test_a_job_that_fills_nothing_gets_nothing(hospital: duckdb.DuckDBPyConnection) -> None:
    hospital.register("nobody", pa.table({"job": pa.array([], pa.int32()), "encounter_id": pa.array([], pa.string())}))

    (found,) = fill_all(hospital, [Job.nothing(PACKS[0].form)], "nobody")

    assert found.proposals.num_rows == found.refused.num_rows == 0


def test_a_few_cases_are_filled_in_python_as_many_are_in_duckdb(
    hospital: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs = [pack for pack in load_packs() if pack.fills]
    monkeypatch.setattr(running, "FEW", 1_000_000)
    few = together(hospital, packs)
    monkeypatch.setattr(running, "FEW", 0)

    many = together(hospital, packs)

    assert sum(each.proposals.num_rows for each in few) > 50_000
    assert sum(each.refused.num_rows for each in few) > 10
    for pack, one, other in zip(packs, few, many, strict=True):
        assert one.proposals.to_pylist() == other.proposals.to_pylist(), pack.abbr
        assert one.refused.to_pylist() == other.refused.to_pylist(), pack.abbr

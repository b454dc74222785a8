"""All packs on the demo hospital: find, fill, check and measure a million visits, beside SQL written by hand."""

import json
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks import by_hand
from benchmarks.hospital import hospital
from benchmarks.measuring import Result, Scale, in_fresh_process, peak_megabytes, ratio, seconds
from zhiheng.engine import fill as filling
from zhiheng.engine import find as finding
from zhiheng.engine.fill import Filled, Job, Plan
from zhiheng.engine.fill.run import PROPOSALS
from zhiheng.engine.form import ItemType
from zhiheng.engine.measure import typed_columns
from zhiheng.packs.loading import Pack, load_packs
from zhiheng.records.schema import TABLES

ENCOUNTERS = 1_000_000
CANDIDATES_SECONDS = 0.3
FEW, FEW_SECONDS, ONE_MILLISECONDS = 6, 5.0, 30.0  # cases of each pack
SEARCHED = ("patient", "encounter", "diagnosis", "procedure", "stay")
COMPLETE = ("diagnosis", "procedure", "medication", "observation", "exam", "stay", "charge")  # as the profile says
TOGETHER = 20_000  # cases filled in one go, as a run does
Batch = list[tuple[Pack, list[str]]]


def run(scale: Scale) -> Iterator[Result]:
    encounters = scale.encounters or scale.of(600, ENCOUNTERS)
    found = in_fresh_process("benchmarks.demo", encounters)
    hospital_of = f"demo hospital of {encounters:,} visits"
    kept = "as an earlier run measured it" if found["kept"] else "in this run"
    yield Result("demo", f"write the {hospital_of}", found["generate"], "s", None, kept)
    rate = f"{found['rows']:,} rows of files, {found['records']:,} records; {found['processes']} processes; {kept}"
    yield Result("demo", f"read the {hospital_of} into Parquet", found["read"], "s", None, rate)
    work = f"candidates of {found['packs']} packs, {encounters:,} visits, {found['codes']:,} codes"
    limit = CANDIDATES_SECONDS if encounters == ENCOUNTERS else None
    yield Result("demo", work, found["candidates"], "s", limit, f"{found['found']:,} found")
    yield _beside("candidates", found["candidates"], found["candidates_by_hand"], 1.2, found["candidates_agree"])
    work = f"full decisions with reasons, {encounters:,} visits"
    yield Result("demo", work, found["decisions"], "s", None, f"{found['decided']:,} visits in, out or undecided")
    work = f"fill all forms of {found['cases']:,} cases"
    note = f"{found['filled']:,} values with their evidence, {found['refused']:,} refused; records read from Parquet"
    yield Result("demo", work, found["fill"], "s", None, note)
    work = f"fill {found['few_cases']} cases of {found['few_packs']} packs, their records at hand"
    yield Result("demo", work, found["few"], "s", FEW_SECONDS, "in Python")
    one = f"fill one case of {found['one_pack']}, its records at hand"
    yield Result("demo", one, found["one"] * 1000, "ms", ONE_MILLISECONDS, f"{found['one_filled']} values")
    yield _beside("fees of these cases", found["fees"], found["fees_by_hand"], 2.0, found["fees_agree"])
    yield Result("demo", f"{found['checks']:,} checks", found["check"], "s", None, f"{found['broken']:,} findings")
    yield _beside("checks", found["check"], found["check_by_hand"], 1.2, found["checks_agree"])
    work = f"{found['indicators']} indicators by month and department"
    yield Result("demo", work, found["measure"], "s", None, f"{found['results']:,} results, quartiles among them")
    yield _beside("indicators", found["measure"], found["measure_by_hand"], 1.2, found["indicators_agree"])
    held = f"{found['held']:,.0f} MB before the search: what it searches"
    yield Result("demo", f"peak memory, {encounters:,} visits", found["peak"], "MB", None, held)


def _beside(what: str, ours: float, theirs: float, limit: float, agree: bool) -> Result:
    note = f"{ours:.2f} s, {theirs:.2f} s by hand, {'same' if agree else 'OTHER'} results"
    return Result("demo", f"... {what} against SQL by hand", ours / theirs, "×", limit, note)


def measure(encounters: int) -> dict[str, Any]:
    """Return the numbers of one hospital; called in a process of its own."""
    made = hospital(encounters)
    con = duckdb.connect()
    made.register(con)
    made.load(con, SEARCHED)
    packs = [pack for pack in load_packs() if pack.find]
    told: dict[str, Any] = {
        "kept": made.kept,
        "generate": made.generate_seconds,
        "read": made.read_seconds,
        "rows": made.rows,
        "records": made.records,
        "processes": made.processes,
        "packs": len(packs),
        "held": peak_megabytes(),
    }
    told |= _find(con, packs)
    con.execute("create table told as " + by_hand.TOLD)
    cases = _cases(con, packs)
    told["cases"] = sum(len(visits) for _, visits in cases)
    told |= _fill(con, cases)
    told |= _fill_few(con, cases)
    told |= _fees(con, cases)
    told |= _check(con, packs)
    told |= _measure(con, packs)
    return told | {"peak": peak_megabytes()}


def _find(con: duckdb.DuckDBPyConnection, packs: Sequence[Pack]) -> dict[str, Any]:
    rules = [pack.find for pack in packs]
    by_hand.list_codes(con, rules)
    ours, theirs = ratio(lambda: finding.find_candidates(rules, con), lambda: by_hand.find(con))
    agree = by_hand.candidates_agree(con)
    found = _count(con, "find_candidates where included")
    decisions = seconds(lambda: finding.find(rules, con), 2)
    return {
        "candidates": ours,
        "candidates_by_hand": theirs,
        "candidates_agree": agree,
        "codes": _count(con, "diagnosis") + _count(con, "procedure"),
        "found": found,
        "decisions": decisions,
        "decided": _count(con, "find_decided"),
    }


def _cases(con: duckdb.DuckDBPyConnection, packs: Sequence[Pack]) -> Batch:
    """Return the visits of each pack whose forms are filled: all that are not out."""
    rows = finding.find([pack.find for pack in packs], con).table().select(["pack", "encounter_id", "decision"])
    visits: dict[str, list[str]] = {pack.abbr: [] for pack in packs}
    for row in rows.to_pylist():
        if row["decision"] != "out":
            visits[row["pack"]].append(row["encounter_id"])
    return [(pack, sorted(visits[pack.abbr])) for pack in packs if pack.fills and visits[pack.abbr]]


# Filling ---------------------------------------------------------------------------------------------------------


def _fill(con: duckdb.DuckDBPyConnection, cases: Batch) -> dict[str, Any]:
    """Fill all forms, batch by batch, and keep the values that checks and indicators ask for."""
    told = {"fill": 0.0, "filled": 0, "refused": 0}
    con.register("proposed", PROPOSALS.empty_table())
    for pack, _ in cases:
        con.execute(f"create table {_answers(pack)} as {_typed(pack)}")
    for batch in _batches(cases):
        started = time.perf_counter()
        filled = _filled(con, batch, [Job(pack.fills.plan, pack.fills.terms, pack.fills.units) for pack, _ in batch])
        told["fill"] += time.perf_counter() - started
        for (pack, _), each in zip(batch, filled, strict=True):
            told["filled"] += each.proposals.num_rows
            told["refused"] += each.refused.num_rows
            con.register("proposed", each.proposals)
            con.execute(f"insert into {_answers(pack)} by name {_typed(pack)}")
    return told


def _filled(con: duckdb.DuckDBPyConnection, batch: Batch, jobs: Sequence[Job]) -> list[Filled]:
    pairs = [(number, visit) for number, (_, visits) in enumerate(batch) for visit in visits]
    numbers, visits = zip(*pairs, strict=True)
    con.register("demo_cases", pa.table({"job": pa.array(numbers, pa.int32()), "encounter_id": pa.array(visits)}))
    return filling.fill_all(con, jobs, "demo_cases", complete=COMPLETE)


def _batches(cases: Batch) -> Iterator[Batch]:
    """Yield packs with their cases, so many together as a run fills together."""
    batch: Batch = []
    room = TOGETHER
    for pack, visits in cases:
        for start in range(0, len(visits), TOGETHER):
            some = visits[start : start + TOGETHER]
            if len(some) > room:
                yield batch
                batch, room = [], TOGETHER
            batch.append((pack, some))
            room -= len(some)
    if batch:
        yield batch


def _answers(pack: Pack) -> str:
    return f'"answers of {pack.abbr}"'


def _fields(pack: Pack) -> list[str]:
    asked = set(pack.indicators.fields) if pack.indicators else set()
    for check in pack.checks or ():
        asked |= {name for each in (check.expect, check.when) if each for name in each.fields}
    return [item.id for item in pack.form.items if item.id in asked]


def _typed(pack: Pack) -> str:
    """Return SQL of one row for each filled case: month, department, and a typed column for each item asked for."""
    several = [item.code for item in pack.form.items if item.type is ItemType.CHOICES]
    one = f"""(select encounter_id, item, case when item in ({by_hand.texts(several)})
        then '[' || string_agg(distinct value, ',') || ']' else any_value(value) end as value
        from proposed group by encounter_id, item)"""
    typed = typed_columns(pack.form, _fields(pack), one)
    return f"select t.month, t.department, a.* from ({typed}) a join told t using (encounter_id)"


def _fees(con: duckdb.DuckDBPyConnection, cases: Batch) -> dict[str, Any]:
    """Fill the fees of a batch of cases, thirty to a form, and do the same by hand."""
    batch = next(_batches(cases[::-1]))
    jobs = [_only_fees(pack) for pack, _ in batch]
    few = _holding(con, batch, ("encounter", "charge"))
    by_hand.list_fees(few, [job.plan.rules for job in jobs])
    ours, theirs = ratio(lambda: _filled(few, batch, jobs), lambda: by_hand.fees(few), 3)
    found = pa.concat_tables([each.proposals for each in _filled(few, batch, jobs)])
    return {"fees": ours, "fees_by_hand": theirs, "fees_agree": by_hand.fees_agree(few, found)}


def _holding(con: duckdb.DuckDBPyConnection, batch: Batch, tables: Collection[str]) -> duckdb.DuckDBPyConnection:
    """Return a database with the records of these visits alone: to search for them is no part of the job."""
    few = duckdb.connect()
    visits = sorted({visit for _, some in batch for visit in some})
    con.register("demo_visits", pa.table({"encounter_id": pa.array(visits)}))
    con.execute(
        "create or replace temp table demo_patients as select distinct patient_id from encounter "
        "semi join demo_visits using (encounter_id)"
    )
    for name, table in TABLES.items():
        by, whose = ("patient_id", "demo_patients") if name == "patient" else ("encounter_id", "demo_visits")
        rows = con.sql(f"from {name} semi join {whose} using ({by})") if name in tables else None
        few.register("given", rows.to_arrow_table() if rows else table.schema.empty_table())
        few.execute(f"create table {name} as from given")
    return few


def _fill_few(con: duckdb.DuckDBPyConnection, cases: Batch) -> dict[str, Any]:
    """Fill a few cases of every pack, and one case alone, as when a record has been corrected."""
    batch = [(pack, visits[:FEW]) for pack, visits in cases]
    jobs = [Job(pack.fills.plan, pack.fills.terms, pack.fills.units) for pack, _ in batch]
    few = _holding(con, batch, [name for name in TABLES if name != "patient_link"])
    pack, visits = next((each for each in batch if each[0].abbr == "STEMI"), batch[0])
    one, alone = [(pack, visits[:1])], [Job(pack.fills.plan, pack.fills.terms, pack.fills.units)]
    single = _holding(con, one, [name for name in TABLES if name != "patient_link"])
    (filled,) = _filled(single, one, alone)
    return {
        "few": seconds(lambda: _filled(few, batch, jobs)),
        "few_cases": sum(len(some) for _, some in batch),
        "few_packs": len(batch),
        "one": seconds(lambda: _filled(single, one, alone), 20),
        "one_pack": pack.abbr,
        "one_filled": filled.proposals.num_rows,
    }


def _only_fees(pack: Pack) -> Job:
    fills = pack.fills
    counted = Counter(rule.item for rule in fills.plan.rules)
    rules = [rule for rule in fills.plan.rules if by_hand.category(rule) and not rule.uses and counted[rule.item] == 1]
    return Job(Plan(pack.abbr, pack.form, rules), fills.terms, fills.units)


# Checks and indicators ---------------------------------------------------------------------------------------------


def _check(con: duckdb.DuckDBPyConnection, packs: Sequence[Pack]) -> dict[str, Any]:
    judged = [(pack, _answers(pack)) for pack in packs if pack.checks and _has(con, pack)]

    def ours() -> list[pa.Table]:
        return [pack.checks.find_all(con, answers) for pack, answers in judged]

    def theirs() -> list[pa.Table]:
        return [by_hand.check(con, pack.checks, answers) for pack, answers in judged]

    best, best_by_hand = ratio(ours, theirs, 3)
    found, found_by_hand = ours(), theirs()
    return {
        "check": best,
        "check_by_hand": best_by_hand,
        "checks": sum(len(pack.checks) for pack, _ in judged),
        "broken": sum(each.num_rows for each in found),
        "checks_agree": all(a.equals(b) for a, b in zip(found, found_by_hand, strict=True)),
    }


def _measure(con: duckdb.DuckDBPyConnection, packs: Sequence[Pack]) -> dict[str, Any]:
    measured = [(pack, _answers(pack)) for pack in packs if pack.indicators and _has(con, pack)]

    def ours() -> list[pa.Table]:
        return [pack.indicators.measure(con, answers) for pack, answers in measured]

    def theirs() -> list[pa.Table]:
        return [by_hand.measure(con, pack.indicators, answers) for pack, answers in measured]

    best, best_by_hand = ratio(ours, theirs, 2)
    found, found_by_hand = ours(), theirs()
    return {
        "measure": best,
        "measure_by_hand": best_by_hand,
        "indicators": sum(len(pack.indicators.decidable) for pack, _ in measured),
        "results": sum(each.num_rows for each in found),
        "indicators_agree": all(
            by_hand.sums_agree(pack.indicators, a, b)
            for (pack, _), a, b in zip(measured, found, found_by_hand, strict=True)
        ),
    }


def _has(con: duckdb.DuckDBPyConnection, pack: Pack) -> bool:
    known = con.execute("select 1 from duckdb_tables() where table_name = ?", [_answers(pack).strip('"')]).fetchall()
    return bool(known) and _count(con, _answers(pack)) > 0


def _count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(con.execute(f"select count(*) from {rows}").fetchall()[0][0])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

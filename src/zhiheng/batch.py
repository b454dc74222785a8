"""The order of the automatic steps, on one screen: read, find, fill, check, measure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from zhiheng import sources
from zhiheng.engine import fill as filling
from zhiheng.engine import find as finding
from zhiheng.engine import measure as measuring
from zhiheng.engine.fill.run import Proposal
from zhiheng.engine.find import Case, Decision, Evidence, Explanation, Saying
from zhiheng.engine.form import evaluate
from zhiheng.packs.loading import Pack, Packs
from zhiheng.records import people
from zhiheng.records.periods import Period
from zhiheng.records.store import Records
from zhiheng.reports.results import CaseResult, Run, Visit
from zhiheng.sources.base import Progress, Quiet
from zhiheng.sources.profile import Profile

SCREENED = Saying("screening", "在院筛查：按入院诊断得出，须以出院诊断确认")
AS_ADMITTED = """
    create or replace temp view diagnosis as
    select * replace ('principal' as role, coalesce(rank, 1)::integer as rank) from diagnosis_versions
    where role = 'admission'
    qualify record_version = max(record_version) over (partition by source, source_id)"""
OfPack = tuple[Pack, list[CaseResult]]
FILLED_TOGETHER = 20_000  # cases
RECORDS = "records"  # the basis of a run without people: values are what records prove


def run(
    *,
    profile: Profile,
    folder: Path,
    packs: Packs,
    received_at: datetime,
    period: Period | None = None,
    only: Collection[str] | None = None,
    screening: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Read the records in `folder`, find the cases of `packs`, fill and check their forms, measure the indicators.

    `period` keeps the visits discharged within it; older visits still count as what went before. `only` keeps the
    cases of these packs; the others are searched all the same, since one disease may go before another. `screening`
    looks at admission diagnoses, as while the patients are still there: every case it finds is undecided.
    """
    progress = progress or Quiet()
    reading = sources.read(profile, folder, received_at=received_at, progress=progress)
    records = Records()
    records.merge(reading.tables)
    with duckdb.connect() as con:
        records.register(con)
        result = Run(profile, period, packs, reading.files, reading.rejects, records.latest("encounter").num_rows)
        persons = _persons(records)
        if screening:
            con.execute(AS_ADMITTED)
        found = finding.find([pack.find for pack in packs if pack.find], con, persons=persons)
        cases = [_screened(case) for case in found.cases()] if screening else found.cases()
        if only is not None:
            cases = [case for case in cases if case.pack in only]
        by_pack = _by_pack(con, found, cases, packs, period)
        progress.start("填报与核查", sum(len(cases) for _, cases in by_pack))
        for batch in _batches(by_pack):
            for (pack, results), filled in zip(batch, _fill(con, profile, batch, persons), strict=True):
                result.cases += _check(pack, results, filled)
                progress.advance("填报与核查", len(results))
        progress.finish("填报与核查")
        result.indicators = pa.concat_tables(
            [measuring.RESULTS.empty_table(), *(_measure(con, pack, result.cases) for pack, _ in by_pack)]
        )
    return result


def _screened(case: Case) -> Case:
    """Return a case found on the admission diagnosis: it is undecided until the discharge diagnosis stands."""
    if case.decision is not Decision.IN:
        return case
    return replace(case, decision=Decision.UNDECIDED, questions=(*case.questions, SCREENED))


def explain_visit(
    *, profile: Profile, folder: Path, packs: Packs, pack: str, encounter_id: str, received_at: datetime
) -> list[Explanation]:
    """Return why a visit is or is not a case of a pack, for each of its versions. LookupError for an unknown visit."""
    records = Records()
    records.merge(sources.read(profile, folder, received_at=received_at).tables)
    with duckdb.connect() as con:
        records.register(con)
        found = finding.find([each.find for each in packs if each.find], con, persons=_persons(records))
        return found.why_not(pack, encounter_id)


def _persons(records: Records) -> pa.Table:
    numbers = records.latest("patient").column("patient_id").to_pylist()
    return people.persons(numbers, records.latest("patient_link"))


def _by_pack(
    con: duckdb.DuckDBPyConnection,
    found: finding.Found,
    cases: Sequence[Case],
    packs: Packs,
    period: Period | None,
) -> list[tuple[Pack, list[CaseResult]]]:
    versions = {(pack.find.abbr, pack.find.version): pack for pack in packs if pack.find}
    visits = _visits(con, {number for case in cases for number in case.encounter_ids})
    proofs: dict[tuple[str, str], list[Evidence]] = {}
    for abbr, row in found.proofs({case.pack for case in cases}):
        proofs.setdefault((abbr, row.encounter_id), []).append(row)
    grouped: dict[tuple[str, str], list[CaseResult]] = {}
    for case in cases:
        visit, pack = visits[case.encounter_id], versions[case.pack, case.version]
        if period is None or any(period.holds(visits[each].discharge_time) for each in case.encounter_ids):
            evidence = tuple(row for each in case.encounter_ids for row in proofs.get((pack.abbr, each), ()))
            grouped.setdefault((case.pack, case.version), []).append(CaseResult(case, visit, pack, evidence))
    return [(versions[key], results) for key, results in grouped.items()]


def _visits(con: duckdb.DuckDBPyConnection, wanted: Iterable[str]) -> dict[str, Visit]:
    con.register("run_wanted", pa.table({"encounter_id": pa.array(sorted(wanted), pa.string())}))
    columns = ", ".join(f"e.{name}" for name in Visit.__dataclass_fields__)
    rows = con.execute(f"select {columns} from encounter e semi join run_wanted using (encounter_id)").fetchall()
    return {row[0]: Visit(*row) for row in rows}


def _batches(by_pack: Iterable[OfPack]) -> Iterator[list[OfPack]]:
    """Return the packs in groups to fill together, each small enough for the memory of any machine."""
    batch: list[OfPack] = []
    size = 0
    for pack, results in by_pack:
        if batch and size + len(results) > FILLED_TOGETHER:
            yield batch
            batch, size = [], 0
        batch.append((pack, results))
        size += len(results)
    if batch:
        yield batch


def _fill(
    con: duckdb.DuckDBPyConnection, profile: Profile, batch: Sequence[OfPack], persons: pa.Table
) -> list[filling.Filled]:
    """Fill the forms of all cases that are not out; what the packs ask alike is looked up once."""
    jobs, cases = [], []
    for number, (pack, results) in enumerate(batch):
        fills = pack.fills
        visits = {each.case.encounter_id: each.case.encounter_ids for each in results}
        job = filling.Job(fills.plan, fills.terms, fills.units, visits=visits) if fills else None
        jobs.append(job or filling.Job.nothing(pack.form))
        cases += [(number, each.case.encounter_id) for each in results if each.case.decision is not Decision.OUT]
    numbers, encounters = ([case[at] for case in cases] for at in (0, 1))
    wanted = {"job": pa.array(numbers, pa.int32()), "encounter_id": pa.array(encounters, pa.string())}
    con.register("run_cases", pa.table(wanted))
    return filling.fill_all(con, jobs, "run_cases", complete=profile.complete, persons=persons)


def _check(pack: Pack, results: Sequence[CaseResult], filled: filling.Filled) -> Iterator[CaseResult]:
    types = {item.code: item.type for item in pack.form.items}
    proposals = filling.proposals_by_case(filled.proposals, types)
    refused: dict[str, list[Mapping[str, Any]]] = {}
    for row in filled.refused.to_pylist():
        refused.setdefault(row["encounter_id"], []).append(row)
    for each in results:
        if each.case.decision is Decision.OUT:
            yield each
        else:
            key = each.case.encounter_id
            yield _checked(each, proposals.get(key, {}), tuple(refused.get(key, ())))


def _checked(each: CaseResult, proposals: Mapping[str, Proposal], refused: tuple[Mapping[str, Any], ...]) -> CaseResult:
    proven = {code: proposal.value for code, proposal in proposals.items()}
    evaluation = evaluate(each.pack.form, proven, firm=proven)
    ours = each.pack.checks.findings(evaluation.values) if each.pack.checks else ()
    return CaseResult(
        each.case, each.visit, each.pack, each.evidence, proposals, refused, evaluation, (*evaluation.findings, *ours)
    )


def _measure(con: duckdb.DuckDBPyConnection, pack: Pack, results: Sequence[CaseResult]) -> pa.Table:
    cases = [each for each in results if each.pack is pack and each.case.decision is Decision.IN]
    if not pack.indicators or not cases:
        return measuring.RESULTS.empty_table()
    answers = [
        {"encounter_id": each.case.encounter_id, "item": code, "value": orjson.dumps(value).decode()}
        for each in cases
        if each.evaluation
        for code, value in each.evaluation.values.items()
    ]
    told = [
        {"encounter_id": each.case.encounter_id, "month": each.visit.month, "department": each.visit.department}
        for each in cases
    ]
    text = [("encounter_id", pa.string()), ("item", pa.string()), ("value", pa.string())]
    con.register("run_answers", pa.Table.from_pylist(answers, schema=pa.schema(text)))
    about = [("encounter_id", pa.string()), ("month", pa.string()), ("department", pa.string())]
    con.register("run_told", pa.Table.from_pylist(told, schema=pa.schema(about)))
    typed = measuring.typed_columns(pack.form, pack.indicators.fields, "run_answers")
    con.execute(
        "create or replace temp table run_typed as "
        f"select t.*, a.* exclude (encounter_id) from run_told t left join ({typed}) a using (encounter_id)"
    )
    found: pa.Table = pack.indicators.measure(con, "run_typed", pack=pack.abbr, version=pack.version, basis=RECORDS)
    return found

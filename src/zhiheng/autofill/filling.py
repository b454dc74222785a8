"""Run the fill rules for cases: one pass of the engine for all of them, whatever their diseases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from zhiheng.autofill.knowing import Known
from zhiheng.casefinding.models import Case
from zhiheng.engine import fill as engine
from zhiheng.engine.fill.run import Proposal
from zhiheng.engine.form.values import to_json
from zhiheng.ingestion import queries as ingestion
from zhiheng.packs.loading import Pack
from zhiheng.packversions import queries as packversions
from zhiheng.records import people
from zhiheng.records.store import Records

# {"proposals": {code: {"value", "evidence": [{...}]}}, "refused": [{"item", "reason", "found", ...}]}
Found = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A case with what the engine must know of it."""

    case: Case
    pack: Pack
    encounter_id: str
    patient_id: str
    source: str  # of its visit: which profile says what is complete


def fill(cases: Sequence[Case], known: Known) -> dict[int, Found]:
    """Return by case what the records prove. A case whose visit is no longer among the records is left out."""
    records = ingestion.records(
        patient_ids={case.sealed["patient_id"] for case in cases}, encounter_keys={case.encounter_key for case in cases}
    )
    found: dict[int, Found] = {}
    by_source: dict[str, list[Asked]] = {}
    for asked in _asked(cases, records):
        by_source.setdefault(asked.source, []).append(asked)
    with duckdb.connect(config={"temp_directory": "", "threads": 1}) as con:
        records.register(con)
        for source, group in by_source.items():
            found |= _fill(con, records, group, known, ingestion.complete_tables(source))
    return found


def _asked(cases: Iterable[Case], records: Records) -> Iterable[Asked]:
    visits = records.latest("encounter").select(["encounter_id", "patient_id", "source"]).to_pylist()
    by_number = {visit["encounter_id"]: visit for visit in visits}
    for case in cases:
        visit = by_number.get(case.sealed["encounter_id"])
        if visit is not None:
            pack = packversions.pack(case.pack_version)
            yield Asked(case, pack, visit["encounter_id"], visit["patient_id"], visit["source"])


def persons(records: Records) -> pa.Table:
    """Return which patient numbers are one person."""
    numbers = records.latest("patient").column("patient_id").to_pylist()
    return people.persons(numbers, records.latest("patient_link"))


def _fill(
    con: duckdb.DuckDBPyConnection, records: Records, group: Sequence[Asked], known: Known, complete: Iterable[str]
) -> dict[int, Found]:
    packs = list({asked.pack.content_hash: asked.pack for asked in group}.values())
    place = {pack.content_hash: number for number, pack in enumerate(packs)}
    jobs = [job_of(pack, [each for each in group if each.pack is pack], known) for pack in packs]
    rows = {
        "job": pa.array([place[asked.pack.content_hash] for asked in group], pa.int32()),
        "encounter_id": pa.array([asked.encounter_id for asked in group], pa.string()),
    }
    con.register("asked_cases", pa.table(rows))
    results = engine.fill_all(con, jobs, "asked_cases", complete=complete, persons=persons(records))
    con.unregister("asked_cases")
    said = [_said(pack, filled) for pack, filled in zip(packs, results, strict=True)]
    nothing: Found = {"proposals": {}, "refused": []}
    return {asked.case.pk: said[place[asked.pack.content_hash]].get(asked.encounter_id, nothing) for asked in group}


def job_of(pack: Pack, asked: Sequence[Asked], known: Known) -> engine.Job:
    if pack.fills is None:
        return engine.Job.nothing(pack.form)
    answers = {each.encounter_id: dict(known.get(each.case.pk, {})) for each in asked}
    visits = {each.encounter_id: visits_of(each.case) for each in asked}
    return engine.Job(pack.fills.plan, pack.fills.terms, pack.fills.units, answers, visits)


def visits_of(case: Case) -> list[str]:
    """Return the visits that a case is made of: of a patient's year there are several."""
    return case.sealed.get("encounter_ids") or [case.sealed["encounter_id"]]


def _said(pack: Pack, filled: engine.Filled) -> dict[str, Found]:
    types = {item.code: item.type for item in pack.form.items}
    said: dict[str, Found] = {}
    for encounter_id, proposals in engine.proposals_by_case(filled.proposals, types).items():
        by_item = {code: _plain_proposal(each) for code, each in sorted(proposals.items())}
        said[encounter_id] = {"proposals": by_item, "refused": []}
    for row in filled.refused.to_pylist():
        case = said.setdefault(row["encounter_id"], {"proposals": {}, "refused": []})
        case["refused"].append(_plain(row))
    return said


def _plain_proposal(proposal: Proposal) -> dict[str, Any]:
    # `asdict` copies every value deeply and takes a fifth of the whole filling.
    return {"value": to_json(proposal.value), "evidence": [dict(vars(row)) for row in proposal.evidence]}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("item", "reason", "found", "rule", "table", "source", "source_id", "record_version", "excerpt")
    time = row["time"]
    said = time.isoformat(" ", "minutes") if isinstance(time, datetime) else None
    return {name: row[name] for name in names} | {"time": said}


def written(found: Found) -> str:
    """Return the same text for the same findings."""
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()

"""Look at the records of whole persons: the visits in them, the cases that the packs find, and what proves each."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa

from zhiheng.engine import find as finding
from zhiheng.engine.find import Decision, Evidence, Explanation, Found, Rules, Saying
from zhiheng.engine.find.query import END, ENDED, Search, attach
from zhiheng.records import people
from zhiheng.records.schema import TABLES
from zhiheng.records.store import Records


@dataclass(frozen=True)
class SeenVisit:
    """A visit as the records say it, with what they say of the patient."""

    encounter_id: str
    patient_id: str
    person_id: str
    encounter_class: str
    campus: str | None
    department_code: str | None
    department: str | None
    record_number: str | None
    admit_time: datetime | None
    discharge_time: datetime | None
    has_ended: bool
    ended_on: date | None
    name: str | None
    sex: str | None
    birth_date: date | None
    id_number: str | None


@dataclass(frozen=True)
class FoundCase:
    """A case that a pack finds: the engine's decision, the rows behind it, the state of its person's records."""

    case: finding.Case
    evidence: tuple[Evidence, ...]
    records_digest: str


@dataclass(frozen=True)
class Looked:
    """All that was seen. `persons` are by patient number, `digests` are of the records of each person."""

    persons: dict[str, str]
    visits: dict[str, SeenVisit]
    cases: list[FoundCase]
    digests: dict[str, str]


def look(records: Records, rules: Iterable[Rules], *, since: date | None = None) -> Looked:
    """Return the visits in `records` and the cases of `rules` among them; `records` hold whole persons.

    What ended before `since` was reported by other means: those cases are out, with that as their reason.
    """
    with connect() as con:
        records.register(con)
        persons = persons_of(records)
        found = finding.find(rules, con, persons=persons)
        cases = found.cases()
        proofs: dict[tuple[str, str], list[Evidence]] = {}
        for abbr, row in found.proofs():
            proofs.setdefault((abbr, row.encounter_id), []).append(row)
        visits = {row[0]: SeenVisit(*row) for row in con.execute(_VISITS).fetchall()}
        digests = dict(con.execute(_digests()).fetchall())
    taken = [
        FoundCase(
            _reported_before(case, visits, since),
            tuple(row for key in case.encounter_ids for row in proofs.get((case.pack, key), ())),
            digests.get(case.person_id, ""),
        )
        for case in cases
    ]
    of_number = dict(zip(*(persons.column(name).to_pylist() for name in ("patient_id", "person_id")), strict=True))
    return Looked(of_number, visits, taken, digests)


def _reported_before(case: finding.Case, visits: dict[str, SeenVisit], since: date | None) -> finding.Case:
    ends = [visits[key].ended_on for key in case.encounter_ids if key in visits]
    last = max((end for end in ends if end), default=None)
    if since is None or last is None or last >= since or case.decision is Decision.OUT:
        return case
    reason = Saying("before_start", f"出院早于启用日期 {since}：此前的病例已由原途径上报")
    return replace(case, decision=Decision.OUT, reasons=(reason,), questions=())


def explain(records: Records, rules: Iterable[Rules], abbr: str, encounter_id: str) -> list[Explanation]:
    """Return why a visit is or is not a case of a disease, clause by clause, for each version of the pack."""
    with connect() as con:
        records.register(con)
        attach(con, None, persons_of(records))
        return Found(Search(con, concerned(rules, abbr))).why_not(abbr, encounter_id)


def concerned(rules: Iterable[Rules], abbr: str) -> list[Rules]:
    """Return the rules of a disease and of those that go before it, and before these."""
    given = list(rules)
    wanted, waiting = set[str](), [abbr]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += [other for each in given if each.abbr == name for other in each.yields_to]
    return [each for each in given if each.abbr in wanted]


def connect() -> duckdb.DuckDBPyConnection:
    """Open a database in memory that never writes what does not fit to a disk: it would stand there in clear."""
    return duckdb.connect(config={"temp_directory": "", "threads": 2})


def persons_of(records: Records) -> pa.Table:
    """Return which patient numbers are one person."""
    tables = (records.latest("patient"), records.latest("encounter"))
    numbers = {number for table in tables for number in table.column("patient_id").to_pylist()}
    return people.persons(sorted(numbers), records.latest("patient_link"))


def finding_of(case: finding.Case) -> dict[str, Any]:
    """Return what the records say, short enough to compare."""
    ids = [each.id for each in (*case.reasons, *case.questions)]
    return {"decision": str(case.decision), "ids": sorted(ids)}


def sayings(said: Iterable[Saying]) -> list[dict[str, str]]:
    return [{"id": each.id, "text": each.text} for each in said]


# Two feeds may tell of one visit, or of one patient: what the newer one says comes first, gaps are filled by the other.
def _first(column: str, of: str) -> str:
    newest = f"order by {of}.received_at desc, {of}.source, {of}.source_id"
    return f"first({of}.{column} {newest}) filter ({of}.{column} is not null)"


_ENCOUNTER = (
    "patient_id",
    "encounter_class",
    "campus",
    "department_code",
    "department",
    "record_number",
    "admit_time",
    "discharge_time",
    "discharge_mode",
    "status",
)
_PATIENT = ("name", "sex", "birth_date", "id_number")
_VISITS = f"""
    with v as (
        select encounter_id, {", ".join(f"{_first(each, 'e')} as {each}" for each in _ENCOUNTER)}
        from encounter e group by encounter_id),
    p as (
        select patient_id, {", ".join(f"{_first(each, 't')} as {each}" for each in _PATIENT)}
        from patient t group by patient_id)
    select v.encounter_id, v.patient_id, coalesce(l.person_id, v.patient_id), v.encounter_class, v.campus,
        v.department_code, v.department, v.record_number, v.admit_time, v.discharge_time,
        coalesce({ENDED}, false), case when {ENDED} then cast({END} as date) end,
        p.name, p.sex, p.birth_date, p.id_number
    from v left join p using (patient_id) left join find_persons l using (patient_id)"""


def _digests() -> str:
    """Return the query for what stands in the records of each person: every row's key and version."""
    rows = " union all ".join(_rows_of(name) for name in TABLES)
    return f"""
        with of_visit as (select encounter_id, any_value(patient_id) as of_patient from encounter group by 1),
        rows as ({rows})
        select coalesce(l.person_id, r.patient_id), md5(string_agg(r.said, chr(10) order by r.said))
        from rows r left join find_persons l using (patient_id) where r.patient_id is not null group by 1"""


def _rows_of(name: str) -> str:
    names = TABLES[name].names
    said = f"concat_ws(chr(31), '{name}', t.source, t.source_id, t.record_version)"
    if "encounter_id" not in names:
        return f"select t.patient_id, {said} as said from {name} t"
    own = "t.patient_id" if "patient_id" in names else "null::varchar"
    return f"""select coalesce({own}, o.of_patient) as patient_id, {said} as said
        from {name} t left join of_visit o on o.encounter_id = t.encounter_id"""

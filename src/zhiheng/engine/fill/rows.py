"""The rows of a few cases: of the visit, of the emergency visits that led to it, and of the whole person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from zhiheng.engine.find.query import STAYS

from .person import OF_VISIT_ALONE, STATED
from .query import IN_TIME, quote, text
from .rules import DATED

Row = dict[str, Any]
DISMISSED = ("cancelled", "planned")
_OF_STAYS = "encounter_id, patient_id, encounter_class, status, admit_time, discharge_time, readmission_planned"


@dataclass(frozen=True)
class Visit:
    """The visit whose form is filled."""

    encounter_id: str
    patient_id: str | None


class Rows:
    """Reads each table once, for all visits together."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, visits: Iterable[Visit], persons: pa.Table | Mapping[str, str]
    ) -> None:
        self.con, self._persons = con, persons
        self.visits = list(dict.fromkeys(visits))
        self._own = [visit.encounter_id for visit in self.visits]
        self._by_visit: dict[str, dict[str, list[Row]]] = {}
        self._by_person: dict[str, dict[str, list[Row]]] = {}

    def of_visit(self, table: str, visit: Visit, *, emergency: bool) -> list[tuple[Row, bool]]:
        """Return the rows of a visit, each with whether it is the visit's own, where those of emergencies count too."""
        if table == "patient":
            return [(row, True) for row in self._of_patients.get(visit.patient_id or "", ())]
        rows = self._rows(table)
        found = [(row, True) for row in rows.get(visit.encounter_id, ())]
        if emergency:
            others = self._emergencies.get(visit.encounter_id, ())
            found += [(row, False) for other in others for row in rows.get(other, ())]
        return found

    def of_person(self, table: str, visit: Visit) -> list[Row]:
        """Return the rows of all visits of the person, and those of none."""
        if table not in self._by_person:
            self._by_person[table] = self._read_persons(table)
        return self._by_person[table].get(self._person(visit.patient_id), [])

    def year_of(self, visit: Visit) -> int | None:
        """Return the year in which a visit ended."""
        ended = self._ends.get(visit.encounter_id)
        return ended.year if ended else None

    def stay_before(self, encounter: Row) -> tuple[float | None, bool | None]:
        """Return the days since the person's last discharge, and whether that stay announced another."""
        admitted: datetime | None = encounter["admit_time"]
        stays = [
            stay
            for stay in self._stays.get(self._person(encounter["patient_id"]), ())
            if admitted is not None
            and stay["encounter_id"] != encounter["encounter_id"]
            and stay["discharge_time"] <= admitted
        ]
        if not stays or admitted is None:
            return None, None
        last = max(stay["discharge_time"] for stay in stays)
        said = [stay for stay in stays if stay["readmission_planned"] is not None]
        planned = max(said, key=lambda stay: stay["discharge_time"])["readmission_planned"] if said else None
        return float((admitted.date() - last.date()).days), planned

    # Visits -------------------------------------------------------------------------------------------------------

    @cached_property
    def _encounters(self) -> list[Row]:
        """The visits themselves, and the emergency visits that led to them, whichever of the two names the other."""
        ids = _listed(self._own)
        near = self._read(f"encounter WHERE encounter_id IN ({ids}) OR part_of_encounter_id IN ({ids})")
        known = {row["encounter_id"] for row in near}
        leading = {row["part_of_encounter_id"] for row in near if row["encounter_id"] in set(self._own)} - {None}
        more = leading - known
        return near + (self._read(f"encounter WHERE encounter_id IN ({_listed(more)})") if more else [])

    @cached_property
    def _emergencies(self) -> dict[str, list[str]]:
        found: dict[str, dict[str, None]] = defaultdict(dict)
        own = set(self._own)
        emergencies = {row["encounter_id"] for row in self._encounters if row["encounter_class"] == "emergency"}
        for row in self._encounters:
            visit, other = row["encounter_id"], row["part_of_encounter_id"]
            if visit in own and other in emergencies:
                found[visit][other] = None
            if visit in emergencies and other in own:
                found[other][visit] = None
        return {visit: list(others) for visit, others in found.items()}

    def _rows(self, table: str) -> dict[str, list[Row]]:
        if table not in self._by_visit:
            if table == "encounter":
                rows = self._encounters
            else:
                wanted = {*self._own, *(each for others in self._emergencies.values() for each in others)}
                rows = self._read(f"{quote(table)} WHERE encounter_id IN ({_listed(wanted)})")
            self._by_visit[table] = _by(rows, "encounter_id")
        return self._by_visit[table]

    @cached_property
    def _of_patients(self) -> dict[str, list[Row]]:
        patients = _listed({visit.patient_id for visit in self.visits if visit.patient_id})
        return _by(self._read(f"patient WHERE patient_id IN ({patients})"), "patient_id")

    # People -------------------------------------------------------------------------------------------------------

    @cached_property
    def _person_of(self) -> dict[str, str]:
        """Who a patient number is, of all numbers of the people at hand."""
        if not isinstance(self._persons, pa.Table):
            at_hand = {self._persons.get(patient, patient) for patient in self._patients}
            return {patient: person for patient, person in self._persons.items() if person in at_hand}
        self.con.register("fill_persons", self._persons)
        patients = _listed(self._patients)
        rows = self.con.execute(
            f"SELECT patient_id, person_id FROM fill_persons WHERE person_id IN ({patients}) OR person_id IN "
            f"(SELECT person_id FROM fill_persons WHERE patient_id IN ({patients}))"
        ).fetchall()
        self.con.unregister("fill_persons")
        return dict(rows)

    @cached_property
    def _patients(self) -> set[str]:
        patients = {row["patient_id"] for row in self._encounters} | {visit.patient_id for visit in self.visits}
        return {patient for patient in patients if patient is not None}

    def _person(self, patient: str | None) -> str:
        return self._person_of.get(patient or "", patient or "")

    @cached_property
    def _seen(self) -> list[Row]:
        """All visits of the people at hand."""
        people = {self._person(patient) for patient in self._patients}
        numbers = {*self._person_of, *(person for person in people if person not in self._person_of)}
        return self._read(f"encounter WHERE patient_id IN ({_listed(numbers)})", _OF_STAYS)

    @cached_property
    def _ends(self) -> dict[str, datetime]:
        """When visits ended, as finding cases has it."""
        found: dict[str, datetime] = {}
        for row in self._seen:
            stays = row["encounter_class"] in STAYS
            ended = row["discharge_time"] if stays else row["discharge_time"] or row["admit_time"]
            if ended is not None:
                found[row["encounter_id"]] = max(ended, found.get(row["encounter_id"], ended))
        return found

    @cached_property
    def _stays(self) -> dict[str, list[Row]]:
        stays = [
            row
            for row in self._seen
            if row["encounter_class"] == "inpatient"
            and row["discharge_time"] is not None
            and row["status"] not in DISMISSED
        ]
        found: dict[str, list[Row]] = defaultdict(list)
        for stay in stays:
            found[self._person(stay["patient_id"])].append(stay)
        return found

    def _read_persons(self, table: str) -> dict[str, list[Row]]:
        """Return the rows of a table by person, as `person` says whose they are."""
        own = {visit.patient_id for visit in self.visits if visit.patient_id} - self._person_of.keys()
        numbers = {*self._person_of, *own}
        visits = [row for row in self._seen if row["patient_id"] in numbers]
        patients = defaultdict(set)
        for row in visits:
            patients[row["encounter_id"]].add(row["patient_id"])
        stated, visited = f"patient_id IN ({_listed(numbers)})", f"encounter_id IN ({_listed(patients)})"
        where = stated if table in STATED else f"({stated}) OR (patient_id IS NULL AND {visited})"
        where = visited if table in OF_VISIT_ALONE else where
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._read(f"(SELECT DISTINCT * FROM {quote(table)} WHERE {where})"):
            stands = None if table in OF_VISIT_ALONE else row["patient_id"]
            whose = {stands} if stands is not None else patients[row["encounter_id"]]
            row[IN_TIME] = row.get(DATED.get(table, "")) or self._ends.get(row.get("encounter_id") or "")
            for person in {self._person(patient) for patient in whose}:
                found[person].append(row)
        return found

    def _read(self, rows: str, columns: str = "* EXCLUDE (received_at)") -> list[Row]:
        # When a record was received is no matter of filling, and costs a conversion.
        found = self.con.execute(f"SELECT {columns} FROM {rows}")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(text, sorted(values))) or "NULL"


def _by(rows: Sequence[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found

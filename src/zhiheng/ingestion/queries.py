"""What others ask of the stored records. Records leave this app in clear and in memory only."""

from collections.abc import Collection, Iterable
from typing import Any

import pyarrow as pa
from django.db import connection

from zhiheng.ingestion import opening
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.ingestion.records import MODELS
from zhiheng.packversions.queries import profile
from zhiheng.records import people
from zhiheng.records.store import Records
from zhiheng.sources.profile import Profile, ProfileError
from zhiheng.vault.sealing import blind

_OF_PATIENTS = "r.current and r.patient_key = any(%s)"
_OF_VISITS = "r.current and (r.encounter_key = any(%s) or r.patient_key = any(%s))"
_OF_LINKED = "r.current and (r.patient_key = any(%s) or r.other_patient_key = any(%s))"
_VERSION = "r.key = %s and r.record_version = %s"


def records(*, patient_ids: Iterable[str] = (), encounter_keys: Iterable[str] = ()) -> Records:
    """Return the newest rows of whole persons: of the patient numbers, of the patients of the visits, and of every
    number that the links make the same person. Also the events of the links."""
    visits = list(set(encounter_keys))
    numbers = set(patient_ids) | set(_visits(visits, []).column("patient_id").to_pylist())
    links = _links(numbers)
    patients = _patient_keys(_same_persons(numbers, links))
    found = Records(are_newest=True)
    found.tables["patient_link"] = links
    found.tables["patient"] = opening.fetch("patient", _OF_PATIENTS, [patients])
    found.tables["encounter"] = _visits(visits, patients)
    visits = [*visits, *_encounter_keys(found.tables["encounter"])]
    for name in found.tables.keys() - {"patient", "patient_link", "encounter"}:
        found.tables[name] = opening.fetch(name, _OF_VISITS, [visits, patients])
    return found


def row(table: str, source: str, source_id: str, version: int) -> dict[str, Any] | None:
    """Return a version of a record, however old, also of a retired one; None if there never was one."""
    key = blind("record", f"{source}\0{source_id}")
    found = opening.fetch(table, _VERSION, [key, version]).to_pylist()
    return found[0] if found else None


def encounter(encounter_key: str) -> dict[str, Any] | None:
    """Return the newest row of a visit."""
    found = _visits([encounter_key], []).sort_by("received_at").to_pylist()
    return found[-1] if found else None


def departments() -> list[tuple[str, str]]:
    """Return (code, name) of every department that visits name as the one of discharge."""
    named = MODELS["encounter"].objects.filter(current=True).exclude(department_code=None)
    return [(code, name or code) for code, name in named.values_list("department_code", "department").distinct()]


def persons_of(batch: Batch) -> set[str]:
    """Return the patient numbers, in clear, of all whose records a batch changed."""
    patients, visits = _touched_by(batch)
    found = _visits(list(visits), list(patients)).column("patient_id").to_pylist()
    linked = opening.fetch("patient_link", "r.batch_id = %s or r.retired_by_id = %s", [batch.pk, batch.pk])
    known = opening.fetch("patient", _OF_PATIENTS, [list(patients)]).column("patient_id").to_pylist()
    return {*found, *known, *linked.column("patient_id").to_pylist(), *linked.column("other_patient_id").to_pylist()}


def complete_tables(*sources: str) -> frozenset[str]:
    """Return the tables in which, as a profile in use says, everything that happened is recorded.

    With `sources`, only profiles with one of these feeds are asked.
    """
    asked = [one for one in profiles_in_use() if not sources or {feed.source for feed in one.feeds} & set(sources)]
    return frozenset(name for one in asked for name in one.complete)


def profiles_in_use() -> list[Profile]:
    """Return the profiles of the interfaces that can be read; one with mistakes says so where it is used."""
    found = []
    for name in Interface.objects.filter(is_enabled=True).values_list("profile", flat=True).distinct():
        try:
            found.append(profile(name))
        except ProfileError:
            continue
    return found


def systems() -> dict[str, str]:
    """Return what people call the hospital's systems, by the feeds that come from them."""
    return {
        feed.source: feed.title or f"{profile.title or profile.name} · {feed.source}"
        for profile in reversed(profiles_in_use())
        for feed in profile.feeds
    }


def _visits(visits: list[str], patients: list[str]) -> pa.Table:
    return opening.fetch("encounter", _OF_VISITS, [visits, patients])


def _links(numbers: Collection[str]) -> pa.Table:
    """Return all events of links that lead from these numbers to others, however far."""
    asked: set[str] = set()
    found = opening.fetch("patient_link", "false", [])
    while new := set(numbers) - asked:
        keys = _patient_keys(asked := asked | new)
        found = opening.fetch("patient_link", _OF_LINKED, [keys, keys])
        numbers = {*found.column("patient_id").to_pylist(), *found.column("other_patient_id").to_pylist()}
    return found


def _same_persons(numbers: Collection[str], links: pa.Table) -> set[str]:
    linked = {*links.column("patient_id").to_pylist(), *links.column("other_patient_id").to_pylist()}
    if not linked:
        return set(numbers)
    persons = people.person_of({*numbers, *linked}, links)
    wanted = {persons[number] for number in numbers}
    return {number for number, person in persons.items() if person in wanted}


def _patient_keys(numbers: Iterable[str]) -> list[str]:
    return [blind("patient", number) for number in numbers]


def _encounter_keys(visits: pa.Table) -> list[str]:
    return [blind("encounter", number) for number in visits.column("encounter_id").to_pylist()]


def _touched_by(batch: Batch) -> tuple[set[str], set[str]]:
    """Return the patients and visits, as blind indexes, of the rows that a batch brought or retired."""
    patients: set[str] = set()
    visits: set[str] = set()
    for model in MODELS.values():
        with connection.cursor() as cursor:
            cursor.execute(
                f"select distinct patient_key, encounter_key from {model._meta.db_table}"
                " where batch_id = %s or retired_by_id = %s",
                [batch.pk, batch.pk],
            )
            for patient, visit in cursor.fetchall():
                patients.add(patient)
                visits.add(visit)
    return patients - {None}, visits - {None}

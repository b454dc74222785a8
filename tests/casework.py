"""Cases for tests of what comes after casefinding: a pack in the database, a visit's records, and a case of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

VISIT, PATIENT = "ZY0001", "P0001"
ADMITTED, DISCHARGED = datetime(2026, 3, 2, 14, 5), datetime(2026, 3, 9, 10, 0)
FIRST_DAY = datetime(2026, 3, 12, 1, tzinfo=UTC)


def pack_version(abbr: str) -> Any:
    """Return the shipped pack, imported once into a test's database."""
    from zhiheng.packs.loading import default_root, load_packs
    from zhiheng.packversions import actions, compiling
    from zhiheng.packversions.models import PackVersion

    known = PackVersion.objects.filter(abbr=abbr).order_by("-pk").first()
    if known is None:
        pack = load_packs(default_root(), only=[abbr.lower()]).newest(abbr)
        compiling.cache().put(pack.folder, pack.content_hash, pack)
        known = actions.import_packs(only=[pack.folder])[0]
    return known


def open_case(cast: Any, abbr: str = "STEMI", *, visit: str = VISIT, patient: str = PATIENT, **more: Any) -> Any:
    """Open a case to be filled in, in cardiology."""
    from zhiheng.casefinding.models import Case
    from zhiheng.vault.sealing import blind

    version = pack_version(abbr)
    said = {
        "code": f"{abbr}-26-{Case.objects.count() + 1:06d}",
        "pack_version": version,
        "abbr": abbr,
        "encounter_key": blind("encounter", visit),
        "person_key": blind("person", patient),
        "decision": Case.Decision.IN,
        "state": "to_fill",
        "department": cast.cardiology,
        "campus": cast.campus,
        "encounter_class": "inpatient",
        "admit_time": ADMITTED,
        "discharge_time": DISCHARGED,
        "sealed": {"patient_id": patient, "encounter_id": visit, "name": "样例病人", "encounter_ids": [visit]},
    }
    return Case.objects.create(**{**said, **more})


def receive(day: int, **tables: list[tuple[str, Mapping[str, Any]]]) -> Any:
    """Store rows, each with its key, as a batch of that day: `receive(2, observation=[("L1", {...})])`."""
    from zhiheng.ingestion.models import Batch, Interface
    from zhiheng.ingestion.storing import store
    from zhiheng.records.build import Builder
    from zhiheng.records.schema import TABLES

    interface, _made = Interface.objects.get_or_create(name="HIS", profile="demo-hospital")
    batch = Batch.objects.create(interface=interface, digest=f"{day}-{Batch.objects.count()}")
    batch.received_at = FIRST_DAY + timedelta(days=day - 1)
    batch.save()
    built = {}
    for name, rows in tables.items():
        builder = Builder(TABLES[name], _SOURCES.get(name, name), batch.received_at, later_corrects=True)
        for key, row in rows:
            builder.add(row, source_id=key, place=None)
        finished = builder.finish()
        assert not finished.problems, finished.problems
        built[name] = finished.table
    store(batch, built)
    return batch


_SOURCES = {"encounter": "frontpage", "patient": "frontpage", "diagnosis": "frontpage", "observation": "labs"}


def screen_everybody() -> Any:
    """Screen all patients, as the jobs do one after the other; return what came of it."""
    from zhiheng.casefinding import actions

    done, last = actions.Screened(), ""
    while last is not None:
        step, last = actions.screen_next(last)
        done.add(step)
    return done


def admission(visit: str = VISIT, patient: str = PATIENT, **more: Any) -> dict[str, list[tuple[str, Any]]]:
    """Return the rows of a patient and a stay in hospital."""
    stay = {
        "encounter_id": visit,
        "patient_id": patient,
        "encounter_class": "inpatient",
        "admit_time": f"{ADMITTED:%Y-%m-%d %H:%M}",
        "discharge_time": f"{DISCHARGED:%Y-%m-%d %H:%M}",
        "weight_kg": "68.5",
        "height_cm": "171",
    }
    person = {"patient_id": patient, "name": "样例病人", "sex": "male", "birth_date": "1958-07-16"}
    return {"patient": [(patient, person)], "encounter": [(visit, {**stay, **more})]}


@lru_cache
def sheet(abbr: str) -> Any:
    """Return the form of a shipped pack, without a database."""
    from zhiheng.forms.sheet import sheet_of
    from zhiheng.packs.loading import default_root, load_packs

    return sheet_of(load_packs(default_root(), only=[abbr.lower()]).newest(abbr))

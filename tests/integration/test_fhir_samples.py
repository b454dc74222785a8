"""Published FHIR data are read without loss: every resource is a record, left aside by its type, or rejected."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from zhiheng.records.problems import Effect
from zhiheng.sources import profile, read
from zhiheng.sources.base import Reading
from zhiheng.sources.fhir.feed import POINTED_AT

GENERIC = (Path(__file__).parents[2] / "profiles" / "fhir-r4" / "profile.yaml").read_text(encoding="utf-8")
# The decks write UTC and mean it as local; requests for comfort measures count in them.
DECKS = GENERIC.replace("offset: convert", "offset: as_written").replace('"**/*"', '"*.ndjson"')
DECKS += "  requests: procedure\n"
MEASURES = ["CMS506FHIRSafeUseofOpioids", "CMS71FHIRSTKAnticoagAFFlutter", "CMS996FHIRAptTxforSTEMI"]


def read_folder(plan: str, folder: Path) -> Reading:
    return read(profile.loads(plan), folder, received_at=datetime(2026, 1, 1, tzinfo=UTC))


def resources(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what the folder holds, read in the simplest way."""
    for path in sorted(folder.iterdir()):
        if ".json" not in path.name and ".ndjson" not in path.name:
            continue
        text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
        documents = map(json.loads, text.splitlines()) if ".ndjson" in path.name else [json.loads(text)]
        for document in documents:
            entries = document.get("entry", []) if document["resourceType"] == "Bundle" else [{"resource": document}]
            yield from (entry["resource"] for entry in entries)


def rows(reading: Reading, table: str) -> list[dict[str, Any]]:
    return reading.tables[table].to_pylist() if table in reading.tables else []


def kept(reading: Reading) -> set[str]:
    """Return type and id of every resource that became a record."""
    ids = (table.column("source_id").to_pylist() for table in reading.tables.values())
    return {str(one).split("#")[0] for column in ids for one in column}


SAMPLES = [
    ("fhir/synthea", GENERIC),
    ("fhir/r4-examples", GENERIC),
    ("clinosim/fhir", GENERIC),
    *((f"ecqm/{measure}", DECKS) for measure in MEASURES),
]


@pytest.mark.parametrize(("name", "plan"), SAMPLES)
def test_nothing_is_lost(shared, name, plan):
    folder = shared(f"data/{name}")
    reading = read_folder(plan, folder)
    feed = profile.loads(plan).feeds[0]
    aside = {*feed.ignore, *POINTED_AT} | ({"ServiceRequest"} if feed.requests == "ignore" else set())
    records = kept(reading)
    rejected = " ".join(reject.row for reject in reading.rejects if reject.effect is Effect.ROW)
    for resource in resources(folder):
        key = f"{resource['resourceType']}/{resource['id']}"
        assert resource["resourceType"] in aside or key in records or key in rejected, key
    for account in reading.files:
        lost = account.rows - account.kept - sum(account.ignored.values())
        assert lost == len({r.row for r in reading.rejects if r.effect is Effect.ROW and r.file == account.name})
    assert sum(account.rows for account in reading.files) == len(list(resources(folder)))


@pytest.mark.parametrize("name", MEASURES)
def test_a_deck_of_bundles_by_the_line_has_the_rows_of_its_resources(shared, name):
    folder = shared(f"data/ecqm/{name}")
    reading = read_folder(DECKS, folder)
    types = Counter(resource["resourceType"] for resource in resources(folder))
    assert len(rows(reading, "patient")) == types["Patient"]
    assert len(rows(reading, "encounter")) == types["Encounter"]
    assert len(rows(reading, "procedure")) == types["Procedure"] + types["ServiceRequest"]
    assert len(rows(reading, "allergy")) == types["AllergyIntolerance"] + types["AdverseEvent"]
    withdrawn = sum(reject.kind == "withdrawn" for reject in reading.rejects)
    drugs = types["MedicationRequest"] + types["MedicationAdministration"]
    assert len(rows(reading, "medication")) == drugs - withdrawn


def deck(shared, table: str) -> list[dict[str, Any]]:
    return [row for name in MEASURES for row in rows(read_folder(DECKS, shared(f"data/ecqm/{name}")), table)]


def test_the_decks_of_the_three_measures_have_all_their_patients(shared):
    assert len(deck(shared, "patient")) == 223


def test_what_the_decks_say_was_not_done_is_carried_with_its_coded_reason(shared):
    refused = [row for row in deck(shared, "medication") if row["not_given"]]
    assert Counter(row["kind"] for row in refused) == {"home": 7, "administration": 2}
    assert all(row["not_given_reason_codes"] and row["recorded_time"] for row in refused)
    procedures = [row for row in deck(shared, "procedure") if row["status"] == "not_done"]
    assert Counter(bool(row["not_done_reason_codes"]) for row in procedures) == {True: 2, False: 1}
    assert all(row["start_time"] is None and row["recorded_time"] for row in procedures)


def test_open_intervals_of_the_decks_are_still_running(shared):
    procedures = deck(shared, "procedure")
    assert sum(row["ongoing"] is True for row in procedures) == 5
    assert all(row["end_time"] is None for row in procedures if row["ongoing"])
    assert sum(row["ongoing"] is True for row in deck(shared, "allergy")) == 2


def test_emergency_stays_of_the_decks_carry_what_decides_about_them(shared):
    encounters = deck(shared, "encounter")
    classes = Counter(row["encounter_class"] for row in encounters)
    assert classes == {"emergency": 148, "inpatient": 103, "outpatient": 23}
    assert Counter(row["class_code"] for row in encounters)["OBSENC"] == 15
    assert sum(bool(row["reason_codes"]) for row in encounters) == 40
    assert sum(row["discharge_time"] is None for row in encounters) == 2
    assert all(row["type_codes"] for row in encounters)
    assert sum(row["discharge_disposition"] is not None for row in encounters) == 22


def test_all_codes_of_a_condition_of_the_decks_are_kept(shared):
    conditions = deck(shared, "diagnosis")
    by_condition = {row["source_id"].split("#")[0]: len(row["codings"]) for row in conditions}
    assert Counter(by_condition.values()) == {1: 208, 2: 2, 3: 37}
    assert sum(row["role"] == "principal" for row in conditions) == 82


def test_synthea_transactions_join_results_to_visits(shared):
    reading = read_folder(GENERIC, shared("data/fhir/synthea"))
    visits = {row["encounter_id"]: row["patient_id"] for row in rows(reading, "encounter")}
    assert Counter(row["encounter_class"] for row in rows(reading, "encounter")) == {
        "outpatient": 69,
        "emergency": 6,
        "inpatient": 4,
    }
    for table in ("observation", "procedure", "medication", "exam", "diagnosis"):
        assert all(visits[row["encounter_id"]] == row["patient_id"] for row in rows(reading, table)), table
    assert reading.rejects == []


def test_xml_resources_are_set_aside_with_a_word_on_json(shared):
    reading = read_folder(GENERIC, shared("data/fhir/r4-examples"))
    xml = [reject for reject in reading.rejects if reject.kind == "xml_resource"]
    assert len(xml) == 8
    assert all("JSON" in reject.reason + reject.remedy for reject in xml)

"""The simulated hospital in its CSV form, compared with the files read by hand."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zhiheng.sources import profile, read
from zhiheng.sources.base import Reading

PROFILE = Path(__file__).parents[2] / "profiles" / "clinosim-csv"


@pytest.fixture(scope="module")
def folder(shared) -> Path:
    return shared("data/clinosim/csv")


@pytest.fixture(scope="module")
def reading(folder) -> Reading:
    return read(profile.load(PROFILE), folder, received_at=datetime(2025, 4, 1, tzinfo=UTC))


def by_hand(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(reading: Reading, table: str, name: str) -> list:
    return reading.tables[table].column(name).to_pylist()


def test_nothing_is_rejected_and_what_is_left_out_is_said(reading):
    assert {(one.file, one.kind) for one in reading.rejects} == {
        ("intake_output.csv", "file_not_in_profile"),
        ("rehab_sessions.csv", "file_not_in_profile"),
    }


def test_every_encounter_has_its_class_times_and_outcome(reading, folder):
    deceased = {row["encounter_id"]: row["deceased"] == "True" for row in by_hand(folder, "diagnoses.csv")}
    expected = {
        (
            row["encounter_id"],
            row["patient_id"],
            row["encounter_type"],
            row["admission_datetime"][:19].replace("T", " "),
        )
        for row in by_hand(folder, "encounters.csv")
    }
    names = ("encounter_id", "patient_id", "encounter_class", "admit_time")
    found = zip(*(column(reading, "encounter", name) for name in names), strict=True)
    assert {(*row[:3], str(row[3])) for row in found} == expected
    outcome = dict(
        zip(column(reading, "encounter", "encounter_id"), column(reading, "encounter", "deceased"), strict=True)
    )
    assert outcome == deceased
    assert set(column(reading, "encounter", "discharge_mode")) == {None, "died"}  # how the living left is not recorded


def test_the_discharge_diagnosis_is_the_principal_one(reading, folder):
    names = ("encounter_id", "code", "role", "code_system")
    found = list(zip(*(column(reading, "diagnosis", name) for name in names), strict=True))
    principal = {row[0]: row[1] for row in found if row[2] == "principal"}
    expected = {row["encounter_id"]: row["discharge_diagnosis_code"] for row in by_hand(folder, "diagnoses.csv")}
    assert principal == expected
    assert {row[3] for row in found if row[1]} == {"ICD-10-CM"}


@pytest.mark.parametrize(
    ("table", "source", "name", "counted"),
    [
        ("observation", "lab_results", "lab_results.csv", 921),
        ("medication", "administrations", "medication_administrations.csv", 1380),
        ("medication", "prescriptions", "prescriptions.csv", 42),
        ("procedure", "procedures", "procedures.csv", 40),
    ],
)
def test_every_row_that_knows_only_its_patient_finds_the_patients_encounter(
    reading, folder, table, source, name, counted
):
    patient = {row["encounter_id"]: row["patient_id"] for row in by_hand(folder, "encounters.csv")}
    rows = zip(column(reading, table, "source"), column(reading, table, "encounter_id"), strict=True)
    found = Counter(patient[encounter] for feed, encounter in rows if feed == source)
    assert found == Counter(row["patient_id"] for row in by_hand(folder, name))
    assert found.total() == counted


def test_a_drug_that_was_refused_does_not_count_as_given(reading, folder):
    rows = zip(column(reading, "medication", "kind"), column(reading, "medication", "not_given"), strict=True)
    refused = sum(row["status"] == "refused" for row in by_hand(folder, "medication_administrations.csv"))
    assert Counter(rows)["administration", True] == refused

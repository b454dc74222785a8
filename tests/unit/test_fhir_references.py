"""A reference is followed within its resource, its Bundle and its feed; a dangling one is reported."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from zhiheng.sources import profile, read
from zhiheng.sources.base import Reading

ROOT = Path(__file__).parents[2]
PLAN = """
name: references
feeds:
- reader: fhir
  source: fhir
  files: "*.ndjson"
  identifiers: {{patient_id: {{systems: ["urn:mrn"], resource_id: true}}}}
  classes: {{IMP: inpatient}}
  unresolved: {unresolved}
"""
PATIENT = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:mrn", "value": "M1"}]}


@pytest.fixture
def read_lines(tmp_path):
    def run(*lines: dict[str, Any], unresolved: str = "refuse") -> Reading:
        (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        plan = profile.loads(PLAN.format(unresolved=unresolved))
        return read(plan, tmp_path, received_at=datetime(2025, 4, 1, tzinfo=UTC))

    return run


def visit(reference: dict[str, Any], name: str = "v") -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": name, "class": {"code": "IMP"}, "subject": reference}


def patients(reading: Reading) -> list[str]:
    return reading.tables["encounter"].column("patient_id").to_pylist() if "encounter" in reading.tables else []


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Patient/p"},
        {"reference": "Patient/p/_history/3"},
        {"reference": "https://hospital.example/fhir/Patient/p"},
        {"reference": "Patient?identifier=urn:mrn|M1"},
        {"type": "Patient", "identifier": {"system": "urn:mrn", "value": "M1"}},
        {"identifier": {"system": "urn:mrn", "value": "M1"}},
    ],
)
def test_a_reference_is_followed_to_what_comes_later(read_lines, reference):
    assert patients(read_lines(visit(reference), PATIENT)) == ["M1"]


def test_a_reference_in_a_transaction_is_followed_by_the_address_of_the_entry(read_lines):
    bare = {name: value for name, value in PATIENT.items() if name != "id"}
    entries = [
        {"fullUrl": "urn:uuid:7", "resource": visit({"reference": "urn:uuid:8"})},
        {"fullUrl": "urn:uuid:8", "resource": bare},
    ]
    assert patients(read_lines({"resourceType": "Bundle", "type": "transaction", "entry": entries})) == ["M1"]


def test_the_same_address_in_two_bundles_means_each_its_own(read_lines):
    def bundle(number: int) -> dict[str, Any]:
        patient = {"resourceType": "Patient", "id": "1", "identifier": [{"system": "urn:mrn", "value": f"M{number}"}]}
        entries = [{"resource": visit({"reference": "Patient/1"}, f"v{number}")}, {"resource": patient}]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    reading = read_lines(bundle(1), bundle(2), visit({"reference": "Patient/1"}, "outside"))
    assert patients(reading) == ["M1", "M2"]
    assert ("dangling_reference", "Patient/1") in {(reject.kind, reject.found) for reject in reading.rejects}


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ({"reference": "Patient/nobody"}, "dangling_reference"),
        ({"reference": "urn:uuid:0"}, "dangling_reference"),
        ({"reference": "Encounter/v"}, "wrong_reference"),
        ({"reference": 7}, "wrong_shape"),
    ],
)
def test_a_reference_to_nothing_is_reported_and_a_row_that_needs_it_falls(read_lines, reference, kind):
    reading = read_lines(visit(reference), PATIENT)
    assert patients(reading) == []
    assert [reject.kind for reject in reading.rejects] == [kind, "missing_value"]


def test_a_row_that_can_stand_without_it_goes_on(read_lines):
    part = visit({"reference": "Patient/p"}) | {"partOf": {"reference": "Encounter/gone"}}
    reading = read_lines(part, PATIENT)
    assert patients(reading) == ["M1"]
    assert [(reject.kind, reject.found) for reject in reading.rejects] == [("dangling_reference", "Encounter/gone")]


def test_an_export_of_changes_may_trust_the_ids_it_names(read_lines):
    assert patients(read_lines(visit({"reference": "Patient/nobody"}), unresolved="trust")) == ["nobody"]


def test_a_profile_that_maps_to_an_unknown_value_is_refused_with_a_suggestion():
    plan = PLAN.format(unresolved="refuse").replace("inpatient", "inpatent")
    with pytest.raises(profile.ProfileError, match=r'"IMP" maps to "inpatent".*inpatient'):
        profile.loads(plan)


def test_the_profile_in_the_manual_can_be_used():
    page = (ROOT / "docs" / "how-to" / "read-fhir.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert profile.loads(text).feeds[0].reader == "fhir"


def test_a_feed_without_files_says_so(tmp_path):
    plan = profile.loads(PLAN.format(unresolved="refuse"))
    reading = read(plan, tmp_path, received_at=datetime(2025, 4, 1, tzinfo=UTC))
    assert [reject.kind for reject in reading.rejects] == ["no_file"]


@pytest.mark.parametrize("name", ["fhir-r4", "clinosim-fhir"])
def test_the_shipped_profiles_can_be_used(name):
    assert profile.load(ROOT / "profiles" / name).name == name

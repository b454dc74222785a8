"""The simulated hospital's cases: the search finds what plain Python finds in the raw files, in both their forms.

The forms do not tell the same of a diagnosis: the CSV form was written after discharge, the FHIR form while the
inpatients were still there. The admission diagnosis is what both tell of every stay, so on it they are compared.
"""

import csv
import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from zhiheng import batch
from zhiheng.engine.find import Decision, find
from zhiheng.lib import models, yaml
from zhiheng.packs.loading import load_packs
from zhiheng.packs.specs.find import FindSpec, compile_find
from zhiheng.records.schema import DIAGNOSIS
from zhiheng.sources import profile, read

ROOT = Path(__file__).parents[2]
BEYOND = {"VTE"}  # a list of risks rather than of codes


@pytest.fixture(scope="module")
def diseases(shared):
    return [
        each
        for each in json.loads(shared("national/diseases.json").read_text(encoding="utf-8"))
        if each["abbr"] not in BEYOND
    ]


@pytest.fixture(scope="module")
def rules(diseases):
    found = []
    for each in diseases:
        path = ROOT / "packs" / each["abbr"].lower() / "find.yaml"
        spec, problems = models.read(yaml.load(path, name=str(path)), FindSpec)
        assert not problems
        found.append(compile_find(spec, abbr=each["abbr"], version="1"))
    return found


@pytest.fixture(scope="module")
def forms(shared):
    def tables(form):
        plan = profile.load(ROOT / "profiles" / f"clinosim-{form}")
        return read(plan, shared(f"data/clinosim/{form}"), received_at=datetime(2026, 1, 1, tzinfo=UTC)).tables

    return {form: tables(form) for form in ("csv", "fhir")}


# The same by other means: raw files, prefixes, no part of the product --------------------------------------------


def csv_visits(folder):
    """Return inpatient visits as number -> age, admission, discharge and other diagnoses."""
    patients = {row["patient_id"]: row for row in rows(folder / "patients.csv")}
    told = {row["encounter_id"]: row for row in rows(folder / "diagnoses.csv")}
    return {
        visit["encounter_id"]: {
            "age": int(patients[visit["patient_id"]]["age"]),
            "admission": told[visit["encounter_id"]]["admission_diagnosis_code"],
            "principal": told[visit["encounter_id"]]["discharge_diagnosis_code"],
            "other": [],
        }
        for visit in rows(folder / "encounters.csv")
        if visit["encounter_type"] == "inpatient"
    }


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fhir_visits(folder):
    """Return inpatient visits in the same shape."""
    births = {f"Patient/{each['id']}": each["birthDate"] for each in resources(folder, "Patient")}
    codes = {f"Condition/{each['id']}": code_of(each) for each in resources(folder, "Condition")}
    found = {}
    for visit in resources(folder, "Encounter"):
        if visit["class"]["code"] != "IMP":
            continue
        uses: dict[str, list[str]] = {"DD": [], "CM": []}
        for each in visit["diagnosis"]:
            uses[each["use"]["coding"][0]["code"]].append(codes[each["condition"]["reference"]])
        admitted, born = (
            date.fromisoformat(text[:10]) for text in (visit["period"]["start"], births[visit["subject"]["reference"]])
        )
        found[visit["identifier"][0]["value"]] = {
            "age": admitted.year - born.year - ((admitted.month, admitted.day) < (born.month, born.day)),
            "admission": visit["reasonCode"][0]["coding"][0]["code"],
            "principal": (uses["DD"] or [""])[0],
            "other": uses["CM"],
        }
    return found


def resources(folder, kind):
    with gzip.open(folder / f"{kind}.ndjson.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def code_of(condition):
    return condition["code"]["coding"][0]["code"]


def independent_cases(visits, diseases, principal):
    """Return (disease, visit) by the beginnings of codes; no visit here has a procedure of the national lists."""
    found = set()
    for each in diseases:
        low, high = each["age_min_years"] or 0, each["age_max_years_exclusive"] or 200
        for number, visit in visits.items():
            codes = [visit[principal]] + (visit["other"] if each["dx_position"] == "principal_or_other" else [])
            meets = any(code.startswith(prefix) for code in codes for prefix in each["icd10"])
            if each["match"] == "dx" and meets and low <= visit["age"] < high:
                found.add((each["abbr"], number))
    return found


# Compared ----------------------------------------------------------------------------------------------------


def found_cases(rules, tables):
    return {(case.pack, case.encounter_id) for case in find(rules, tables) if case.decision != "out"}


def as_admitted(tables):
    """Return the records with the admission diagnosis as the only and principal one."""
    admitted = [
        row | {"role": "principal", "rank": 1} for row in tables["diagnosis"].to_pylist() if row["role"] == "admission"
    ]
    return tables | {"diagnosis": pa.Table.from_pylist(admitted, schema=DIAGNOSIS.schema)}


@pytest.mark.parametrize(("form", "visits"), [("csv", csv_visits), ("fhir", fhir_visits)])
def test_the_cases_are_those_of_an_independent_list(form, visits, forms, rules, diseases, shared):
    expected = independent_cases(visits(shared(f"data/clinosim/{form}")), diseases, "principal")
    assert found_cases(rules, forms[form]) == expected
    assert expected


def test_both_forms_screen_for_the_same_cases(diseases, shared):
    """As `zhiheng run --screening` does. ICU stays, a reason for VTE, stand in the FHIR form only."""
    packs, found = load_packs(), {}
    for form in ("csv", "fhir"):
        result = batch.run(
            profile=profile.load(ROOT / "profiles" / f"clinosim-{form}"),
            folder=shared(f"data/clinosim/{form}"),
            packs=packs,
            received_at=datetime(2026, 1, 1, tzinfo=UTC),
            screening=True,
        )
        assert not result.of(Decision.IN)
        mine = [each.case for each in result.cases if each.case.decision is Decision.UNDECIDED]
        found[form] = {(case.pack, case.encounter_id) for case in mine if case.pack not in BEYOND}
    listed = {each["abbr"] for each in diseases}
    assert found["csv"] == found["fhir"]
    expected = independent_cases(csv_visits(shared("data/clinosim/csv")), diseases, "admission")
    assert {case for case in found["csv"] if case[0] in listed} == expected


def test_both_forms_find_the_same_cases(forms, rules, diseases, shared):
    csv_found, fhir_found = (found_cases(rules, as_admitted(forms[form])) for form in ("csv", "fhir"))
    visits = csv_visits(shared("data/clinosim/csv"))
    assert csv_found == fhir_found == independent_cases(visits, diseases, "admission")
    assert {pack for pack, _ in csv_found} == {"AECOPD", "AF", "CAC", "CAP", "ICH", "SEP", "STK"}


@pytest.mark.parametrize("form", ["csv", "fhir"])
def test_emergency_and_outpatient_visits_never_enter(form, forms, rules):
    inpatients = {
        row["encounter_id"] for row in forms[form]["encounter"].to_pylist() if row["encounter_class"] == "inpatient"
    }
    for tables in (forms[form], as_admitted(forms[form])):
        assert {visit for _, visit in found_cases(rules, tables)} <= inpatients


def test_stays_that_had_not_ended_at_export_are_undecided(forms, rules):
    decisions = {case.decision.value for case in find(rules, forms["fhir"])}
    assert decisions <= {"undecided", "out"}

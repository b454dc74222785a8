"""What each FHIR resource becomes. Every test shows the resource and the columns that matter."""

import base64
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from zhiheng.sources import profile, read
from zhiheng.sources.base import Reading
from zhiheng.sources.fhir.reader import MAPPED

RECEIVED = datetime(2025, 4, 1, tzinfo=UTC)
LOINC, SNOMED, RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
GENERIC = (Path(__file__).parents[2] / "profiles" / "fhir-r4" / "profile.yaml").read_text(encoding="utf-8")

PATIENT = {"resourceType": "Patient", "id": "p"}
VISIT = {
    "resourceType": "Encounter",
    "id": "v",
    "status": "finished",
    "class": {"code": "IMP"},
    "subject": {"reference": "Patient/p"},
    "period": {"start": "2025-03-02T06:05:00Z", "end": "2025-03-09T02:00:00Z"},
}
OF_VISIT = {"subject": {"reference": "Patient/p"}, "encounter": {"reference": "Encounter/v"}}


@pytest.fixture
def read_fhir(tmp_path):
    """Read resources, given in any order, by the generic profile or a changed one."""

    def run(*resources: dict[str, Any], plan: str = GENERIC) -> Reading:
        lines = [json.dumps(resource, ensure_ascii=False) for resource in resources]
        (tmp_path / "all.ndjson").write_text("\n".join(lines), encoding="utf-8")
        return read(profile.loads(plan), tmp_path, received_at=RECEIVED)

    return run


@pytest.fixture
def rows(read_fhir):
    """Read resources together with a patient and a visit; return the rows of a table."""

    def run(table: str, *resources: dict[str, Any], plan: str = GENERIC) -> list[dict[str, Any]]:
        reading = read_fhir(*resources, PATIENT, VISIT, plan=plan)
        return reading.tables[table].to_pylist() if table in reading.tables else []

    return run


def kinds(reading: Reading) -> list[str]:
    return [reject.kind for reject in reading.rejects]


def concept(system: str, code: str, display: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "coding": [
            {"system": system, "code": code, "display": display} if display else {"system": system, "code": code}
        ],
        **more,
    }


def without_nothing(row: dict[str, Any]) -> dict[str, Any]:
    about = ("source", "source_id", "record_version", "received_at")
    return {name: value for name, value in row.items() if value is not None and name not in about}


# Patient


def test_a_patient(read_fhir):
    reading = read_fhir(
        {
            "resourceType": "Patient",
            "id": "p",
            "identifier": [
                {"type": concept("", "MR"), "value": "00123"},
                {"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"},
            ],
            "name": [{"use": "old", "text": "李三"}, {"use": "official", "family": "张", "given": ["三", "丰"]}],
            "gender": "female",
            "birthDate": "1949-12-31",
            "telecom": [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "13800000000"}],
            "address": [{"use": "home", "city": "上海", "line": ["幸福路1号"]}],
            "maritalStatus": concept("", "M"),
            "deceasedDateTime": "2025-03-09T10:00:00+08:00",
        }
    )
    assert without_nothing(reading.tables["patient"].to_pylist()[0]) == {
        "patient_id": "p",
        "name": "张三丰",
        "sex": "female",
        "birth_date": date(1949, 12, 31),
        "id_kind": "resident_identity_card",
        "id_number": "11010519491231002X",
        "phone": "13800000000",
        "address": "上海 幸福路1号",
        "marital_status": "M",
        "death_date": date(2025, 3, 9),
    }


@pytest.mark.parametrize(
    ("kind", "event", "first", "second"),
    [
        ("replaced-by", "merge", "p", "q"),
        ("replaces", "merge", "q", "p"),
        ("seealso", "link", "p", "q"),
        ("refer", "link", "p", "q"),
    ],
)
def test_linked_patients_are_recorded_events(read_fhir, kind, event, first, second):
    link = {"other": {"reference": "Patient/q"}, "type": kind}
    meta = {"lastUpdated": "2025-03-20T01:00:00Z"}
    reading = read_fhir(PATIENT | {"link": [link], "meta": meta}, PATIENT | {"id": "q"})
    (row,) = reading.tables["patient_link"].to_pylist()
    assert (row["event"], row["patient_id"], row["other_patient_id"]) == (event, first, second)
    assert row["event_time"] == datetime(2025, 3, 20, 9, 0)


def test_a_link_without_a_time_is_not_given_one(read_fhir):
    link = {"other": {"reference": "Patient/q"}, "type": "replaced-by"}
    reading = read_fhir(PATIENT | {"link": [link]}, PATIENT | {"id": "q"})
    assert [(reject.kind, reject.field) for reject in reading.rejects] == [("missing_value", "event_time")]


# Encounter


def test_a_visit(read_fhir):
    visit = VISIT | {
        "type": [concept(SNOMED, "32485007")],
        "reasonCode": [concept(SNOMED, "29857009", "Chest pain")],
        "serviceType": {"text": "心血管内科"},
        "statusHistory": [{"status": "arrived", "period": {"start": "2025-03-02T05:30:00Z"}}],
        "hospitalization": {
            "admitSource": concept("", "emd"),
            "dischargeDisposition": concept("http://terminology.hl7.org/CodeSystem/discharge-disposition", "exp"),
        },
        "length": {"value": 7, "unit": "days"},
    }
    row = without_nothing(read_fhir(visit, PATIENT).tables["encounter"].to_pylist()[0])
    assert row == {
        "encounter_id": "v",
        "patient_id": "p",
        "encounter_class": "inpatient",
        "class_code": "IMP",
        "type_codes": [f"{SNOMED}|32485007"],
        "reason_codes": [f"{SNOMED}|29857009"],
        "department": "心血管内科",
        "admit_route": "emergency",
        "arrive_time": datetime(2025, 3, 2, 13, 30),
        "arrive_time_precision": "second",
        "admit_time": datetime(2025, 3, 2, 14, 5),
        "admit_time_precision": "second",
        "discharge_time": datetime(2025, 3, 9, 10, 0),
        "discharge_time_precision": "second",
        "discharge_mode": "died",
        "discharge_disposition": "http://terminology.hl7.org/CodeSystem/discharge-disposition|exp",
        "deceased": True,
        "length_of_stay_days": 7,
        "status": "finished",
    }


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("IMP", "inpatient"),
        ("ACUTE", "inpatient"),
        ("EMER", "emergency"),
        ("OBSENC", "emergency"),
        ("AMB", "outpatient"),
        ("SS", "day_surgery"),
    ],
)
def test_the_class_of_a_visit_is_the_profiles_meaning_of_its_code(rows, code, meaning):
    first = rows("encounter", VISIT | {"id": "w", "class": {"code": code}})[0]
    assert (first["encounter_id"], first["encounter_class"]) == ("w", meaning)


def test_a_class_without_a_meaning_is_rejected_with_what_to_add(read_fhir):
    reading = read_fhir(PATIENT, VISIT | {"class": {"code": "XX"}})
    assert reading.tables["encounter"].num_rows == 0
    reject = next(reject for reject in reading.rejects if reject.kind == "unknown_code")
    assert (reject.found, reject.field) == ("XX", "Encounter.class")
    assert "classes" in reject.remedy


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("planned", "planned"),
        ("triaged", "in_progress"),
        ("onleave", "in_progress"),
        ("cancelled", "cancelled"),
        ("unknown", None),
    ],
)
def test_the_status_of_a_visit(read_fhir, status, meaning):
    assert read_fhir(PATIENT, VISIT | {"status": status}).tables["encounter"].column("status").to_pylist() == [meaning]


def test_a_visit_without_an_end_is_still_running(read_fhir):
    reading = read_fhir(PATIENT, VISIT | {"status": "in-progress", "period": {"start": "2025-03-02T06:05:00Z"}})
    (row,) = reading.tables["encounter"].to_pylist()
    assert (row["status"], row["discharge_time"]) == ("in_progress", None)


def test_locations_of_one_stretch_are_one_stay(rows):
    first, second = {"start": "2025-03-02T06:05:00Z", "end": "2025-03-04T00:00:00Z"}, {"start": "2025-03-04T00:00:00Z"}
    visit = VISIT | {
        "id": "w",
        "location": [
            {"location": {"reference": "Location/ccu"}, "period": first},
            {"location": {"reference": "Location/b"}, "period": first},
            {"location": {"display": "心内二病区"}, "period": second, "physicalType": concept("", "wa")},
        ],
    }
    places = [
        {
            "resourceType": "Location",
            "id": "ccu",
            "name": "心脏监护",
            "physicalType": concept("", "wa"),
            "type": [concept("r", "CCU")],
        },
        {"resourceType": "Location", "id": "b", "name": "12", "physicalType": concept("", "bd")},
    ]
    stays = rows("stay", visit, *places)
    assert [(stay["kind"], stay["ward"], stay["bed"], stay["end_time"]) for stay in stays] == [
        ("icu", "心脏监护", "12", datetime(2025, 3, 4, 8, 0)),
        ("ward", "心内二病区", None, None),
    ]
    assert stays[0]["type_codes"] == ["r|CCU"]


def test_an_emergency_visit_that_led_to_an_admission_is_joined_to_it(rows):
    emergency = VISIT | {"id": "ed", "class": {"code": "EMER"}}
    admission = VISIT | {"id": "adm", "partOf": {"reference": "Encounter/ed"}}
    by_id = {row["encounter_id"]: row for row in rows("encounter", admission, emergency)}
    assert by_id["adm"]["part_of_encounter_id"] == "ed"


# Condition


def diagnosis(name: str, **more: Any) -> dict[str, Any]:
    code = concept("http://hl7.org/fhir/sid/icd-10", "I21.1", "急性下壁心肌梗死")
    return {"resourceType": "Condition", "id": name, "subject": {"reference": "Patient/p"}, "code": code, **more}


@pytest.mark.parametrize(
    ("stated", "role", "rank"),
    [
        ({"use": concept("", "DD"), "rank": 1}, "principal", 1),
        ({"use": concept("", "DD"), "rank": 2}, "other", 2),
        ({"use": concept("", "DD")}, "other", None),  # nobody said that it is the principal one
        ({"use": concept("", "billing"), "rank": 1}, "principal", 1),
        ({"use": concept("", "AD"), "rank": 1}, "admission", None),
        ({"use": concept("", "CM"), "rank": 1}, "other", None),  # the first of the comorbidities
        ({"rank": 1}, "principal", 1),
        ({}, "other", None),
    ],
)
def test_what_a_diagnosis_is_to_its_visit(read_fhir, stated, role, rank):
    visit = VISIT | {"diagnosis": [{"condition": {"reference": "Condition/c"}, **stated}]}
    (row,) = read_fhir(diagnosis("c"), visit, PATIENT).tables["diagnosis"].to_pylist()
    assert (row["encounter_id"], row["patient_id"], row["role"], row["rank"]) == ("v", "p", role, rank)
    assert (row["code"], row["code_system"], row["name"]) == ("I21.1", "ICD-10", "急性下壁心肌梗死")


def test_one_condition_can_be_a_diagnosis_of_two_visits(read_fhir):
    named = {"diagnosis": [{"condition": {"reference": "Condition/c"}}]}
    found = read_fhir(PATIENT, VISIT | named, VISIT | named | {"id": "w"}, diagnosis("c")).tables["diagnosis"]
    assert sorted(found.column("encounter_id").to_pylist()) == ["v", "w"]


def test_an_old_illness_belongs_to_the_patient_and_to_no_visit(rows):
    category = [concept("", "problem-list-item")]
    (row,) = rows("diagnosis", diagnosis("c", category=category, onsetDateTime="2012-01-27"))
    assert (row["encounter_id"], row["patient_id"], row["role"]) == (None, "p", "problem")
    assert (row["onset_time"], row["onset_time_precision"]) == (datetime(2012, 1, 27), "date")


@pytest.mark.parametrize(
    ("stated", "ongoing"),
    [
        ({"clinicalStatus": concept("", "active"), "onsetDateTime": "2025-03-01"}, True),
        ({"clinicalStatus": concept("", "resolved")}, False),
        ({"onsetDateTime": "2025-03-01", "abatementDateTime": "2025-03-05"}, False),
        ({"onsetDateTime": "2025-03-01"}, None),  # not said
    ],
)
def test_an_illness_goes_on_where_the_source_says_so(rows, stated, ongoing):
    assert rows("diagnosis", diagnosis("c", **stated))[0]["ongoing"] is ongoing


@pytest.mark.parametrize(("code", "kind"), [("entered-in-error", "withdrawn"), ("refuted", "refuted")])
def test_what_was_taken_back_is_no_diagnosis(read_fhir, code, kind):
    reading = read_fhir(PATIENT, VISIT, diagnosis("c", verificationStatus=concept("", code)))
    assert reading.tables.get("diagnosis") is None
    assert kinds(reading) == [kind]


@pytest.mark.parametrize("text", ["2012", "2012-01"])
def test_a_day_is_not_made_up_for_a_partial_date(read_fhir, text):
    reading = read_fhir(PATIENT, VISIT, diagnosis("c", onsetDateTime=text))
    (row,) = reading.tables["diagnosis"].to_pylist()
    assert row["onset_time"] is None
    assert [(reject.kind, reject.found) for reject in reading.rejects] == [("incomplete_date", text)]


def test_all_codes_of_a_record_are_kept_and_the_preferred_one_is_its_code(rows):
    codings = [
        {"system": SNOMED, "code": "401303003", "display": "Acute STEMI"},
        {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I21.1", "version": "2019"},
    ]
    (row,) = rows("diagnosis", diagnosis("c") | {"code": {"coding": codings, "text": "下壁心梗"}})
    assert (row["code"], row["code_system"], row["code_edition"], row["name"]) == (
        "I21.1",
        "ICD-10",
        "2019",
        "下壁心梗",
    )
    assert row["codings"] == [f"{SNOMED}|401303003", "http://hl7.org/fhir/sid/icd-10|I21.1"]


# Procedure


def procedure(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "id": "x",
        "status": "completed",
        "code": concept("", "36.06"),
        **OF_VISIT,
        **more,
    }


@pytest.mark.parametrize(
    ("stated", "start", "end", "ongoing"),
    [
        ({"performedDateTime": "2025-03-02T07:00:00Z"}, datetime(2025, 3, 2, 15), None, None),
        (
            {"performedPeriod": {"start": "2025-03-02T07:00:00Z", "end": "2025-03-02T08:30:59.9Z"}},
            datetime(2025, 3, 2, 15),
            datetime(2025, 3, 2, 16, 30, 59),  # the fraction is cut off, not rounded
            False,
        ),
        ({"performedPeriod": {"start": "2025-03-02T07:00:00Z"}}, datetime(2025, 3, 2, 15), None, True),
        ({}, None, None, None),
    ],
)
def test_an_open_interval_is_still_running_and_a_moment_is_none(rows, stated, start, end, ongoing):
    (row,) = rows("procedure", procedure(**stated))
    assert (row["start_time"], row["end_time"], row["ongoing"], row["status"]) == (start, end, ongoing, "done")


def test_a_procedure_not_done_says_why_and_when_that_was_decided(rows):
    recorded = {
        "url": "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-recorded",
        "valueDateTime": "2025-03-02T07:00:00Z",
    }
    reason = concept(SNOMED, "443390004", "Refusal of treatment by patient")
    (row,) = rows("procedure", procedure(status="not-done", statusReason=reason, extension=[recorded]))
    assert (row["status"], row["not_done_reason"]) == ("not_done", "Refusal of treatment by patient")
    assert row["not_done_reason_codes"] == [f"{SNOMED}|443390004"]
    assert row["recorded_time"] == datetime(2025, 3, 2, 15)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [("preparation", "planned"), ("stopped", "stopped"), ("unknown", "unknown"), ("in-progress", "in_progress")],
)
def test_a_procedure_counts_as_done_only_when_it_was_completed(rows, status, meaning):
    assert rows("procedure", procedure(status=status))[0]["status"] == meaning


def test_only_a_performer_whose_function_is_stated_is_the_surgeon(rows):
    performers = [
        {"actor": {"display": "护士甲"}},
        {"function": concept(SNOMED, "304292004"), "actor": {"reference": "Practitioner/d"}},
        {"function": concept(SNOMED, "158967008"), "actor": {"display": "王五"}},
    ]
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "李", "given": ["四"]}]}
    (row,) = rows("procedure", procedure(performer=performers), doctor)
    assert (row["surgeon"], row["anaesthetist"]) == ("李四", "王五")


def test_a_request_is_a_planned_procedure_where_the_profile_wants_it(rows):
    request = {
        "resourceType": "ServiceRequest",
        "id": "s",
        "status": "active",
        "authoredOn": "2025-03-02T07:00:00Z",
        **OF_VISIT,
    }
    refused = request | {"id": "t", "doNotPerform": True, "reasonCode": [concept(SNOMED, "183932001")]}
    assert rows("procedure", request, refused) == []
    wanted = GENERIC + "  requests: procedure\n"
    assert [
        (row["status"], row["not_done_reason_codes"]) for row in rows("procedure", request, refused, plan=wanted)
    ] == [
        ("planned", None),
        ("not_done", [f"{SNOMED}|183932001"]),
    ]


# Medication


def order(**more: Any) -> dict[str, Any]:
    drug = {"medicationCodeableConcept": concept(RXNORM, "1191", "Aspirin")}
    return {
        "resourceType": "MedicationRequest",
        "id": "o",
        "status": "active",
        "intent": "order",
        **drug,
        **OF_VISIT,
        **more,
    }


def giving(**more: Any) -> dict[str, Any]:
    visit = {"subject": {"reference": "Patient/p"}, "context": {"reference": "Encounter/v"}}
    drug = {"medicationCodeableConcept": concept(RXNORM, "1191", "Aspirin")}
    return {"resourceType": "MedicationAdministration", "id": "g", "status": "completed", **drug, **visit, **more}


def test_an_order(rows):
    dosage = {
        "doseAndRate": [{"doseQuantity": {"value": 100, "unit": "mg"}}],
        "route": {"text": "口服"},
        "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
    }
    (row,) = rows("medication", order(authoredOn="2025-03-02T07:00:00Z", dosageInstruction=[dosage]))
    wanted = (
        "kind",
        "code",
        "code_system",
        "name",
        "dose",
        "dose_unit",
        "route",
        "frequency",
        "status",
        "not_given",
        "order_id",
    )
    assert [row[name] for name in wanted] == [
        "order", "1191", "RxNorm", "Aspirin", 100, "mg", "口服", "2/d", "active", False, "o",
    ]  # fmt: skip
    assert row["start_time"] == row["recorded_time"] == datetime(2025, 3, 2, 15)


@pytest.mark.parametrize(
    ("category", "kind"),
    [("inpatient", "order"), ("outpatient", "order"), ("community", "home"), ("discharge", "discharge")],
)
def test_what_an_order_is_for(rows, category, kind):
    assert rows("medication", order(category=[concept("", category)]))[0]["kind"] == kind


def test_an_order_not_to_give_is_no_order(rows):
    (row,) = rows("medication", order(doNotPerform=True, reasonCode=[concept(SNOMED, "183932001", "Contraindicated")]))
    assert (row["not_given"], row["not_given_reason"]) == (True, "Contraindicated")
    assert row["not_given_reason_codes"] == [f"{SNOMED}|183932001"]


def test_the_reason_of_an_order_that_stands_is_no_reason_against_it(rows):
    (row,) = rows("medication", order(reasonCode=[concept(SNOMED, "22298006")]))
    assert (row["not_given"], row["not_given_reason"], row["not_given_reason_codes"]) == (False, None, None)


@pytest.mark.parametrize("intent", ["plan", "proposal"])
def test_a_plan_is_not_an_order_yet(rows, intent):
    assert rows("medication", order(intent=intent))[0]["status"] == "planned"


def test_a_giving_belongs_to_its_order(rows):
    dosage = {"dose": {"value": 300, "unit": "mg"}, "route": {"text": "口服"}}
    given = giving(
        effectiveDateTime="2025-03-02T07:00:00Z", dosage=dosage, request={"reference": "MedicationRequest/o"}
    )
    row = next(row for row in rows("medication", given, order()) if row["kind"] == "administration")
    assert (row["order_id"], row["dose"], row["status"], row["not_given"]) == ("o", 300, "done", False)
    assert (row["start_time"], row["end_time"], row["ongoing"]) == (datetime(2025, 3, 2, 15), None, None)


def test_what_was_not_given_says_why(rows):
    (row,) = rows("medication", giving(status="not-done", statusReason=[concept(SNOMED, "443390004", "Refused")],
                                       effectivePeriod={"start": "2025-03-02T07:00:00Z"}))  # fmt: skip
    assert (row["not_given"], row["not_given_reason"], row["ongoing"]) == (True, "Refused", None)


def test_an_infusion_without_an_end_is_still_running(rows):
    (row,) = rows("medication", giving(status="in-progress", effectivePeriod={"start": "2025-03-02T07:00:00Z"}))
    assert (row["status"], row["ongoing"]) == ("active", True)


@pytest.mark.parametrize("contained", [True, False])
def test_the_drug_may_stand_in_a_resource_of_its_own(rows, contained):
    drug = {"resourceType": "Medication", "id": "m", "code": concept(RXNORM, "1191", "Aspirin")}
    bare = {name: value for name, value in order().items() if name != "medicationCodeableConcept"}
    if contained:
        found = rows("medication", bare | {"contained": [drug], "medicationReference": {"reference": "#m"}})
    else:
        found = rows("medication", bare | {"medicationReference": {"reference": "Medication/m"}}, drug)
    assert [(row["code"], row["name"]) for row in found] == [("1191", "Aspirin")]


# Observation


def result(**more: Any) -> dict[str, Any]:
    code = concept(LOINC, "6598-7", "肌钙蛋白T")
    category = [concept("", "laboratory")]
    return {
        "resourceType": "Observation",
        "id": "r",
        "status": "final",
        "code": code,
        "category": category,
        **OF_VISIT,
        **more,
    }


@pytest.mark.parametrize(
    ("stated", "columns"),
    [
        ({"valueQuantity": {"value": 2.35, "unit": "ng/mL"}}, {"value_number": 2.35, "unit": "ng/mL"}),
        ({"valueQuantity": {"value": 0.01, "comparator": "<"}}, {"value_number": 0.01, "comparator": "<"}),
        ({"valueQuantity": {"value": 3, "code": "mg"}}, {"value_number": 3, "unit": "mg"}),
        ({"valueInteger": 12}, {"value_number": 12}),
        ({"valueString": "阳性"}, {"value_text": "阳性"}),
        ({"valueBoolean": True}, {"value_text": "true"}),
        ({"valueCodeableConcept": concept("s", "1", "+")}, {"value_text": "+", "value_codes": ["s|1"]}),
        ({"valueRange": {"low": {"value": 3}, "high": {"value": 5.5}}}, {"value_text": "3～5.5"}),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, {"value_text": "1:128"}),
        ({"valueDateTime": "2025-03-01"}, {"value_text": "2025-03-01"}),
    ],
)  # fmt: skip
def test_each_kind_of_value_has_its_column(rows, stated, columns):
    row = without_nothing(rows("observation", result(**stated))[0])
    assert {name: row.get(name) for name in ("value_number", "value_text", "value_codes", "unit", "comparator")} == {
        "value_number": None, "value_text": None, "value_codes": None, "unit": None, "comparator": None, **columns,
    }  # fmt: skip


def test_a_value_that_has_no_column_is_reported(read_fhir):
    reading = read_fhir(PATIENT, VISIT, result(valueSampledData={"data": "1 2 3"}))
    assert kinds(reading) == ["unsupported_value"]
    assert reading.tables["observation"].num_rows == 1


@pytest.mark.parametrize("value", [float(10**16), True, "12", [1]])
def test_a_number_of_another_shape_is_reported(read_fhir, value):
    reading = read_fhir(PATIENT, VISIT, result(valueQuantity={"value": value}))
    expected = [] if isinstance(value, float) else ["wrong_shape"]
    assert kinds(reading) == expected


def test_components_are_observations_of_their_own(rows):
    pressure = [
        {"code": concept(LOINC, "8480-6", "收缩压"), "valueQuantity": {"value": 120, "unit": "mmHg"}},
        {"code": concept(LOINC, "8462-4", "舒张压"), "valueQuantity": {"value": 80, "unit": "mmHg"}},
    ]
    found = rows("observation", result(component=pressure, effectiveDateTime="2025-03-02T07:00:00Z"))
    assert [(row["code"], row["value_number"], row["source_id"]) for row in found] == [
        ("8480-6", 120, "Observation/r#component-1"),
        ("8462-4", 80, "Observation/r#component-2"),
    ]
    assert {row["time"] for row in found} == {datetime(2025, 3, 2, 15)}


@pytest.mark.parametrize(
    ("stated", "not_done", "reason"),
    [
        ({"dataAbsentReason": concept("", "not-performed", "Not Performed")}, True, "Not Performed"),
        ({"dataAbsentReason": concept("", "unknown", "Unknown")}, False, "Unknown"),
        ({"status": "cancelled"}, True, None),
        ({"valueInteger": 1}, False, None),
    ],
)
def test_an_absent_value_says_whether_it_was_done(rows, stated, not_done, reason):
    (row,) = rows("observation", result(**stated))
    assert (row["not_done"], row["not_done_reason"]) == (not_done, reason)


# Reports, documents, allergies


def report(category: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": "d",
        "status": "final",
        "category": [concept("", category)],
        "code": {"text": name},
        **OF_VISIT,
        **more,
    }


@pytest.mark.parametrize(
    ("category", "name", "modality"),
    [
        ("EC", "", "ecg"),
        ("RAD", "头颅CT平扫", "ct"),
        ("RAD", "CT Head without contrast", "ct"),
        ("RAD", "头颅MRI", "mr"),
        ("RAD", "胸片正侧位", "xray"),
        ("CUS", "", "echo"),
        ("OTH", "常规心电图", "ecg"),
        ("RAD", "经胸超声心动图", "echo"),
        ("RAD", "冠状动脉造影", "angiography"),
        ("OTH", "电子胃镜检查", "endoscopy"),
        ("SP", "", "pathology"),
        ("RAD", "Something", "other"),
        ("LAB", "Blood count", "other"),
    ],
)
def test_the_kind_of_an_examination(rows, category, name, modality):
    assert rows("exam", report(category, name))[0]["modality"] == modality


def test_a_report_carries_findings_and_conclusion(rows):
    findings = base64.b64encode("Ⅱ、Ⅲ、aVF导联ST段抬高".encode()).decode()
    request = {
        "resourceType": "ServiceRequest",
        "id": "s",
        "authoredOn": "2025-03-02T06:10:00Z",
        "status": "active",
        **OF_VISIT,
    }
    (row,) = rows(
        "exam",
        report(
            "EC",
            "心电图",
            effectiveDateTime="2025-03-02T06:15:00Z",
            issued="2025-03-02T06:20:00Z",
            conclusion="急性下壁心肌梗死",
            basedOn=[{"reference": "ServiceRequest/s"}],
            presentedForm=[
                {"contentType": "text/plain", "data": findings},
                {"contentType": "application/pdf", "data": "JVBE"},
            ],
        ),
        request,
    )
    assert (row["findings"], row["conclusion"]) == ("Ⅱ、Ⅲ、aVF导联ST段抬高", "急性下壁心肌梗死")
    assert [row[name].strftime("%H:%M") for name in ("order_time", "time", "reported_time")] == [
        "14:10",
        "14:15",
        "14:20",
    ]


def document(data: bytes, kind: str = "text/plain", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": "n",
        "status": "current",
        "type": concept(LOINC, "18842-5", "出院小结"),
        "subject": {"reference": "Patient/p"},
        "context": {"encounter": [{"reference": "Encounter/v"}]},
        "date": "2025-03-09T02:00:00Z",
        "content": [{"attachment": {"contentType": kind, "data": base64.b64encode(data).decode()}}],
        **more,
    }


@pytest.mark.parametrize(("kind", "encoding"), [("text/plain", "utf-8"), ("text/plain; charset=GBK", "gb18030")])
def test_a_document_is_a_note(rows, kind, encoding):
    (row,) = rows("note", document("患者好转出院".encode(encoding), kind))
    assert (row["encounter_id"], row["kind"], row["title"], row["text"]) == (
        "v",
        "discharge",
        "出院小结",
        "患者好转出院",
    )


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (document(b"%PDF", "application/pdf"), ["no_text"]),
        (document("甲".encode("gbk")), ["broken_attachment", "no_text"]),
        (document(b"x", status="superseded"), ["superseded"]),
        (document(b"x", docStatus="entered-in-error"), ["withdrawn"]),
    ],
)
def test_a_document_that_cannot_be_a_note_says_why(read_fhir, resource, expected):
    reading = read_fhir(PATIENT, VISIT, resource)
    assert kinds(reading) == expected
    assert "note" not in reading.tables


def test_allergies_and_unwanted_effects(rows):
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": {"reference": "Patient/p"},
        "code": concept(RXNORM, "1191", "Aspirin"),
        "clinicalStatus": concept("", "active"),
        "onsetPeriod": {"start": "2021-01-10"},
        "reaction": [{"manifestation": [{"text": "皮疹"}], "severity": "severe"}],
    }
    event = {
        "resourceType": "AdverseEvent",
        "id": "e",
        "actuality": "actual",
        "subject": {"reference": "Patient/p"},
        "event": concept(SNOMED, "293572000"),
        "date": "2025-03-02T07:00:00Z",
    }
    found = rows("allergy", allergy, event)
    assert [(row["kind"], row["code"], row["reaction"], row["severity"], row["ongoing"]) for row in found] == [
        ("allergy", "1191", "皮疹", "severe", True),
        ("adverse_event", "293572000", None, None, None),
    ]


# What holds for all


@pytest.mark.parametrize(
    "resource", [diagnosis("x"), procedure(), order(), giving(), result(), report("CT", ""), VISIT]
)
def test_what_was_entered_in_error_makes_no_record(read_fhir, resource):
    wrong = resource | {"status": "entered-in-error", "verificationStatus": concept("", "entered-in-error")}
    reading = read_fhir(PATIENT, VISIT | {"id": "other"}, wrong | {"id": "bad"})
    assert "withdrawn" in kinds(reading)
    assert not any("bad" in str(row["source_id"]) for table in reading.tables.values() for row in table.to_pylist())


def test_a_record_whose_visit_is_another_patients_is_nobodys(read_fhir):
    reading = read_fhir(
        PATIENT, PATIENT | {"id": "q"}, VISIT, result(subject={"reference": "Patient/q"}, valueInteger=1)
    )
    assert kinds(reading) == ["wrong_patient"]
    assert "observation" not in reading.tables


def test_times_stay_as_written_where_the_profile_says_so(rows):
    plan = GENERIC.replace("offset: convert", "offset: as_written")
    (row,) = rows("procedure", procedure(performedDateTime="2025-03-02T07:00:00.999Z"), plan=plan)
    assert (row["start_time"], row["start_time_precision"]) == (datetime(2025, 3, 2, 7), "second")


@pytest.mark.parametrize(
    "data", [None, 5, "text", [], [5], {"coding": 5}, {"coding": [5]}, {"coding": [{"code": 5}]}, {"text": {}}]
)
def test_a_resource_of_strange_shape_never_stops_the_batch(read_fhir, data):
    names = "code status class subject period diagnosis component identifier link name category".split()  # noqa: SIM905
    types = [*MAPPED, "Location"]
    strange = [{"resourceType": name, "id": name} | dict.fromkeys(names, data) for name in types]
    reading = read_fhir(*strange, PATIENT, VISIT)
    assert reading.tables["encounter"].column("encounter_id").to_pylist() == ["v"]
    (account,) = reading.files
    assert account.rows == len(strange) + 2

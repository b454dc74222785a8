"""FHIR R4 resources, for the suite of all readers."""

import json
from pathlib import Path
from typing import Any

PROFILE = """
name: conformance
organisation: "12340000485001"
feeds:
- reader: fhir
  source: fhir
  files: "*.ndjson"
  identifiers:
    encounter_id: {systems: ["urn:visit"]}
    id_number: {systems: ["urn:oid:2.16.156.10011.1.3"]}
  systems:
    "http://hl7.org/fhir/sid/icd-10": {name: ICD-10, edition: 国家临床版2.0}
  classes: {IMP: inpatient}
  diagnosis_use: {DD: discharge}
"""
FILE = "Condition.ndjson"
TABLES = {"patient": 2, "encounter": 2, "diagnosis": 3}
OTHER = "encounter"

PATIENTS: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "P1",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "11010519491231002X"}],
        "name": [{"family": "张", "given": ["三"]}],
        "gender": "female",
        "birthDate": "1949-12-31",
    },
    {"resourceType": "Patient", "id": "P2", "name": [{"text": "李四"}], "gender": "male", "birthDate": "1960-05-01"},
]


def visit(
    number: int, patient: str, start: str, end: str, diagnoses: list[str], department: str = "骨科"
) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": f"E{number}",
        "identifier": [{"system": "urn:visit", "value": f"ZY{number}"}],
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": {"reference": f"Patient/{patient}"},
        "serviceType": {"text": department},
        "period": {"start": start, "end": end},
        "diagnosis": [
            {"condition": {"reference": f"Condition/{name}"}, "use": {"coding": [{"code": "DD"}]}, "rank": rank}
            for rank, name in enumerate(diagnoses, 1)
        ],
    }


def condition(name: str, patient: str, code: str, label: str, **more: Any) -> dict[str, Any]:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": code, "display": label}
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Condition", "id": name, "subject": subject, "code": {"coding": [coding]}, **more}


VISITS = [
    visit(1, "P1", "2025-03-02T14:05:00+08:00", "2025-03-09", ["C1", "C2"], "心血管内科"),
    visit(2, "P2", "2025-03-03T08:00:30+08:00", "2025-03-12T10:00:00+08:00", ["C3"]),
]
CONDITIONS = [
    condition("C1", "P1", "I21.100x001", "急性下壁心肌梗死"),
    condition("C2", "P1", "I10.x00", "高血压病"),
    condition("C3", "P2", "M16.100", "原发性髋关节病"),
]


def write(folder: Path) -> None:
    _write(folder / "Patient.ndjson", PATIENTS)
    _write(folder / "Encounter.ndjson", VISITS)
    _write(folder / "Condition.ndjson", CONDITIONS)


def write_corrected(folder: Path) -> None:
    write(folder)
    _write(folder / "Encounter.ndjson", [VISITS[0], VISITS[1] | {"serviceType": {"text": "关节外科"}}])


def write_bad_rows(folder: Path) -> dict[str, str]:
    write(folder)
    visits = [
        visit(3, "P1", "2025-02-30T10:00:00+08:00", "2025-03-09", []),
        visit(4, "P1", "2025-03-09T10:00:00+08:00", "2025-03-02T09:00:00+08:00", []),
        visit(5, "P9", "2025-03-09T10:00:00+08:00", "2025-03-12", []),
        visit(6, "P1", "2025-03-09T10:00:00+08:00", "2025-03-12", []) | {"class": {"code": "XYZ"}},
        visit(7, "P1", "2025-03-09T10:00:00+08:00", "2025-03-12", []) | {"serviceType": ["骨科"]},
    ]
    _write(folder / "Encounter.ndjson", VISITS + visits)
    wrong = {"coding": [{"code": "entered-in-error"}]}
    lines = [
        json.dumps(condition("C4", "P1", "I10", "高血压病", verificationStatus=wrong), ensure_ascii=False),
        '{"resourceType": "Condition", "id": "C5", "id": "C6"}',
        '{"resourceType": "Condition", "id": "C7", "rank": NaN}',
        '{"resourceType": "Condition", "id": "C8',
        '{"resourceType": "Moon", "id": "M1"}',
        '{"kind": "Condition"}',
    ]
    with (folder / "Condition.ndjson").open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    with (folder / "Condition.ndjson").open("ab") as file:
        file.write('{"resourceType": "Condition", "id": "甲"}\n'.encode("gb18030"))
    return {
        "impossible_date": "2025-02-30",
        "discharge_before_admission": "2025-03-02",
        "dangling_reference": "Patient/P9",
        "missing_value": "",
        "unknown_code": "XYZ",
        "wrong_shape": "骨科",
        "withdrawn": "entered-in-error",
        "repeated_name": "id",
        "not_json": "",
        "unlisted_type": "Moon",
        "no_resource": "kind",
        "not_utf8": "xbc",
    }


def write_extra(folder: Path) -> None:
    write(folder)
    _write(folder / "Condition.ndjson", [condition | {"surprise": at} for at, condition in enumerate(CONDITIONS)])


def _write(path: Path, resources: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in resources), encoding="utf-8")

"""Tabular files, for the suite of all readers."""

from pathlib import Path

PROFILE = """
name: conformance
organisation: "12340000485001"
coding:
  diagnosis: {code_system: ICD-10, code_edition: 国家临床版2.0}
terms:
  diagnosis:
    ami: {names: ["*心肌梗死*"]}
feeds:
- reader: files
  source: patients
  files: patients.csv
  tables:
  - table: patient
    columns:
      patient_id: 病人ID
      name: 姓名
      sex: {from: 性别, map: {男: male, 女: female}}
      birth_date: 出生日期
      id_number: 身份证号
      id_kind: {constant: resident_identity_card}
- reader: files
  source: visits
  files: visits.csv
  tables:
  - table: encounter
    columns:
      encounter_id: 住院号
      patient_id: 病人ID
      encounter_class: {constant: inpatient}
      admit_time: 入院时间
      discharge_time: 出院时间
      department: 科室
- reader: files
  source: diagnoses
  files: diagnoses.csv
  tables:
  - table: diagnosis
    key: [住院号, 序号]
    columns:
      encounter_id: 住院号
      rank: 序号
      role: {from: 序号, map: {'1': principal, '*': other}}
      code: 编码
      name: 名称
"""
FILE = "visits.csv"
TABLES = {"patient": 2, "encounter": 2, "diagnosis": 3}
OTHER = "patient"

PATIENTS = ["病人ID,姓名,性别,出生日期,身份证号", "P1,张三,女,1949-12-31,11010519491231002X", "P2,李四,男,1960-05-01,"]
VISITS = [
    "住院号,病人ID,入院时间,出院时间,科室",
    "ZY1,P1,2025-03-02 14:05,2025-03-09,心血管内科",
    "ZY2,P2,2025-03-03 08:00:30,2025-03-12 10:00,骨科",
]
DIAGNOSES = [
    "住院号,序号,编码,名称",
    "ZY1,1,I21.100x001,急性下壁心肌梗死",
    "ZY1,2,I10.x00,高血压病",
    "ZY2,1,M16.100,原发性髋关节病",
]


def write(folder: Path) -> None:
    _write(folder / "patients.csv", PATIENTS)
    _write(folder / "visits.csv", VISITS)
    _write(folder / "diagnoses.csv", DIAGNOSES)


def write_corrected(folder: Path) -> None:
    write(folder)
    _write(folder / "visits.csv", [line.replace("骨科", "关节外科") for line in VISITS])


def write_bad_rows(folder: Path) -> dict[str, str]:
    write(folder)
    rows = [
        "ZY3,P1,2025-02-30 10:00,2025-03-09,心血管内科",
        "ZY4,P1,2025-03-09 10:00,2025-03-02 09:00,心血管内科",
        ",P1,2025-03-09 10:00,2025-03-12 09:00,心血管内科",
        "ZY5,P1,2025-03-09 10:00",
    ]
    _write(folder / "visits.csv", VISITS + rows)
    return {
        "impossible_date": "2025-02-30",
        "discharge_before_admission": "2025-03-02",
        "missing_value": "",
        "wrong_width": "ZY5",
    }


def write_extra(folder: Path) -> None:
    write(folder)
    _write(folder / "visits.csv", [f"{line},{'surprise' if at == 0 else at}" for at, line in enumerate(VISITS)])


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

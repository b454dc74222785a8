"""Fifty planted patients, whose every name, number, address and sentence carries a mark that occurs nowhere else.

Tests plant them, let the product do its work, and look for the marks in whatever stands on a disk.

from tests.planted import PROFILE, in_clear, planted_files
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

COUNT = 50
TEXT = "梨筏骡笙"  # in every name, address and sentence
NUMBER = "7731904652"  # in every number of a patient, visit, record, telephone; in identity numbers that are wrong
IDENTITY = "77319019520307"  # in the identity numbers that are right
BIRTH = "1952-03-07"
MARKS = (TEXT, NUMBER, IDENTITY, BIRTH)
ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_LAST = "安柏常邓艾范葛何纪康雷孟宁欧潘秦任邵唐温"

PROFILE = """
name: planted
title: 埋设的患者
complete: [diagnosis]
feeds:
- reader: files
  source: patients
  files: patients.csv
  tables:
  - table: patient
    columns:
      patient_id: 患者号
      name: 姓名
      birth_date: 出生日期
      id_kind: {constant: resident_identity_card}
      id_number: 身份证号
      phone: 电话
      address: 地址
- reader: files
  source: visits
  files: visits.csv
  delivers: visits
  tables:
  - table: encounter
    columns:
      encounter_id: 就诊号
      patient_id: 患者号
      encounter_class: {constant: inpatient}
      admit_route: {constant: emergency}
      department_code: {constant: "0301"}
      record_number: 病案号
      weight_kg: 体重
      transferred_to: 转往
      admit_time: 入院时间
      discharge_time: 出院时间
- reader: files
  source: diagnoses
  files: diagnoses.csv
  tables:
  - table: diagnosis
    key: [就诊号, 序号]
    columns: {encounter_id: 就诊号, role: {constant: principal}, rank: 序号, code: 编码}
- reader: files
  source: medications
  files: medications.csv
  tables:
  - table: medication
    key: [医嘱号]
    columns: {encounter_id: 就诊号, order_id: 医嘱号, name: 药品, not_given_reason: 未给原因}
- reader: files
  source: labs
  files: labs.csv
  tables:
  - table: observation
    key: [就诊号, 项目]
    columns: {encounter_id: 就诊号, name: 项目, value_text: 结果, time: 时间}
- reader: files
  source: exams
  files: exams.csv
  tables:
  - table: exam
    key: [就诊号]
    columns: {encounter_id: 就诊号, modality: {constant: ct}, findings: 所见, conclusion: 结论, time: 时间}
- reader: files
  source: notes
  files: notes.csv
  tables:
  - table: note
    key: [就诊号, 标题]
    columns: {encounter_id: 就诊号, patient_id: 患者号, title: 标题, author: 医师, text: 正文, time: 时间}
- reader: files
  source: staff
  files: staff.csv
  tables:
  - table: staff
    key: [就诊号]
    columns: {encounter_id: 就诊号, role: {constant: attending_physician}, name: 医师}
- reader: files
  source: links
  files: links.csv
  tables:
  - table: patient_link
    key: [患者号, 另一患者号]
    columns:
      patient_id: 患者号
      other_patient_id: 另一患者号
      event: {constant: merge}
      event_time: 时间
      reason: 原因
"""


def name(number: int) -> str:
    return TEXT + _LAST[number % len(_LAST)]


def patient_id(number: int) -> str:
    return f"P{NUMBER}{number:03}"


def visit_id(number: int) -> str:
    return f"V{NUMBER}{number:03}"


def identity(number: int) -> str:
    """Return an identity number: a right one, or for each third patient one that ends in a reject."""
    first17 = f"{IDENTITY}{number:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = first17 + "10X98765432"[sum(int(d) * w for d, w in zip(first17, weights, strict=True)) % 11]
    return right if number % 3 else f"{NUMBER}{number:08}"


def record_number(number: int) -> str:
    return f"R{NUMBER}{number:03}"


def corrected_visits(numbers: Iterable[int]) -> bytes:
    """Return the file of visits once more: the record room has given these patients another number."""
    lines = planted_files(numbers)["visits.csv"].decode().replace(f",R{NUMBER}", f",R{NUMBER}9")
    return lines.encode()


def planted_files(numbers: Iterable[int], encoding: str = "utf-8") -> dict[str, bytes]:
    """Return the files of some of the patients, as a hospital would export them, by name."""
    rows: dict[str, list[str]] = {
        "patients.csv": ["患者号,姓名,出生日期,身份证号,电话,地址"],
        "visits.csv": ["就诊号,患者号,病案号,体重,转往,入院时间,出院时间"],
        "diagnoses.csv": ["就诊号,序号,编码"],
        "medications.csv": ["就诊号,医嘱号,药品,未给原因"],
        "labs.csv": ["就诊号,项目,结果,时间"],
        "exams.csv": ["就诊号,所见,结论,时间"],
        "notes.csv": ["就诊号,患者号,标题,医师,正文,时间"],
        "staff.csv": ["就诊号,医师"],
        "links.csv": ["患者号,另一患者号,时间,原因"],
    }
    for number in numbers:
        who, patient, visit = name(number), patient_id(number), visit_id(number)
        weight = who if number % 5 == 0 else "62"  # a field that ends in a reject, and quotes the name
        day = f"2025-{number % 12 + 1:02}"
        phone = f"1{NUMBER}"
        rows["patients.csv"].append(f"{patient},{who},{BIRTH},{identity(number)},{phone},{TEXT}路{number}号")
        rows["visits.csv"].append(
            f"{visit},{patient},{record_number(number)},{weight},{TEXT}医院,{day}-03 08:00,{day}-09 10:00"
        )
        rows["diagnoses.csv"].append(f"{visit},1,I21.100x00{number % 10}")
        rows["medications.csv"].append(f"{visit},{visit}-1,阿司匹林,{who}拒绝服用")
        rows["labs.csv"].append(f"{visit},血型,{who}：阳性,{day}-03 09:00")
        rows["exams.csv"].append(f"{visit},{who}双肺纹理清晰,{who}未见异常,{day}-03 10:00")
        rows["notes.csv"].append(
            f"{visit},{patient},{who}首次病程记录,{name(number + 1)},患者{who}胸痛两小时，电话{phone}。,{day}-03 11:00"
        )
        rows["staff.csv"].append(f"{visit},{name(number + 1)}")
        if number % 10 == 1:
            rows["links.csv"].append(f"{patient},{patient_id(number + 1)},{day}-01 00:00,{who}同一人")
    return {file: ("\n".join(lines) + "\n").encode(encoding) for file, lines in rows.items()}


def needles(marks: Iterable[str] = MARKS) -> dict[bytes, str]:
    """Return every way in which a mark might be written: in each encoding, and escaped in JSON or an address."""
    found = {mark.encode(encoding): f"{mark} in {encoding}" for mark in marks for encoding in ENCODINGS}
    found |= {mark.encode("unicode_escape"): f"{mark} escaped" for mark in marks}
    return found | {_percent(mark): f"{mark} in an address" for mark in marks if not mark.isascii()}


def in_clear(folders: Iterable[Path], marks: Iterable[str] = MARKS) -> Iterator[str]:
    """Yield each file below the folders that holds a mark in clear, in its name or its content, and which."""
    ways = needles(marks)
    for folder in folders:
        for path in folder.rglob("*"):
            said = str(path.relative_to(folder)).encode("utf-8", "surrogateescape")
            content = said + b"\0" + _content(path)
            yield from (f"{path}: {way}" for needle, way in ways.items() if needle in content)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    except (FileNotFoundError, PermissionError):
        return b""  # a file of a running database that has just gone


def _percent(text: str) -> bytes:
    return "".join(f"%{byte:02X}" for byte in text.encode()).encode()

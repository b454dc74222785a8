"""What the front page reader makes of a wide row, and what it says of a wrong one."""
# ruff: noqa: E501 - rows of the front page stay rows

from datetime import UTC, datetime
from pathlib import Path

import pytest

from zhiheng.records.store import Records
from zhiheng.sources import profile, read
from zhiheng.sources.base import Limits, Reading
from zhiheng.sources.frontpage import layout

RECEIVED = datetime(2025, 4, 1, tzinfo=UTC)
PLAIN = {
    "A01": "H1", "A48": "0012", "A49": "1", "A11": "张三", "A12C": "1", "A13": "1958-07-16", "A14": "66", "A46C": "1",
    "B12": "2025-03-02 14:05:00", "B15": "2025-03-09 10:00:00", "B20": "7", "B11C": "1", "B34C": "1", "B36C": "1",
    "B16C": "03.04", "C03C": "I21.103", "C04N": "急性下壁心肌梗死", "C05C": "1", "D01": "100.00",
}  # fmt: skip


def read_rows(folder: Path, rows: list[dict[str, str]], feed: str = "", header: list[str] | None = None) -> Reading:
    """Read rows as one file; every row has the columns of all."""
    columns = header or list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns), *(",".join(row.get(name, "-") for name in columns) for row in rows), ""]
    (folder / "pages.csv").write_text("\n".join(lines), encoding="utf-8")
    return read_folder(folder, feed)


def read_folder(folder: Path, feed: str = "", name: str = "hqms") -> Reading:
    text = f"name: test\nfeeds:\n- reader: frontpage\n  source: frontpage\n  files: '*.csv'\n  layout: {name}\n{feed}"
    return read(profile.loads(text), folder, received_at=RECEIVED)


def page(**cells: str) -> dict[str, str]:
    return PLAIN | cells


def rows_of(reading: Reading, table: str, **where: object) -> list[dict]:
    found = reading.tables[table].to_pylist() if table in reading.tables else []
    return [row for row in found if all(row[name] == value for name, value in where.items())]


def kinds(reading: Reading, *but: str) -> list[tuple[str, str]]:
    usual = {"required_columns_absent", "required_blank", *but}
    return [(one.kind, str(one.effect)) for one in reading.rejects if one.kind not in usual]


@pytest.mark.parametrize(
    ("field", "value", "table", "column", "expected"),
    [
        ("A12C", "2", "patient", "sex", "female"),
        ("A20N", "1", "patient", "id_kind", "resident_identity_card"),
        ("A46C", "7", "encounter", "payment", "self_pay"),
        ("A46C", "01", "encounter", "payment", "urban_employee"),
        ("B11C", "3", "encounter", "admit_route", "transfer"),
        ("B34C", "4", "encounter", "discharge_mode", "against_advice"),
        ("B34C", "5", "encounter", "deceased", True),
        ("B36C", "2", "encounter", "readmission_planned", True),
        ("B38", "1", "encounter", "encounter_class", "day_surgery"),
        ("B38", "2", "encounter", "encounter_class", "inpatient"),
        ("B38", "-", "encounter", "encounter_class", "inpatient"),
        ("A17", "3250", "encounter", "weight_kg", 3.25),
        ("C47", "36", "encounter", "ventilator_hours", 36.0),
        ("C25", "青霉素", "allergy", "name", "青霉素"),
        ("C26C", "4", "observation", "value_text", "AB"),
        ("F22", "2.5", "observation", "value_number", 2.5),
    ],
)
def test_a_field_becomes_its_column(tmp_path, field, value, table, column, expected):
    reading = read_rows(tmp_path, [page(**{field: value})])
    assert [row[column] for row in rows_of(reading, table)] == [expected]


@pytest.mark.parametrize(
    ("code", "incision", "healing"),
    [("1", "0", None), ("2", "I", "A"), ("3", "I", "B"), ("5", "I", "other"), ("6", "II", "A"), ("12", "III", "C")],
)
def test_healing_and_incision_share_a_code(tmp_path, code, incision, healing):
    operation = {"C14x01C": "81.5100", "C15x01N": "全髋关节置换", "C16x01": "2025-03-03 09:00:00", "C21x01C": code}
    (row,) = rows_of(read_rows(tmp_path, [page(**operation)]), "procedure")
    assert (row["incision"], row["healing"]) == (incision, healing)


def test_procedures_keep_their_place_time_level_and_length(tmp_path):
    cells = {
        "C14x01C": "36.0601", "C15x01N": "支架", "C16x01": "2025-03-02 15:20:30", "C17x01": "4", "F13": "1.25",
        "C22x01C": "03", "F15": "2", "C18x01": "甲", "C23x01": "乙", "C35x40C": "88.55", "C36x40N": "造影", "C37x40": "2025-03-02",
    }  # fmt: skip
    first, last = rows_of(read_rows(tmp_path, [page(**cells)]), "procedure")
    assert (first["role"], first["rank"], first["level"], first["duration_minutes"]) == ("principal", 1, "4", 75.0)
    assert (first["start_time"], first["start_time_precision"]) == (datetime(2025, 3, 2, 15, 20, 30), "second")
    assert (first["anaesthesia"], first["asa_grade"], first["surgeon"], first["anaesthetist"]) == (
        "03",
        "2",
        "甲",
        "乙",
    )
    assert (last["role"], last["rank"], last["code"], last["start_time_precision"]) == ("other", 41, "88.55", "date")
    assert (first["code_system"], first["code_edition"]) == ("ICD-9-CM-3", "国家临床版3.0")


def test_diagnoses_keep_their_roles_and_ranks(tmp_path):
    cells = {
        "C01C": "I20.0", "C02N": "心绞痛", "F02C": "I21.9", "F03N": "心梗", "C06x01C": "I10.x00", "C07x01N": "高血压", "C08x01C": "4",
        "C06x40C": "E11.9", "C07x40N": "糖尿病", "C08x40C": "2", "C09C": "M8140/3", "C10N": "腺癌", "F07x02C": "M8000/0",
        "C12C": "W01.x00", "C13N": "滑倒",
    }  # fmt: skip
    found = rows_of(read_rows(tmp_path, [page(**cells)]), "diagnosis")
    assert [(row["role"], row["rank"], row["code"], row["present_on_admission"]) for row in found] == [
        ("outpatient", None, "I20.0", None),
        ("admission", None, "I21.9", None),
        ("principal", 1, "I21.103", "yes"),
        ("other", 2, "I10.x00", "no"),
        ("other", 41, "E11.9", "uncertain"),
        ("pathology", 1, "M8140/3", None),
        ("pathology", 3, "M8000/0", None),
        ("external_cause", None, "W01.x00", None),
    ]


def test_intensive_care_stays_become_stays(tmp_path):
    cells = {
        "C48x01C": "1", "C49x01": "2025-03-02 15:00:00", "C50x01": "2025-03-04 09:00:00",
        "C48x05C": "7", "C49x05": "2025-03-05 15:00:00", "C50x05": "2025-03-06 09:00:00",
    }  # fmt: skip
    found = rows_of(read_rows(tmp_path, [page(**cells)]), "stay")
    assert [(row["kind"], row["ward"], row["start_time"].day) for row in found] == [
        ("icu", "CCU", 2),
        ("icu", "ICU", 5),
    ]


@pytest.mark.parametrize(
    ("cells", "before", "after"),
    [
        ({}, None, None),
        ({"C28": "0", "C29": "0", "C30": "0"}, 0.0, None),
        ({"C28": "1", "C29": "2", "C30": "30", "C33": "45"}, 26.5, 0.75),
    ],
)
def test_days_hours_and_minutes_of_coma_are_added_up(tmp_path, cells, before, after):
    (row,) = rows_of(read_rows(tmp_path, [page(**cells)]), "encounter")
    assert (row["coma_before_admission_hours"], row["coma_after_admission_hours"]) == (before, after)


def test_the_weight_at_birth_is_the_patients_own_only_when_the_patient_is_newborn(tmp_path):
    mother, child = page(A14="30", A18x01="3300"), page(A48="0013", A14="0", A13="2025-03-02", A18x01="3300")
    reading = read_rows(tmp_path, [mother, child])
    assert [row["birth_weight_g"] for row in rows_of(reading, "encounter")] == [None, 3300.0]
    assert len(rows_of(reading, "observation", name="新生儿出生体重")) == 2


def test_several_allergies_are_several_rows(tmp_path):
    reading = read_rows(tmp_path, [page(C24C="2", C25="青霉素、磺胺")])
    assert [row["name"] for row in rows_of(reading, "allergy")] == ["青霉素", "磺胺"]


def test_the_fee_block_becomes_thirty_charges_and_a_stated_zero_stays(tmp_path):
    fields = next(record.charges for record in layout.load("hqms").spec.records if record.charges).values()
    reading = read_rows(tmp_path, [page(**(dict.fromkeys(fields, "0.00") | {"D01": "28311.20", "D23x01": "17.5"}))])
    amounts = {row["category"]: row["amount"] for row in rows_of(reading, "charge")}
    assert len(amounts) == 30
    assert (amounts["total"], amounts["blood"], amounts["antibacterials"]) == (28311.2, 0.0, 17.5)


def test_a_hospitals_own_columns_names_and_domains(tmp_path):
    feed = """  rename: {住院号: A48}
  columns: {arrive_time: 到院时间, campus: 院区}
  departments: {"03.04": 心血管内科}
  domains: {RC019: {title: 离院方式, values: {"H": home}}}
"""
    row = page(到院时间="2025-03-02 13:40", 院区="东院区", B34C="H")
    row["住院号"] = row.pop("A48")
    (found,) = rows_of(read_rows(tmp_path, [row], feed), "encounter")
    assert (found["encounter_id"], found["department"], found["discharge_mode"]) == ("0012-1", "心血管内科", "home")
    assert (found["arrive_time"], found["campus"]) == (datetime(2025, 3, 2, 13, 40), "东院区")


def test_only_the_tables_that_are_asked_for(tmp_path):
    reading = read_rows(tmp_path, [page()], "  tables: [encounter, diagnosis]\n")
    assert set(reading.tables) == {"encounter", "diagnosis"}


@pytest.mark.parametrize(
    "write",
    [str, str.lower, lambda name: f" {name} ", lambda name: layout.load("hqms").fields[name].name],
)
def test_headers_may_be_in_any_case_order_and_language(tmp_path, write):
    names = list(reversed(PLAIN))
    lines = [",".join(map(write, names)), ",".join(PLAIN[name] for name in names), ""]
    (tmp_path / "pages.csv").write_text("\n".join(lines), encoding="utf-8")
    reading = read_folder(tmp_path)
    assert [row["encounter_id"] for row in rows_of(reading, "encounter")] == ["0012-1"]
    assert kinds(reading) == []


@pytest.mark.parametrize(
    ("header", "kind", "said"),
    [
        ([name for name in PLAIN if name != "B12"], "missing_column", "B12 入院时间"),
        (["病案号码" if name == "A48" else name for name in PLAIN], "missing_column", "是否改名为“病案号码”"),
        ([*PLAIN, "病案号"], "repeated_column", "A48（第 2、20 列）"),
    ],
)
def test_a_file_without_an_essential_column_is_set_aside(tmp_path, header, kind, said):
    reading = read_rows(tmp_path, [page()], header=header)
    (reject,) = [one for one in reading.rejects if one.kind == kind]
    assert str(reject.effect) == "file"
    assert said in reject.reason
    assert reading.tables == {}


@pytest.mark.parametrize(
    ("cells", "kind", "effect"),
    [
        ({"A48": "-"}, "missing_value", "row"),
        ({"C03C": ""}, "missing_value", "row"),
        ({"A49": "0"}, "bad_visit_number", "row"),
        ({"A49": "一"}, "bad_visit_number", "row"),
        ({"B12": "2025-02-30 10:00:00"}, "impossible_date", "row"),
        ({"B15": "2025-03-09 25:00:00"}, "impossible_time", "row"),
        ({"B12": "25/3/2 10:00"}, "two_digit_year", "row"),
        ({"B15": "2025-03-01 10:00:00"}, "discharge_before_admission", "row"),
        ({"A13": "2025-04-01"}, "birth_after_admission", "field"),
        ({"A20": "110105194912310021", "A20N": "1"}, "identity_checksum", "field"),
        ({"A20": "11010519491231002X", "A20N": "1"}, "identity_disagrees", "noted"),
        ({"B34C": "7"}, "unknown_code", "field"),
        ({"C21x01C": "14", "C14x01C": "36.06", "C15x01N": "x", "C16x01": "2025-03-02"}, "unknown_code", "field"),
        ({"D01": "一百"}, "not_a_number", "field"),
        ({"C49x01": "2025-03-04", "C50x01": "2025-03-03", "C48x01C": "1"}, "end_before_start", "field"),
        ({"C14x01C": "36.06", "C15x01N": "x"}, "dependent_blank", "noted"),
        ({"C06x07C": "I10", "C08x07C": "1"}, "dependent_blank", "noted"),
        ({"C03C": "S72.000"}, "dependent_blank", "noted"),
        ({"C03C": "C34.100"}, "dependent_blank", "noted"),
        ({"C24C": "2"}, "dependent_blank", "noted"),
        ({"B34C": "2"}, "dependent_blank", "noted"),
        ({"D11": "60", "D12": "60"}, "fees_do_not_add_up", "noted"),
        ({"D09": "100.02"}, "fees_do_not_add_up", "noted"),
        ({"B20": "9"}, "length_of_stay_disagrees", "noted"),
        ({"A14": "20"}, "age_disagrees", "noted"),
        ({"C14x01C": "36.06", "C15x01N": "x", "C16x01": "2025-04-02 10:00"}, "outside_the_stay", "noted"),
        ({"A11": ""}, "required_blank", "noted"),
        ({"B11C": "-"}, "required_blank", "noted"),
    ],
)
def test_what_is_wrong_is_said_and_only_what_cannot_stand_is_set_aside(tmp_path, cells, kind, effect):
    reading = read_rows(tmp_path, [page(**cells), page(A48="0099")])
    found = [one for one in reading.rejects if one.kind == kind and one.row == "2"]
    assert found, [(one.kind, one.field, one.row) for one in reading.rejects]
    assert {str(one.effect) for one in found} == {effect}
    assert len(rows_of(reading, "encounter")) == (1 if effect == "row" else 2)
    stands = {row["encounter_id"] for row in rows_of(reading, "encounter")}
    for table in reading.tables.values():
        if "encounter_id" in table.column_names:
            assert set(table.column("encounter_id").to_pylist()) <= stands


@pytest.mark.parametrize(
    "cells",
    [
        {"D11": "60", "D12": "40.004"},  # a rounded cent
        {"D09": "100.00"},
        {"C03C": "D50.900"},  # not D00-D48
        {"C14x01C": "36.06", "C15x01N": "x", "C16x01": "2025-03-02 09:00"},  # the emergency theatre, before admission
        {"B12": "2025-03-02 24:00:00", "B20": "6"},
    ],
)
def test_what_is_right_is_not_remarked_upon(tmp_path, cells):
    assert kinds(read_rows(tmp_path, [page(**cells)])) == []


def test_24_00_is_the_end_of_the_day_and_full_width_digits_are_digits(tmp_path):
    reading = read_rows(tmp_path, [page(B12="２０２５-０３-０２ 24:00:00", A49="２", D01="１００．５")])
    (row,) = rows_of(reading, "encounter")
    assert (row["admit_time"], row["visit_number"]) == (datetime(2025, 3, 3), 2)
    assert rows_of(reading, "charge")[0]["amount"] == 100.5


class TestTheSameVisitTwice:
    def test_the_same_content_counts_once(self, tmp_path):
        reading = read_rows(tmp_path, [page(), page()])
        assert len(rows_of(reading, "encounter")) == 1
        assert kinds(reading) == [("repeated_row", "noted")]

    def test_other_content_is_a_later_version_and_takes_the_place_of_the_diagnoses(self, tmp_path):
        before = page(C06x01C="I10.x00", C07x01N="高血压", C08x01C="1", C03C="I21.9")
        reading = read_rows(tmp_path, [before, page()])
        assert kinds(reading) == [("corrected_visit", "noted")]
        records = Records()
        records.merge(reading.tables)
        codes = [row["code"] for row in records.latest("diagnosis").to_pylist()]
        assert codes == ["I21.103"]
        assert records.latest("encounter").num_rows == 1

    def test_another_stay_under_the_same_number_is_set_aside(self, tmp_path):
        other = page(B12="2025-06-02 14:05:00", B15="2025-06-09 10:00:00")
        reading = read_rows(tmp_path, [page(), other])
        assert kinds(reading) == [("repeated_visit_number", "row")]
        assert [row["admit_time"].month for row in rows_of(reading, "encounter")] == [3]

    def test_a_correction_in_another_file_counts_too(self, tmp_path):
        read_rows(tmp_path, [page(C03C="I21.9")])
        (tmp_path / "pages.csv").rename(tmp_path / "a.csv")
        reading = read_rows(tmp_path, [page()])
        assert [row["code"] for row in rows_of(reading, "diagnosis")] == ["I21.103"]

    def test_a_file_that_is_set_aside_leaves_no_trace(self, tmp_path):
        bad = [page(A48=str(number), B12="2025-02-30") for number in range(3)]
        lines = [",".join(PLAIN), *(",".join(row.values()) for row in [page(), *bad]), ""]
        (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / "b.csv").write_text("\n".join([lines[0], lines[1], ""]), encoding="utf-8")
        text = "name: test\nfeeds:\n- reader: frontpage\n  source: frontpage\n  files: '*.csv'\n  layout: hqms\n"
        reading = read(profile.loads(text), tmp_path, received_at=RECEIVED, limits=Limits(rejects=2))
        assert [row["encounter_id"] for row in rows_of(reading, "encounter")] == ["0012-1"]
        assert ("a.csv", "too_many_rejects") in {(one.file, one.kind) for one in reading.rejects}


def test_the_older_pinyin_layout(tmp_path):
    row = {
        "USERNAME": "H1", "BAH": "0012", "ZYCS": "2", "XM": "张三", "XB": "1", "CSRQ": "1958-07-16", "NL": "66", "YLFKFS": "3",
        "RYSJ": "2025-03-02", "RYSJS": "14", "CYSJ": "2025-03-09", "SJZYTS": "7", "RYTJ": "2", "LYFS": "3", "WSY_YLJG": "社区中心",
        "ZYZD": "急性下壁心肌梗死", "JBDM": "I21.103", "RYBQ": "1", "QTZD15": "高血压", "JBDM15": "I10.x00", "RYBQ15": "4",
        "SSJCZBM1": "36.06", "SSJCZMC1": "支架", "SSJCZRQ1": "2025-03-03", "QKDJ1": "1", "QKYHLB1": "1",
        "SSJCZBM7": "88.55", "SSJCZMC7": "造影", "SSJCZRQ7": "2025-03-03", "ZFY": "100", "SFZZYJH": "1", "RYKB": "03", "CYKB": "03",
    }  # fmt: skip
    (tmp_path / "old.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="gb18030")
    reading = read_folder(tmp_path, name="nhsr-pinyin")
    (visit,) = rows_of(reading, "encounter")
    assert (visit["encounter_id"], visit["payment"], visit["transferred_to"]) == (
        "0012-2",
        "rural_cooperative",
        "社区中心",
    )
    assert (visit["admit_time"], visit["admit_time_precision"]) == (datetime(2025, 3, 2), "date")
    diagnoses = [(one["rank"], one["code"], one["present_on_admission"]) for one in rows_of(reading, "diagnosis")]
    assert diagnoses == [(1, "I21.103", "yes"), (16, "I10.x00", "no")]
    procedures = rows_of(reading, "procedure")
    assert [(one["role"], one["rank"], one["incision"], one["healing"]) for one in procedures] == [
        ("principal", 1, "I", "A"),
        ("other", 7, None, None),
    ]
    assert kinds(reading) == []

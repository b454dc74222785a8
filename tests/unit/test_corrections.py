"""What a person typed in place of a wrong value is laid over the file each time that it is read."""

from datetime import UTC, datetime

import pytest

from zhiheng import sources
from zhiheng.sources import profile as profiles
from zhiheng.sources.corrections import Correction, Corrections, can_correct

PROFILE = """
name: lab
title: 检验
feeds:
- reader: files
  source: visits
  files: visits.csv
  tables:
  - table: encounter
    columns:
      encounter_id: 就诊号
      patient_id: 患者号
      encounter_class: {constant: inpatient}
      weight_kg: 体重
      admit_time: [入院时间, 登记时间]
"""
FILE = """就诊号,患者号,体重,入院时间,登记时间
A,P1,六十,2025-03-01 10:00,
B,P2,六十,,2025-13-01
C,P3,70,2025-03-03,
"""


@pytest.fixture
def read(tmp_path):
    (tmp_path / "visits.csv").write_text(FILE, encoding="utf-8")

    def read(*corrections):
        reading = sources.read(
            profiles.loads(PROFILE),
            tmp_path,
            received_at=datetime(2025, 4, 1, tzinfo=UTC),
            corrections=Corrections(corrections),
        )
        rows = {row["encounter_id"]: row for row in reading.tables["encounter"].to_pylist()}
        return rows, sorted((reject.row, reject.field, reject.found) for reject in reading.rejects)

    return read


def test_without_corrections_the_fields_stay_empty(read):
    rows, rejects = read()
    assert [rows[key]["weight_kg"] for key in "ABC"] == [None, None, 70]
    assert rejects == [("2", "体重", "六十"), ("3", "体重", "六十"), ("3", "入院时间、登记时间", "2025-13-01")]


def test_a_correction_is_of_one_row(read):
    rows, rejects = read(Correction("visits.csv", "2", "体重", "六十", "60"))
    assert [rows[key]["weight_kg"] for key in "ABC"] == [60, None, 70]
    assert ("2", "体重", "六十") not in rejects


def test_or_of_every_row_with_the_same_value(read):
    rows, _ = read(Correction("visits.csv", "2", "体重", "六十", "60", everywhere=True))
    assert [rows[key]["weight_kg"] for key in "ABC"] == [60, 60, 70]


def test_of_a_field_made_of_several_columns_the_first_takes_the_correction(read):
    rows, rejects = read(Correction("visits.csv", "3", "入院时间、登记时间", "2025-13-01", "2025-03-02 08:00"))
    assert rows["B"]["admit_time"] == datetime(2025, 3, 2, 8)
    assert len(rejects) == 2


def test_a_correction_that_cannot_be_understood_is_a_reject_itself(read):
    _, rejects = read(Correction("visits.csv", "2", "体重", "六十", "很重"))
    assert ("2", "体重", "很重") in rejects


def test_an_empty_correction_says_that_there_is_no_value(read):
    rows, rejects = read(Correction("visits.csv", "2", "体重", "六十", ""))
    assert rows["A"]["weight_kg"] is None
    assert ("2", "体重", "六十") not in rejects


def test_a_correction_of_another_file_or_of_no_column_changes_nothing(read):
    assert (
        read(Correction("other.csv", "2", "体重", "六十", "60"), Correction("visits.csv", "2", "身高", "", "1"))
        == read()
    )


@pytest.mark.parametrize(
    ("row", "field", "possible"),
    [
        ("2", "体重", True),
        ("2（等，另有 5 行同样）", "体重", True),
        ("", "体重", False),
        ("2", "", False),
        ("Patient/1", "id", False),
    ],
)
def test_only_a_field_of_a_row_can_be_corrected(row, field, possible):
    reject = sources.base.Reject("visits.csv", row, field, "六十", "not_a_number", "", "")
    assert can_correct(reject) is possible

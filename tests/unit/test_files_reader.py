"""What a profile can say about tabular files, and what is said when a file is not as the profile says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from zhiheng.records.problems import Effect
from zhiheng.sources import profile, read
from zhiheng.sources.base import Limits, Reading

VISITS = """
- reader: files
  source: visits
  files: visits.csv
  tables:
  - table: encounter
    columns:
      encounter_id: 号
      patient_id: 病人
      encounter_class: {constant: inpatient}
      admit_time: 入院
      discharge_time: 出院
"""
TWO_VISITS = (
    "号,病人,入院,出院\nA,P1,2025-03-01 08:00,2025-03-05 10:00\nB,P1,2025-03-20,2025-03-25\nC,P2,2025-03-01 08:00,\n"
)


def run(
    folder: Path, feeds: str, files: dict[str, str | bytes], top: str = "", limits: Limits | None = None
) -> Reading:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    plan = profile.loads(f"name: test\n{top}\nfeeds:\n{feeds}")
    return read(plan, folder, received_at=datetime(2025, 4, 1, tzinfo=UTC), limits=limits)


def rows(reading: Reading, table: str, *columns: str) -> list[tuple]:
    found = reading.tables[table]
    return list(zip(*(found.column(name).to_pylist() for name in columns), strict=True))


def said(reading: Reading) -> list[tuple[str, str, str, str, str]]:
    return [(one.file, one.row, one.field, one.found, one.kind) for one in reading.rejects]


def one_table(table: str, columns: str, rest: str = "") -> str:
    return f"- reader: files\n  source: s\n  files: a.csv\n  tables:\n  - table: {table}\n{rest}    columns:\n{columns}"


def observed(tmp_path: Path, column: str, cell: str, spec: str, top: str = "") -> tuple[object, list[str]]:
    """Return what one field of a medication or observation becomes by one column of a profile."""
    feed = one_table("medication", f"      encounter_id: 号\n      {column}: {spec}\n", "    key: [号]\n")
    reading = run(tmp_path, feed, {"a.csv": f'号,x,y\nA,"{cell}",Y\n'}, top)
    return rows(reading, "medication", column)[0][0], [reject.kind for reject in reading.rejects]


@pytest.mark.parametrize(
    ("column", "cell", "spec", "value"),
    [
        ("name", " 阿司匹林 ", "x", "阿司匹林"),
        ("name", "", "[x, y]", "Y"),
        ("name", "阿司匹林", "[x, y]", "阿司匹林"),
        ("route", "po", "{from: x, map: {po: 口服, iv: 静脉}}", "口服"),
        ("route", "xx", "{from: x, map: {po: 口服, '*': null}}", None),
        ("route", "y", "{from: x, map: {y: 口服, n: 静脉}}", "口服"),  # YAML 1.1 would read y as true
        ("not_given", "拒绝", "{from: x, map: {拒绝: true, 已用: false}}", True),
        ("dose", "0.3", "{from: x, factor: 1000}", 300.0),
        ("dose", "0.1", "{from: x, factor: 3}", 0.3),
        ("dose", "98.6", "{from: x, factor: 0.5, offset: -4.3}", 45.0),
        ("dose", "300mg qd", "{from: x, part: number}", 300.0),
        ("dose_unit", "300mg qd", "{from: x, part: unit}", "mg"),
        ("frequency", "300mg qd", "{from: x, part: rest}", "qd"),
        ("dose", "适量", "{from: x, part: number, otherwise: empty}", None),
        ("name", "药品：阿司匹林片", "{from: x, pattern: '药品：(.*)片'}", "阿司匹林"),
        ("terms", "aspirin|statin", "{from: x, separator: '|'}", ["aspirin", "statin"]),
        ("start_time", "02/03/2025 14:05", "{from: x, format: '%d/%m/%Y %H:%M'}", datetime(2025, 3, 2, 14, 5)),
        ("start_time", "45718.5", "{from: x, format: excel}", datetime(2025, 3, 2, 12, 0)),
        ("start_time", "45718", "{from: x, format: [excel, '%Y-%m-%d']}", datetime(2025, 3, 2)),
        ("start_time", "2025-03-02 00:00:00", "{from: x, precision: date}", datetime(2025, 3, 2)),
        ("start_time_precision", "2025-03-02 14:05:09", "y", None),
        ("kind", "x", "{constant: order}", "order"),
        ("name", "x", "{from: z, optional: true}", None),
    ],
)
def test_a_column_becomes_what_the_profile_says(tmp_path, column, cell, spec, value):
    if column == "start_time_precision":
        column, spec, value = "start_time", "{from: x, precision: minute}", datetime(2025, 3, 2, 14, 5)
    assert observed(tmp_path, column, cell, spec) == (value, [])


@pytest.mark.parametrize(
    ("column", "cell", "spec", "kind"),
    [
        ("route", "xx", "{from: x, map: {po: 口服}}", "unknown_code"),
        ("dose", "适量", "{from: x, part: number}", "not_a_quantity"),
        ("dose", "二", "{from: x, factor: 2}", "not_a_number"),
        ("start_time", "2025-03-02", "{from: x, format: '%d/%m/%Y'}", "wrong_format"),
        ("start_time", "45718", "x", "excel_serial"),
        ("kind", "ordered", "x", "unknown_code"),
    ],
)
def test_a_field_that_does_not_fit_is_emptied_and_rejected_by_its_own_name(tmp_path, column, cell, spec, kind):
    value, kinds = observed(tmp_path, column, cell, spec)
    assert (value, kinds) == (None, [kind])


def test_a_reject_names_the_line_the_files_own_column_and_the_value(tmp_path):
    bad = TWO_VISITS + 'D,P3,2025-02-30,"2025-03-01"\n'
    reading = run(tmp_path, VISITS, {"visits.csv": bad})
    assert said(reading) == [("visits.csv", "5", "入院", "2025-02-30", "impossible_date")]


def test_texts_that_mean_nothing_are_empty(tmp_path):
    assert observed(tmp_path, "dose", "NULL", "x", 'empty: ["NULL", "-"]') == (None, [])


def test_results_are_numbers_bounds_or_texts(tmp_path):
    feed = one_table("observation", "      encounter_id: 号\n      value: 结果\n", "    key: [号]\n")
    reading = run(tmp_path, feed, {"a.csv": "号,结果\nA,2.35\nB,<0.01\nC,阳性\nD,\nE,≥100\n"})
    assert rows(reading, "observation", "value_number", "comparator", "value_text") == [
        (2.35, None, None),
        (0.01, "<", None),
        (None, None, "阳性"),
        (None, None, None),
        (100.0, ">=", None),
    ]


def test_rows_are_chosen_by_where_and_unless(tmp_path):
    feed = one_table(
        "exam",
        "      encounter_id: 号\n",
        "    key: [号]\n    where: {类: [影像, 心电]}\n    unless: {状态: [取消, '']}\n",
    )
    content = "号,类,状态\nA,影像,完成\nB,检验,完成\nC,心电,取消\nD,心电,完成\nE,心电,\n"
    assert rows(run(tmp_path, feed, {"a.csv": content}), "exam", "encounter_id") == [("A",), ("D",)]


def test_several_values_in_a_field_become_rows(tmp_path):
    feed = one_table(
        "diagnosis",
        "      encounter_id: 号\n      name: 并发症\n",
        "    key: [号]\n    name: c\n    split: {column: 并发症, by: '|'}\n",
    )
    reading = run(tmp_path, feed, {"a.csv": "号,并发症\nA,肺炎| 谵妄\nB,\n"})
    assert rows(reading, "diagnosis", "source_id", "name") == [("c/A/肺炎", "肺炎"), ("c/A/谵妄", "谵妄")]


def test_columns_of_observations_become_rows(tmp_path):
    feed = one_table(
        "observation",
        "      encounter_id: 号\n      time: 时\n",
        "    key: [号, 时]\n    unpivot:\n      columns:\n"
        "        体温: {name: 体温, unit: Cel}\n        意识: {name: 意识}\n",
    )
    reading = run(tmp_path, feed, {"a.csv": "号,时,体温,意识\nA,2025-03-01 08:00,37.5,清醒\nB,2025-03-01 08:00,,\n"})
    assert rows(reading, "observation", "source_id", "name", "value_number", "value_text", "unit") == [
        ("A/2025-03-01 08:00/体温", "体温", 37.5, None, "Cel"),
        ("A/2025-03-01 08:00/意识", "意识", None, "清醒", None),
    ]


def test_columns_of_another_file_can_be_joined(tmp_path):
    feed = VISITS.replace("  tables:", "  join:\n  - {files: p.csv, on: {病人: 编号}, columns: [体重]}\n  tables:") + (
        "      weight_kg: 体重\n"
    )
    people = "编号,体重\nP1,68.5\nP2,70\nP2,71\n"
    reading = run(tmp_path, feed, {"visits.csv": TWO_VISITS, "p.csv": people})
    assert rows(reading, "encounter", "encounter_id", "weight_kg") == [("A", 68.5), ("B", 68.5), ("C", None)]
    assert ("p.csv", "4", "", "P2", "repeated_key") in said(reading)


LABS = (
    VISITS
    + """
- reader: files
  source: labs
  files: labs.csv
  tables:
  - table: observation
    key: content
    encounter: {by: patient_and_time, patient: 病人, time: time, after_hours: 24}
    columns: {name: 项目, time: 时间}
"""
)


@pytest.mark.parametrize(
    ("patient", "time", "found"),
    [
        ("P1", "2025-03-01 08:00", "A"),
        ("P1", "2025-03-05 10:00", "A"),
        ("P1", "2025-03-06 09:00", "A"),  # within a day after discharge
        ("P1", "2025-03-06 11:00", "no_encounter"),
        ("P1", "2025-03-05", "A"),  # some time on the day of discharge
        ("P1", "2025-03-25 23:00", "B"),  # discharge is known to the day only
        ("P2", "2026-01-01 00:00", "C"),  # not discharged yet
        ("P9", "2025-03-01 08:00", "no_encounter"),
        ("P1", "", "no_encounter"),
    ],
)
def test_a_row_finds_its_encounter_by_patient_and_time(tmp_path, patient, time, found):
    reading = run(tmp_path, LABS, {"visits.csv": TWO_VISITS, "labs.csv": f"病人,项目,时间\n{patient},K,{time}\n"})
    kinds = [reject.kind for reject in reading.rejects if reject.effect is Effect.ROW]
    assert [*(one for (one,) in rows(reading, "observation", "encounter_id")), *kinds] == [found]


def test_a_row_that_fits_two_encounters_is_set_aside(tmp_path):
    visits = TWO_VISITS + "D,P1,2025-03-03 08:00,2025-03-04 10:00\n"
    labs = "病人,项目,时间\nP1,K,2025-03-03 09:00\n"
    reading = run(tmp_path, LABS, {"visits.csv": visits, "labs.csv": labs})
    assert rows(reading, "observation", "encounter_id") == []
    assert [(row, kind) for _, row, _, _, kind in said(reading)] == [("2", "ambiguous_encounter")]


def test_equal_rows_without_a_key_are_counted_and_read_twice_have_one_effect(tmp_path):
    labs = "病人,项目,时间\n" + "P1,K,2025-03-03 09:00\n" * 2
    first = run(tmp_path, LABS, {"visits.csv": TWO_VISITS, "labs.csv": labs})
    again = run(tmp_path, LABS, {})
    keys = rows(first, "observation", "source_id")
    assert len(set(keys)) == 2
    assert rows(again, "observation", "source_id") == keys


def test_a_missing_column_sets_the_file_aside_and_says_what_is_there_instead(tmp_path):
    renamed = TWO_VISITS.replace("病人", "病人号")
    reading = run(tmp_path, VISITS + LABS[len(VISITS) :], {"visits.csv": renamed, "labs.csv": "病人,项目,时间\n"})
    reject = next(reject for reject in reading.rejects if reject.kind == "missing_column")
    assert (reject.file, reject.effect) == ("visits.csv", Effect.FILE)
    assert "病人（是否改名为“病人号”？）" in reject.reason
    assert reject.found == "现有列：号、病人号、入院、出院"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("visits.csv", "号,号,病人,入院,出院\n", "repeated_column"),
        ("visits.csv", "号,病人,入院,出院\n", "no_rows"),
        ("other.csv", "号\n", "no_file"),
    ],
)
def test_files_that_are_not_as_expected(tmp_path, name, content, kind):
    assert kind in [reject.kind for reject in run(tmp_path, VISITS, {name: content}).rejects]


def test_many_alike_rejects_of_a_field_are_counted_and_rows_are_listed(tmp_path):
    feed = one_table("medication", "      encounter_id: 号\n      kind: 类\n", "    key: [序]\n")
    lines = [f"{at},A,错" for at in range(150)] + [f"{at},,order" for at in range(150, 300)]
    reading = run(tmp_path, feed, {"a.csv": "序,号,类\n" + "\n".join(lines) + "\n"})
    alike = [reject for reject in reading.rejects if reject.kind == "unknown_code"]
    assert len(alike) == 101
    assert "另有 50 行" in alike[-1].row
    assert sum(reject.kind == "missing_value" for reject in reading.rejects) == 150


def test_a_file_in_which_nearly_nothing_is_right_is_set_aside_as_a_whole(tmp_path):
    lines = "".join(f"A{at},P,x{at},2025-03-01\n" for at in range(50))
    reading = run(tmp_path, VISITS, {"visits.csv": "号,病人,入院,出院\n" + lines}, limits=Limits(rejects=20))
    assert [(reject.kind, reject.effect) for reject in reading.rejects] == [("too_many_rejects", Effect.FILE)]
    assert "encounter" not in reading.tables or reading.tables["encounter"].num_rows == 0


def test_a_row_of_an_encounter_that_nobody_has_told_of_is_noted(tmp_path):
    feed = VISITS + one_table("diagnosis", "      encounter_id: 号\n      code: 码\n", "    key: [号]\n")
    reading = run(tmp_path, feed, {"visits.csv": TWO_VISITS, "a.csv": "号,码\nA,I21.0\nX,I21.0\nY,I21.1\n"})
    (reject,) = [reject for reject in reading.rejects if reject.kind == "unknown_encounter"]
    assert (reject.field, reject.found, reject.effect) == ("encounter_id", "X、Y", Effect.NOTED)
    assert "2 行" in reject.reason
    assert reading.tables["diagnosis"].num_rows == 3


def test_what_the_profile_states_fills_only_what_the_source_leaves_open(tmp_path):
    top = """
organisation: "123"
campus: 东院区
coding: {diagnosis: {code_system: ICD-10, code_edition: 国家临床版2.0}}
terms: {diagnosis: {ami: {codes: [I21.0], names: ["*心肌梗死*"]}, old: {names: [陈旧*]}}}
"""
    feed = VISITS + one_table(
        "diagnosis",
        "      encounter_id: 号\n      code: 码\n      name: 名\n      code_system: 系\n",
        "    key: [号, 码]\n",
    )
    content = "号,码,名,系\nA,I21.0,,\nA,I25.2,陈旧性心肌梗死,\nB,123,心梗,local\nB,,无码,\n"
    reading = run(tmp_path, feed, {"visits.csv": TWO_VISITS, "a.csv": content}, top)
    assert set(rows(reading, "encounter", "organisation", "campus")) == {("123", "东院区")}
    assert rows(reading, "diagnosis", "code_system", "code_edition", "terms") == [
        ("ICD-10", "国家临床版2.0", ["ami"]),
        ("ICD-10", "国家临床版2.0", ["ami", "old"]),
        ("local", None, None),
        (None, None, None),
    ]


def test_columns_that_the_profile_does_not_use_are_reported(tmp_path):
    reading = run(tmp_path, VISITS, {"visits.csv": "备注,号,病人,入院,出院\nx,A,P1,2025-03-01,2025-03-02\n"})
    assert [(file.name, file.rows, file.kept, file.unused_columns) for file in reading.files] == [
        ("visits.csv", 1, 1, ("备注",))
    ]

"""Rows become records: what is emptied, what is set aside, and what is said about it."""

from datetime import UTC, date, datetime

import pytest

from zhiheng.records import schema
from zhiheng.records.build import Builder
from zhiheng.records.problems import Effect

RECEIVED = datetime(2025, 4, 1, tzinfo=UTC)
VISIT = {"encounter_id": "ZY1", "patient_id": "P1", "encounter_class": "inpatient"}
PERSON = {"patient_id": "P1"}


def build(table, *rows, **options):
    builder = Builder(table, source="feed", received_at=RECEIVED, **options)
    for at, row in enumerate(rows, 1):
        builder.add(row, source_id=row.get("source_id", str(at)), place=at) if "source_id" not in row else builder.add(
            {name: value for name, value in row.items() if name != "source_id"}, source_id=row["source_id"], place=at
        )
    built = builder.finish()
    return built.table.to_pylist(), [
        (at, problem.kind, problem.column, problem.effect) for at, problem in built.problems
    ]


@pytest.mark.parametrize(
    ("column", "given", "stored"),
    [
        ("weight_kg", "68.5", 68.5),
        ("weight_kg", "６８．５", 68.5),
        ("visit_number", "2", 2),
        ("visit_number", 2.0, 2),
        ("readmission_planned", "是", True),
        ("readmission_planned", "0", False),
        ("department", "  骨科 ", "骨科"),
        ("department", 12.0, "12"),  # a spreadsheet's number in a column of text
        ("department", "", None),
        ("department", "Ⅱ区㎎", "Ⅱ区㎎"),  # no NFKC
        ("discharge_mode", "died", "died"),
    ],
)
def test_values_take_the_type_of_their_column(column, given, stored):
    rows, problems = build(schema.ENCOUNTER, VISIT | {column: given})
    assert rows[0][column] == stored
    assert problems == []


@pytest.mark.parametrize(
    ("column", "given", "kind"),
    [
        ("weight_kg", "nan", "not_a_number"),
        ("weight_kg", "1_000", "not_a_number"),
        ("weight_kg", "<3", "bound"),
        ("weight_kg", float("inf"), "not_a_number"),
        ("visit_number", "1.5", "not_whole"),
        ("visit_number", "9999999999", "not_whole"),
        ("readmission_planned", "也许", "not_a_flag"),
        ("discharge_mode", "dead", "unknown_code"),
        ("admit_time", "2025-02-30", "impossible_date"),
        ("admit_time", 45718.0, "not_a_time"),  # a number is a date only where the profile or the cell says so
        ("department", "骨\x00科", "control_character"),
        ("department", "骨" + chr(0xD800) + "科", "broken_character"),
        ("department", "骨\ufffd科", "broken_character"),
        ("department", ["骨科"], "not_text"),
    ],
)
def test_an_optional_field_that_cannot_be_understood_is_emptied_and_the_row_goes_on(column, given, kind):
    rows, problems = build(schema.ENCOUNTER, VISIT | {column: given})
    assert rows[0][column] is None
    assert problems == [(1, kind, column, Effect.FIELD)]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (VISIT | {"encounter_id": ""}, "missing_value"),
        (VISIT | {"encounter_id": None}, "missing_value"),
        (VISIT | {"encounter_class": "inpatent"}, "unknown_code"),
        (VISIT | {"admit_time": "2025-03-02 10:00", "discharge_time": "2025-03-01"}, "discharge_before_admission"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_set_aside(row, kind):
    rows, problems = build(schema.ENCOUNTER, row, VISIT)
    assert [row["source_id"] for row in rows] == ["2"]
    assert [(at, found, effect) for at, found, _, effect in problems] == [(1, kind, Effect.ROW)]


def test_times_known_to_the_day_are_compared_by_the_day():
    same_day = VISIT | {"admit_time": "2025-03-02 10:00", "discharge_time": "2025-03-02"}
    rows, problems = build(schema.ENCOUNTER, same_day)
    assert (len(rows), problems) == (1, [])
    assert (rows[0]["admit_time_precision"], rows[0]["discharge_time_precision"]) == ("minute", "date")


def test_an_operation_that_ends_before_it_starts_loses_both_times():
    rows, problems = build(
        schema.PROCEDURE, {"encounter_id": "1", "start_time": "2025-03-02 10:00", "end_time": "2025-03-02 09:00"}
    )
    assert (rows[0]["start_time"], rows[0]["start_time_precision"], rows[0]["end_time"]) == (None, None, None)
    assert problems == [(1, "end_before_start", "end_time", Effect.FIELD)]


def test_a_wrong_identity_card_is_emptied_and_a_disagreeing_one_only_noted():
    wrong = PERSON | {"id_kind": "resident_identity_card", "id_number": "110105194912310021"}
    rows, problems = build(schema.PATIENT, wrong)
    assert rows[0]["id_number"] is None
    assert problems == [(1, "identity_checksum", "id_number", Effect.FIELD)]
    disagreeing = PERSON | {"id_number": "11010519491231002X", "birth_date": "1949-12-30", "sex": "female"}
    rows, problems = build(schema.PATIENT, disagreeing)
    assert (rows[0]["id_number"], rows[0]["birth_date"]) == ("11010519491231002X", date(1949, 12, 30))
    assert problems == [(1, "identity_disagrees", "birth_date", Effect.NOTED)]


def test_a_passport_is_not_checked_as_an_identity_card():
    _, problems = build(schema.PATIENT, PERSON | {"id_kind": "passport", "id_number": "E12345678"})
    assert problems == []


def test_equal_rows_of_one_key_are_one_and_contradicting_ones_are_set_aside():
    rows, problems = build(
        schema.ENCOUNTER,
        VISIT | {"source_id": "A", "department": "骨科"},
        VISIT | {"source_id": "A", "department": "骨科"},
        VISIT | {"source_id": "B", "department": "骨科"},
        VISIT | {"source_id": "B", "department": "内科"},
    )
    assert [row["source_id"] for row in rows] == ["A"]
    assert [(at, kind) for at, kind, _, _ in problems] == [(3, "repeated_key"), (4, "repeated_key")]


def test_where_the_profile_says_so_the_later_row_corrects_the_earlier():
    rows, problems = build(
        schema.ENCOUNTER,
        VISIT | {"source_id": "B", "department": "骨科"},
        VISIT | {"source_id": "B", "department": "内科"},
        later_corrects=True,
    )
    assert [row["department"] for row in rows] == ["骨科", "内科"]
    assert problems == []


def test_a_repeated_visit_number_is_noted():
    first, second = VISIT | {"visit_number": 2}, VISIT | {"encounter_id": "ZY2", "visit_number": 2}
    rows, problems = build(schema.ENCOUNTER, first, second)
    assert len(rows) == 2
    assert [(at, kind, effect) for at, kind, _, effect in problems] == [
        (1, "repeated_visit_number", Effect.NOTED),
        (2, "repeated_visit_number", Effect.NOTED),
    ]


def test_a_column_that_the_table_does_not_have_is_a_mistake_of_the_reader():
    with pytest.raises(KeyError, match="waist"):
        build(schema.ENCOUNTER, VISIT | {"waist": 1})

"""Persons follow from links, merges and unmerges, in the order of the events and as of any moment."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from zhiheng.records.people import links_by_id_number, person_of, persons
from zhiheng.records.schema import PATIENT


def event(day, kind, one, other):
    return {"event": kind, "patient_id": one, "other_patient_id": other, "event_time": datetime(2025, 1, day)}


AB = event(1, "merge", "A", "B")
BC = event(2, "link", "B", "C")
NOT_AB = event(3, "unmerge", "B", "A")  # the other way round is the same bond


@pytest.mark.parametrize(
    ("links", "as_of", "groups"),
    [
        ([], None, ["A", "B", "C"]),
        ([AB], None, ["AB", "C"]),
        ([AB, BC], None, ["ABC"]),
        ([BC, AB], None, ["ABC"]),
        ([NOT_AB, BC, AB], None, ["A", "BC"]),  # the order of the events counts, not of the rows
        ([AB, BC, NOT_AB], 2, ["ABC"]),
        ([AB, BC, NOT_AB], 1, ["AB", "C"]),
        ([AB, BC, NOT_AB, event(4, "link", "A", "C")], None, ["ABC"]),  # together by another bond
        ([AB, NOT_AB, event(4, "merge", "A", "B")], None, ["AB", "C"]),
        ([NOT_AB], None, ["A", "B", "C"]),
        ([event(1, "merge", "A", "A")], None, ["A", "B", "C"]),
    ],
)
def test_persons_follow_from_the_events(links, as_of, groups):
    found = person_of("ABC", links, as_of=as_of and datetime(2025, 1, as_of, 12))
    assert found == {number: group[0] for group in groups for number in group}


def test_a_person_may_have_numbers_that_no_visit_uses():
    assert person_of(["B"], [AB]) == {"B": "A"}


def test_a_long_chain_of_links_is_one_person():
    names = [f"P{number:05}" for number in range(5000)]
    links = [event(1, "link", one, other) for one, other in zip(names[1:], names, strict=False)]
    assert set(person_of(names, links).values()) == {"P00000"}


def test_persons_as_a_table():
    assert persons(["A", "B"], [AB]).to_pylist() == [
        {"patient_id": "A", "person_id": "A"},
        {"patient_id": "B", "person_id": "A"},
    ]


def patients(*rows):
    told = [{"source": "s", "source_id": row["patient_id"], "record_version": 1} | row for row in rows]
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return pa.Table.from_pylist([row | {"received_at": at} for row in told], schema=PATIENT.schema)


def test_equal_valid_identity_numbers_are_proposed_as_links_and_no_others():
    found = links_by_id_number(
        patients(
            {"patient_id": "A", "id_number": "11010519491231002X"},
            {"patient_id": "B", "id_number": "11010519491231002x", "birth_date": date(1949, 12, 31)},
            {"patient_id": "C", "id_number": "11010519491231002X", "birth_date": date(1950, 1, 1)},
            {"patient_id": "D", "id_number": "110105194912310021"},
            {"patient_id": "E", "id_number": "110105194912310021"},
            {"patient_id": "F", "id_number": None},
        ),
        at=datetime(2025, 3, 1, tzinfo=UTC),
    ).to_pylist()
    assert [(row["event"], row["patient_id"], row["other_patient_id"]) for row in found] == [("link", "A", "B")]
    assert person_of("ABC", found) == {"A": "A", "B": "A", "C": "C"}
    assert "11010519491231002X" not in str(found)

"""A case that is a patient's year: rows of all its visits, of the year, and of one quarter of it."""

from collections.abc import Callable
from typing import Any

import pytest

Fill = Callable[..., Any]

# E1 decides the case; E2 belongs to it as well, N does not: the patient came for something else.
VISITS = """
    encounter:
    - {encounter_id: E1, patient_id: P1, encounter_class: outpatient, admit_time: 2025-02-10 08:00}
    - {encounter_id: E2, patient_id: P1, encounter_class: outpatient, admit_time: 2025-05-12 08:00}
    - {encounter_id: N, patient_id: P1, encounter_class: inpatient, admit_time: 2025-03-30, discharge_time: 2025-04-02}
    - {encounter_id: F, patient_id: P2, encounter_class: outpatient, admit_time: 2025-05-13 08:00}
"""


def troponin(when: str, visit: str = "E1", during: str = "Q2") -> tuple[str, str]:
    rule = (
        f"fills: [{{item: t_2, from: observation, during: {during}, term: troponin, value: value_number, take: last}}]"
    )
    row = f"encounter_id: {visit}, name: 肌钙蛋白, value_number: 7, time: {when}"
    return rule, f"{VISITS}    observation: [{{{row}}}]\n"


@pytest.mark.parametrize(
    ("when", "visit", "value"),
    [
        ("2025-03-31 23:59", "E1", None),
        ("2025-04-01", "E1", 7),
        ("2025-06-30 23:59", "E2", 7),
        ("2025-07-01 00:00", "E2", None),
        ("2024-05-12 08:00", "E1", None),  # the same quarter of another year
        ("2025-05-12 08:00", "N", 7),  # another visit of the person, in the quarter
        ("2025-05-12 08:00", "F", None),  # somebody else
        ("null", "E2", 7),  # without a time of its own: its visit ended in the quarter
        ("null", "E1", None),
    ],
)
def test_a_quarter_takes_rows_by_their_own_time_and_else_by_their_visit(
    filled: Fill, when: str, visit: str, value: int | None
) -> None:
    assert filled(*troponin(when, visit)).values.get("T-2") == value


@pytest.mark.parametrize(("when", "value"), [("2025-01-01", 7), ("2025-12-31 23:59", 7), ("2024-12-31 23:59", None)])
def test_the_year_is_the_one_in_which_the_deciding_visit_ended(filled: Fill, when: str, value: int | None) -> None:
    assert filled(*troponin(when, during="year")).values.get("T-2") == value


@pytest.mark.parametrize(("when", "value"), [("2025-06-30", None), ("2025-07-01", 7), ("2025-12-31", 7)])
def test_half_a_year_has_six_months(filled: Fill, when: str, value: int | None) -> None:
    assert filled(*troponin(when, during="H2")).values.get("T-2") == value


def test_the_last_of_the_quarter_wins_and_is_the_proof(filled: Fill) -> None:
    rule = "fills: [{item: t_2, from: observation, during: Q2, term: troponin, value: value_number, take: last}]"
    rows = "".join(
        f"    - {{source_id: {key}, encounter_id: {visit}, name: 肌钙蛋白, value_number: {value}, time: {when}}}\n"
        for key, visit, value, when in (
            ("a", "E1", 1, "2025-04-02 08:00"),
            ("b", "E2", 2, "2025-06-02 08:00"),
            ("c", "E2", 3, "2025-07-02 08:00"),
        )
    )
    found = filled(rule, f"{VISITS}    observation:\n{rows}")
    assert found.values == {"T-2": 2}
    assert (found.evidence["T-2"][0].source_id, found.evidence["T-2"][0].candidates) == ("b", 2)


def test_a_stay_belongs_to_the_quarter_of_its_discharge(filled: Fill) -> None:
    rule = (
        "fills: [{item: t_7, from: encounter, during: Q2, where: encounter_class = 'inpatient', value: encounter_id}]"
    )
    assert filled(rule, VISITS).values == {"T-7": "x/N"}


@pytest.mark.parametrize(("visits", "count"), [((), 1), (("E1", "E2"), 2), (("E2",), 2)])
def test_visits_of_the_case_are_its_own_and_those_that_it_is_made_of(
    filled: Fill, visits: tuple[str, ...], count: int
) -> None:
    rule = "fills: [{item: t_2, from: encounter, visits: case, take: count}]"
    assert filled(rule, VISITS, visits=visits).values == {"T-2": count}


def test_visits_of_the_case_within_a_quarter(filled: Fill) -> None:
    rule = """
        fills:
        - {item: t_5, from: encounter, visits: case, during: Q1, take: any, answer: a}
        - {item: t_5, from: encounter, visits: case, during: Q2, take: any, answer: b}
        - {item: t_5, from: encounter, visits: case, during: Q3, take: any, answer: c}
    """
    assert filled(rule, VISITS, visits=("E1", "E2")).values == {"T-5": ["a", "b"]}
    assert filled(rule, VISITS).values == {"T-5": ["a"]}


ABSENT = "fills: [{item: t_3, from: observation, during: Q2, term: troponin, take: any, answer: y, absent: n}]"


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("encounter_id: E1, time: 2025-02-10 08:00", "n"),
        ("encounter_id: E1, time: 2025-04-10 08:00", "y"),
        ("encounter_id: null, patient_id: P1", None),  # at no time and in no visit: it may have been in the quarter
    ],
)
def test_an_absence_in_a_quarter_is_told_where_no_row_may_be_of_it(filled: Fill, row: str, answer: str | None) -> None:
    records = f"{VISITS}    observation: [{{name: 肌钙蛋白, {row}}}]\n"
    assert filled(ABSENT, records, complete=("observation",)).values.get("T-3") == answer


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("from: patient, during: Q1, value: sex", 'rows of "patient" belong to no visit and have no time. Remove'),
        ("from: encounter, visits: own, during: Q1, value: department", '"visits: own" at one. Write "visits: case"'),
        (
            "from: encounter, during: year, value: text(days_since_previous_discharge)",
            'known of the case\'s own visit only. Remove "during: year".',
        ),
    ],
)
def test_mistakes(toy: Callable[[str], Any], rule: str, problem: str) -> None:
    _, problems = toy(f"fills: [{{item: t_7, {rule}}}]")
    assert len(problems) == 1
    assert problem in problems[0]

"""What is known of the whole person, and the terms of other codes than the row's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zhiheng.engine.fill import Term, Terms
from zhiheng.engine.fill.terms import UnknownValueSet
from zhiheng.packs import value_sets
from zhiheng.packs.value_sets import ValueSetError

Fill = Callable[..., Any]

OLD_ILLNESS = """
    facts:
    - {fact: began_at, type: datetime, from: encounter, value: admit_time, take: first}
    fills:
    - item: t_3
      from: diagnosis
      visits: person
      where: code = 'K92.2' and onset_time < began_at and (ongoing or abatement_time >= began_at)
      take: any
      answer: y
      absent: n
"""
VISITS = """
    encounter:
    - {encounter_id: E1, patient_id: P1, admit_time: 2025-03-02 14:00, discharge_time: 2025-03-09 09:00}
    - {encounter_id: E0, patient_id: P1, admit_time: 2024-11-02 14:00, discharge_time: 2024-11-09 09:00}
    - {encounter_id: F0, patient_id: P2, admit_time: 2024-11-02 14:00, discharge_time: 2024-11-09 09:00}
"""
ILL = "code: K92.2, onset_time: 2024-11-01 08:00, ongoing: true"


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("encounter_id: null, patient_id: P1", "y"),  # belongs to the patient alone
        ("encounter_id: E0", "y"),  # of an earlier visit, which says whose it is
        ("encounter_id: E1", "y"),
        ("encounter_id: null, patient_id: P2", "n"),  # somebody else
        ("encounter_id: F0", "n"),
    ],
)
def test_rows_of_the_person_are_those_of_every_visit_and_of_none(filled: Fill, row: str, answer: str) -> None:
    records = f"{VISITS}    diagnosis: [{{{row}, {ILL}}}]\n"
    assert filled(OLD_ILLNESS, records, complete=("diagnosis",)).values == {"T-3": answer}


def test_other_numbers_of_the_same_person_count(filled: Fill) -> None:
    records = f"{VISITS}    diagnosis: [{{encounter_id: F0, {ILL}}}]\n"
    same = {"x/P1": "p", "x/P2": "p"}
    assert filled(OLD_ILLNESS, records, complete=("diagnosis",), persons=same).values == {"T-3": "y"}


@pytest.mark.parametrize(
    ("times", "answer"),
    [
        ("onset_time: 2024-11-01 08:00, ongoing: true", "y"),
        ("onset_time: 2024-11-01 08:00, abatement_time: 2025-03-02 14:00, ongoing: false", "y"),
        ("onset_time: 2024-11-01 08:00, abatement_time: 2025-03-02 13:59, ongoing: false", "n"),
        ("onset_time: 2025-03-02 14:00, ongoing: true", "n"),
        ("onset_time: 2024-11-01 08:00, ongoing: false", None),  # over, but nobody says since when
    ],
)
def test_an_illness_without_an_end_goes_on_only_where_the_source_says_so(
    filled: Fill, times: str, answer: str | None
) -> None:
    records = f"{VISITS}    diagnosis: [{{encounter_id: null, patient_id: P1, code: K92.2, {times}}}]\n"
    assert filled(OLD_ILLNESS, records, complete=("diagnosis",)).values.get("T-3") == answer


def test_a_stay_that_ended_within_an_hour_before_joins_the_visit(filled: Fill) -> None:
    rule = """
        facts:
        - {fact: began_at, type: datetime, from: encounter, value: admit_time, take: first}
        - fact: emergency_from
          type: datetime
          from: encounter
          visits: person
          where: encounter_class = 'emergency' and hours_between(discharge_time, began_at) between 0 and 1
          value: admit_time
          take: last
          order: discharge_time
        fills: [{item: t_1, from: encounter, value: "coalesce(emergency_from, admit_time)", take: first}]
    """
    stay = "encounter_class: emergency, admit_time: 2025-03-02 09:00"

    def begin(left: str) -> Any:
        return filled(
            rule, f"{VISITS}    - {{encounter_id: N, patient_id: P1, {stay}, discharge_time: {left}}}\n"
        ).values["T-1"]

    assert begin("2025-03-02 13:00") == "2025-03-02 09:00"
    assert begin("2025-03-02 12:59") == "2025-03-02 14:00"


def test_places_and_allergies_of_the_person_are_found(filled: Fill) -> None:
    rule = """
        fills:
        - {item: t_2, from: stay, visits: person, take: count}
        - {item: t_3, from: allergy, visits: person, term: aspirin, take: any, answer: y, absent: n}
    """
    records = f"""{VISITS}
    stay: [{{encounter_id: E0, ward: A}}, {{encounter_id: E1, ward: B}}, {{encounter_id: F0, ward: C}}]
    allergy: [{{encounter_id: null, patient_id: P1, name: 阿司匹林}}]
"""
    assert filled(rule, records, complete=("allergy",)).values == {"T-2": 2, "T-3": "y"}


# The terms of other codes ---------------------------------------------------------------------------------------------

REFUSED = """
    fills:
    - item: t_3
      from: medication
      term: aspirin
      negated: true
      where: not_given and has(not_given_reason_terms, 'clopidogrel')
      take: any
      answer: y
      absent: n
"""


@pytest.mark.parametrize(
    ("reasons", "answer"),
    [("['http://www.whocc.no/atc|B01AC04']", "y"), ("['http://www.whocc.no/atc|B01AC06']", "n"), ("null", "n")],
)
def test_what_was_not_given_is_told_apart_by_the_terms_of_its_reason(filled: Fill, reasons: str, answer: str) -> None:
    records = f"medication: [{{name: 阿司匹林, not_given: true, not_given_reason_codes: {reasons}}}]"
    assert filled(REFUSED, records, complete=("medication",)).values == {"T-3": answer}


def test_where_a_patient_went_and_why_he_came_have_terms_too(filled: Fill) -> None:
    rule = """
        fills:
        - {item: t_3, from: encounter, where: "has(disposition_terms, 'antiplatelet')", take: any, answer: y}
        - {item: t_2, from: encounter, where: "has_any(reason_terms, 'aspirin', 'troponin')", take: count}
    """
    records = "encounter: [{encounter_id: E1, discharge_disposition: ATC|B01AC06, reason_codes: [ATC|B01AC06]}]"
    assert filled(rule, records).values == {"T-3": "y", "T-2": 1}


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            "fills: [{item: t_3, from: encounter, where: \"has(reason_terms, 'asprin')\", take: any, answer: y}]",
            'unknown term "asprin". Did you mean "aspirin"?',
        ),
        (
            "fills: [{item: t_2, from: encounter, visits: person, value: days_since_previous_discharge, take: first}]",
            '"days_since_previous_discharge" is known of the case\'s own visit only. Remove "visits: person".',
        ),
    ],
)
def test_mistakes(toy: Callable[[str], Any], rule: str, problem: str) -> None:
    _, problems = toy(rule)
    assert len(problems) == 1
    assert problem in problems[0]


# Value sets -----------------------------------------------------------------------------------------------------------

STROKE = Term("stroke", "卒中", codes={"SNOMEDCT": ("230690007",)}, value_sets=("1.2.3",))
MEMBERS = {"1.2.3": [("http://hl7.org/fhir/sid/icd-10-cm", "I63.9"), ("http://snomed.info/sct", "422504002")]}


@pytest.mark.parametrize(
    ("system", "code", "belongs"),
    [
        ("http://hl7.org/fhir/sid/icd-10-cm", "I63.9", True),
        ("ICD-10-CM", "I639", True),
        ("ICD-10-CM", "I63.90", False),  # a value set lists every code that it means
        ("ICD-10", "I63.9", False),
        ("http://snomed.info/sct", "422504002", True),
        ("SNOMED CT", "230690007", True),  # the term's own code
    ],
)
def test_a_term_has_the_codes_of_the_value_sets_that_it_names(system: str, code: str, belongs: bool) -> None:
    terms = Terms([STROKE]).with_value_sets(MEMBERS)
    assert terms.of("diagnosis", system, code, None) == ({"stroke"} if belongs else set())


def test_terms_whose_value_sets_are_missing_say_so_instead_of_finding_nothing() -> None:
    with pytest.raises(UnknownValueSet, match=r'"stroke" refers to the value set 1\.2\.3, whose codes are not given'):
        Terms([STROKE]).of("diagnosis", "ICD-10-CM", "I63.9", None)
    with pytest.raises(UnknownValueSet, match=r'"stroke" refers to the value set 1\.2\.3, which is not among'):
        Terms([STROKE]).with_value_sets({"9.9": []})


def test_value_sets_are_read_from_tables_of_their_codes(tmp_path: Path) -> None:
    file = tmp_path / "sets.csv"
    file.write_text("oid,name,system,code\n1.2.3,甲,ICD-10,I63\n1.2.3,甲,ICD-10,I64\n4.5,乙,ICD-10,I21\n", "utf-8")
    assert value_sets.read([file]) == {
        "1.2.3": {("ICD-10", "I63"), ("ICD-10", "I64")},
        "4.5": {("ICD-10", "I21")},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [("oid,code\n1,I63\n", "no column system"), ("oid,system,code\n1,ICD-10,\n", r":2: a code needs")],
)
def test_a_table_of_codes_that_is_incomplete_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "sets.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueSetError, match=problem):
        value_sets.read([file])

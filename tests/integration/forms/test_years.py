"""A case that is a patient's year: filled from all visits of that year, each round from the records of its quarter."""

from types import SimpleNamespace

import duckdb
import pytest
from tests.casework import pack_version, receive

from zhiheng import batch
from zhiheng.autofill import actions as autofill
from zhiheng.autofill.queries import newest
from zhiheng.casefinding import actions as casefinding
from zhiheng.casefinding.models import Case
from zhiheng.engine import find as finding
from zhiheng.forms import actions, queries
from zhiheng.ingestion import queries as ingestion
from zhiheng.packversions import queries as packversions
from zhiheng.records import people
from zhiheng.reports.results import CaseResult

PATIENT = {"patient_id": "P1", "name": "样例病人", "sex": "male", "birth_date": "1960-05-01"}
YEAR, QUARTERS, PAID_BY, NUMBER = "HD-0-1-10", "HD-0-1-1", "CM-0-3-1", "HD-0-2-2"
FIRST, SECOND, THIRD, FOURTH = (f"HD-{quarter}-4-1-3" for quarter in range(1, 5))  # haemoglobin of the quarter


def dialysis(number, day, haemoglobin=None, **more):
    """Return a visit to the dialysis room, as a hospital that writes down no discharge there sends it."""
    stay = {"encounter_id": number, "patient_id": "P1", "encounter_class": "outpatient", "admit_time": f"{day} 08:00"}
    rows = {
        "encounter": [(number, {**stay, "record_number": f"MZ-{number}", "department": "血液透析中心", **more})],
        "diagnosis": [(f"d{number}", {"encounter_id": number, "code": "N18.000", "role": "principal", "rank": "1"})],
        "procedure": [(f"p{number}", {"encounter_id": number, "code": "39.9500", "name": "血液透析"})],
    }
    if haemoglobin:
        rows["observation"] = [(f"o{number}", result(number, f"{day} 08:05", haemoglobin))]
    return rows


def result(visit, time, value):
    return {"encounter_id": visit, "name": "血红蛋白", "value_number": value, "unit": "g/L", "time": time}


def arrive(day, *visits):
    """Do what follows from a delivery: screen, fill, take over."""
    rows = {"patient": [("P1", PATIENT)]}
    for each in visits:
        for name, some in each.items():
            rows.setdefault(name, []).extend(some)
    screened = casefinding.screen(ingestion.persons_of(receive(day, **rows)))
    for filled in autofill.fill_cases([*screened.opened, *screened.changed]):
        actions.take_proposals(case=filled.case)
    return Case.objects.get(abbr="ESRD-HD", year=2026)


@pytest.fixture
def year(cast):
    pack_version("ESRD-HD")
    return arrive(1, dialysis("E1", "2026-02-10", 101), dialysis("E2", "2026-05-12", 118, payment="self_pay"))


def values(case, *codes):
    items = queries.form_state(case).items
    return [items[code].value for code in codes]


def test_each_round_is_filled_from_its_quarter_and_the_rest_from_the_year(year):
    assert year.quarters == [1, 2]
    assert values(year, FIRST, SECOND, THIRD) == [101, 118, None]
    assert values(year, YEAR, QUARTERS, NUMBER, PAID_BY) == ["g", ["a", "b"], "MZ-E2", "g"]


def test_the_proof_says_in_which_visit_it_stands(year, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    proofs = {code: queries.proof(year, code).basis.evidence[0].visit for code in (FIRST, SECOND)}
    assert proofs == {FIRST: "门诊 · 2026-02-10 · 血液透析中心", SECOND: "门诊 · 2026-05-12 · 血液透析中心"}


def test_a_new_visit_of_the_year_brings_proposals_for_its_quarter(year):
    arrive(2, dialysis("E3", "2026-08-11", 122))
    assert values(year, FIRST, SECOND, THIRD, QUARTERS) == [101, 118, 122, ["a", "b", "c"]]


def test_a_visit_that_came_late_does_not_turn_the_year_around(year):
    case = arrive(2, dialysis("E0", "2026-01-06", 97))
    assert case.pk == year.pk
    assert values(case, FIRST, SECOND, QUARTERS) == [101, 118, ["a", "b"]]  # in the quarter, the last counts


def test_a_later_result_of_the_quarter_differs_from_what_a_person_has_confirmed(year, cast):
    year.department = cast.cardiology
    year.save()
    actions.confirm(case=year, items=[SECOND], by=cast.filler)
    arrive(2, dialysis("E3", "2026-06-23", 109))
    item = queries.form_state(year).items[SECOND]
    assert (item.value, item.proposed) == (118, 109)
    assert queries.form_state(year).counter.differences == 1


def test_visits_of_another_kind_and_of_other_years_count_as_they_should(year):
    stay = {"encounter_id": "Z1", "patient_id": "P1", "encounter_class": "inpatient", "department": "呼吸内科"}
    stay |= {"admit_time": "2026-09-20 08:00", "discharge_time": "2026-10-02 09:00"}
    pneumonia = {
        "encounter": [("Z1", stay)],
        "diagnosis": [("dZ1", {"encounter_id": "Z1", "code": "J18.900", "role": "principal", "rank": "1"})],
        "observation": [("oZ1", result("Z1", "2026-09-21 07:00", 88)), ("oZ2", result("Z1", "2026-10-01 07:00", 92))],
    }
    case = arrive(2, pneumonia, dialysis("E9", "2025-11-04", 77))
    proposals = newest(case).sealed["proposals"]
    # Whoever is on dialysis is examined on other wards as well: the results wait until somebody ticks that quarter.
    assert [proposals[code]["value"] for code in (FIRST, THIRD, FOURTH)] == [101, 88, 92]
    assert values(case, QUARTERS, NUMBER) == [["a", "b"], "MZ-E2"]


def test_the_run_without_people_says_the_same(year):
    records = ingestion.records(patient_ids=["P1"])
    pack = packversions.pack(year.pack_version)
    with duckdb.connect() as con:
        records.register(con)
        persons = people.persons(["P1"], records.latest("patient_link"))
        (case,) = finding.find([pack.find], con, persons=persons).cases()
        batched = [(pack, [CaseResult(case, None, pack)])]
        (filled,) = batch._fill(con, SimpleNamespace(complete=frozenset()), batched, persons)
    (result,) = batch._check(pack, batched[0][1], filled)
    proposals = {code: each.value for code, each in result.proposals.items()}
    assert proposals == {code: each["value"] for code, each in newest(year).sealed["proposals"].items()}
    assert len(proposals) > 10

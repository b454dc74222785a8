"""Screening opens cases, decides them again while nobody has worked on them, and never undoes people's work."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from tests.casework import screen_everybody
from tests.integration.casefinding.conftest import FAILURE, INFARCTION, OLD_INFARCTION, visit

from zhiheng.audit.models import Entry
from zhiheng.casefinding import actions
from zhiheng.casefinding.models import Case, CaseEvent, State, Visit
from zhiheng.jobs import announcing
from zhiheng.vault.sealing import blind

pytestmark = pytest.mark.django_db


def the_case():
    return Case.objects.get(abbr="STEMI")


def kinds(case):
    return [event.kind for event in case.events.all()]


def test_a_case_that_is_in_is_to_be_filled_in(infarction, cast):
    assert (infarction.code, infarction.state, infarction.decision) == ("STEMI-25-000001", State.TO_FILL, "in")
    assert infarction.department == cast.cardiology
    assert infarction.due_date == date(2025, 3, 18)  # ten days after the discharge on 8 March
    assert infarction.sealed["name"] == "测试P1"
    assert [row["code"] for row in infarction.sealed["evidence"]] == [INFARCTION]
    assert infarction.encounter_key == blind("encounter", "E1")
    assert infarction.person_key == blind("person", "P1")
    assert [each.encounter_key for each in infarction.visits.all()] == [infarction.encounter_key]
    assert kinds(infarction) == ["opened"]


def test_an_undecided_case_shows_its_question(open_question):
    assert open_question.state == State.UNDECIDED
    assert [each["id"] for each in open_question.questions] == ["not_first"]


def test_a_case_that_is_out_keeps_its_reason(arrive, one_visit):
    arrive(one_visit(admit_route="transfer"))
    case = the_case()
    assert case.state == State.NOT_REQUIRED
    assert [each["id"] for each in case.reasons] == ["transferred_in"]


def test_what_ended_before_the_start_was_reported_by_other_means(arrive, one_visit, settings):
    settings.REPORT_FROM = date(2025, 3, 9)
    arrive(one_visit())  # discharged on 8 March
    case = the_case()
    assert (case.state, [each["id"] for each in case.reasons]) == (State.NOT_REQUIRED, ["before_start"])
    settings.REPORT_FROM = date(2025, 3, 8)
    actions.screen(["P1"])
    assert the_case().state == State.TO_FILL


def test_a_visit_without_a_case_is_kept_for_search_and_ledger(arrive, one_visit):
    arrive(one_visit(diagnoses=("J06.9",)))
    assert not Case.objects.exists()
    seen = Visit.objects.get()
    assert (seen.name_index, seen.ended_on) == (blind("name", "测试P1"), date(2025, 3, 8))


def test_the_same_records_again_change_nothing(arrive, one_visit):
    arrive(one_visit())
    changed_at = the_case().changed_at
    again = actions.screen(["P1"])
    assert (again.opened, again.changed) == ([], [])
    assert the_case().changed_at == changed_at
    assert Entry.objects.filter(event="casefinding.screened").count() == 1


def test_a_correction_decides_an_untouched_case_again(arrive, one_visit):
    arrive(one_visit())
    arrive(one_visit(admit_route="transfer"))
    case = the_case()
    assert (case.state, case.decision) == (State.NOT_REQUIRED, "out")
    event = case.events.last()
    assert (event.kind, event.from_state, event.to_state) == ("rescreened", "to_fill", "not_required")
    arrive(one_visit())
    assert the_case().state == State.TO_FILL


def test_a_case_somebody_works_on_is_not_thrown_away(arrive, one_visit, cast):
    arrive(one_visit())
    actions.set_state(case=the_case(), state=State.FILLING, by=cast.filler)
    done = arrive(one_visit(admit_route="transfer"))
    case = the_case()
    assert done.contradicted == 1
    assert (case.state, case.decision, case.is_contradicted) == (State.FILLING, "in", True)
    assert [each["id"] for each in case.reasons] == ["transferred_in"]  # and the reason is shown
    assert case.events.last().kind == "contradicted"
    arrive(one_visit())
    case = the_case()
    assert not case.is_contradicted
    assert case.events.last().kind == "agreed"


def test_a_diagnosis_that_was_corrected_away_takes_the_case_with_it(arrive, one_visit):
    arrive(one_visit())
    arrive(one_visit(diagnoses=("J06.9",)))
    case = the_case()
    assert case.state == State.NOT_REQUIRED
    assert [each["id"] for each in case.reasons] == ["no_longer"]
    assert case.finding == {"decision": "none", "ids": []}


def test_a_persons_decision_stands_and_the_discrepancy_shows(arrive, one_visit, cast, open_question):
    actions.decide(case=open_question, include=True, answers={"not_first": False}, by=cast.quality_officer)
    arrive(one_visit(diagnoses=(INFARCTION, OLD_INFARCTION), record_number="R2"))
    assert not the_case().is_contradicted  # the records ask what the person has answered
    arrive(one_visit(diagnoses=(INFARCTION, OLD_INFARCTION), admit_route="transfer"))
    case = the_case()
    assert (case.decision, case.is_contradicted) == ("in", True)


def test_an_exclusion_by_a_person_outlives_what_the_records_said_then(arrive, one_visit, cast, infarction):
    actions.exclude(case=infarction, reason="参加药物试验", by=cast.quality_officer)
    arrive(one_visit(record_number="R2"))
    case = the_case()
    assert (case.decision, case.is_contradicted) == ("out", False)


def test_joined_patient_numbers_make_the_second_infarction_a_question(arrive, hospital):
    two = visit(visit(hospital(), "E1", "P1"), "E2", "P2", admitted=datetime(2025, 6, 1, 10))
    arrive(two)
    assert {case.state for case in Case.objects.filter(abbr="STEMI")} == {"to_fill"}
    link = {"patient_id": "P1", "other_patient_id": "P2", "event": "merge", "event_time": datetime(2025, 7, 1)}
    arrive(two, [link | {"event_time_precision": "date", "source_id": "L1"}])
    first, second = Case.objects.filter(abbr="STEMI").order_by("code")
    assert (first.state, second.state) == ("to_fill", "undecided")
    assert first.person_key == second.person_key
    part = link | {"event": "unmerge", "event_time": datetime(2025, 7, 2), "event_time_precision": "date"}
    arrive(two, [link | {"event_time_precision": "date", "source_id": "L1"}, part | {"source_id": "L2"}])
    assert {case.state for case in Case.objects.filter(abbr="STEMI")} == {"to_fill"}


def test_a_patient_and_year_is_one_case(arrive, hospital):
    year = hospital()
    for month in (2, 5):
        visit(
            year,
            f"E{month}",
            diagnoses=("N18.000",),
            procedures=("39.9500",),
            admitted=datetime(2025, month, 1, 9),
            days=2,
        )
    arrive(year)
    case = Case.objects.get(abbr="ESRD-HD")
    assert (case.year, case.quarters, case.visits.count()) == (2025, [1, 2], 2)
    assert case.due_date == date(2026, 1, 10)


def test_new_numbers_follow_the_old_ones(arrive, hospital):
    arrive(visit(hospital()))
    arrive(visit(hospital(), "E2", "P2", admitted=datetime(2025, 4, 1)))
    assert sorted(Case.objects.values_list("code", flat=True)) == ["STEMI-25-000001", "STEMI-25-000002"]


def test_a_visit_that_the_records_no_longer_hold_is_gone(arrive, one_visit):
    arrive(one_visit())
    from zhiheng.ingestion.records import MODELS

    MODELS["encounter"].objects.update(current=False)
    MODELS["diagnosis"].objects.update(current=False)
    actions.screen(["P1"])
    assert Visit.objects.get().is_gone
    assert the_case().state == State.NOT_REQUIRED


def test_everybody_is_screened_chunk_by_chunk(arrive, hospital, monkeypatch):
    many = hospital()
    for number in range(5):
        visit(many, f"E{number}", f"P{number}", admitted=datetime(2025, 3, 1) + timedelta(days=number))
    arrive(many)
    Case.visits.through.objects.all().delete()
    monkeypatch.setattr(actions, "TOGETHER", 2)
    assert screen_everybody().visits == 5
    assert Case.visits.through.objects.count() == 5


def test_only_what_changed_is_announced(arrive, one_visit, monkeypatch):
    told = []
    monkeypatch.setitem(announcing._listeners, "casefinding.screened", [told.append])
    arrive(one_visit())
    arrive(one_visit())
    arrive(one_visit(weight_kg=70.0))
    assert [(len(each.opened), len(each.changed)) for each in told] == [(1, 0), (0, 1)]


def test_the_department_is_the_one_valid_at_discharge(arrive, one_visit, cast):
    from zhiheng.accounts.models import Department

    cast.neurology.valid_until = date(2025, 1, 31)
    cast.neurology.save()
    later = Department.objects.create(
        organisation=cast.organisation,
        campus=cast.campus,
        code="0302",
        name="神经医学中心",
        valid_from=date(2025, 2, 1),
    )
    arrive(one_visit(department_code="0302", department="神经内科"))
    assert the_case().department == later


def test_an_unknown_department_is_left_open(arrive, one_visit):
    arrive(one_visit(department_code="9999"))
    assert (the_case().department, the_case().department_name) == (None, "心血管内科")


@pytest.mark.parametrize(
    "wrong",
    [{"state": "filling", "decision": "out"}, {"state": "undecided", "decision": "in"}, {"state": "nowhere"}],
)
def test_the_database_holds_state_and_decision_together(infarction, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=infarction.pk).update(**wrong)


def test_what_has_happened_is_never_changed(infarction):
    with pytest.raises(Exception, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("update casefinding_caseevent set kind = 'x'")


def test_nothing_of_a_patient_stands_open_in_the_tables(infarction):
    with connection.cursor() as cursor:
        for model in (Case, Visit, CaseEvent):
            cursor.execute(f"select t::text from {model._meta.db_table} t")
            text = " ".join(row for (row,) in cursor.fetchall())
            assert not any(secret in text for secret in ("测试P1", "R-P1", "E1", "1960-05-01"))


def test_failures_of_the_heart_are_found_beside_it(arrive, one_visit):
    arrive(one_visit(diagnoses=(FAILURE, INFARCTION)))
    assert set(Case.objects.values_list("abbr", flat=True)) <= {"HF"}

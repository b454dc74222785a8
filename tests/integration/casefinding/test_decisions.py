"""What people decide about cases: who may, in which states, with what reason, and what is written down."""

from datetime import datetime

import pytest
from django.utils import translation
from tests.integration.casefinding.conftest import visit

from zhiheng.audit.models import Entry
from zhiheng.casefinding import actions, queries, states
from zhiheng.casefinding.models import Case, State
from zhiheng.casefinding.states import NotAllowed
from zhiheng.jobs import announcing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def last(case):
    return case.events.last()


# Answering questions


def test_a_case_whose_questions_are_answered_is_to_be_filled_in(open_question, cast):
    actions.decide(
        case=open_question, include=True, answers={"not_first": False}, reason="首次", by=cast.quality_officer
    )
    assert (open_question.state, open_question.decided_by) == (State.TO_FILL, cast.quality_officer)
    event = last(open_question)
    assert (event.kind, event.answers, event.reason) == ("decided", {"not_first": False}, "首次")
    assert Entry.objects.filter(event="casefinding.decided", on_code=open_question.code).exists()


def test_an_answer_that_excludes_is_reason_enough(open_question, cast):
    actions.decide(case=open_question, include=False, answers={"not_first": True}, by=cast.quality_officer)
    assert open_question.state == State.NOT_REQUIRED


@pytest.mark.parametrize(
    ("include", "answers", "reason", "problem"),
    [
        (True, {}, "", "Answer every question"),
        (True, {"not_first": True}, "", "need not be reported"),
        (False, {"not_first": False}, "", "None of your answers excludes"),
    ],
)
def test_answers_and_decision_must_fit(open_question, cast, include, answers, reason, problem):
    with pytest.raises(NotAllowed, match=problem):
        actions.decide(case=open_question, include=include, answers=answers, reason=reason, by=cast.quality_officer)
    assert Case.objects.get(pk=open_question.pk).state == State.UNDECIDED


def test_what_is_decided_is_not_decided_again(infarction, cast):
    with pytest.raises(NotAllowed):
        actions.decide(case=infarction, include=False, answers={}, reason="x", by=cast.quality_officer)


def test_a_contradicted_case_is_kept_or_excluded_by_a_person(arrive, one_visit, cast, infarction):
    actions.set_state(case=infarction, state=State.FILLING, by=cast.filler)
    arrive(one_visit(admit_route="transfer"))
    case = Case.objects.get(pk=infarction.pk)
    with pytest.raises(NotAllowed):
        actions.decide(case=case, include=True, by=cast.quality_officer)  # without a reason
    actions.decide(case=case, include=True, reason="入院途径登记有误", by=cast.quality_officer)
    assert (case.state, case.is_contradicted, last(case).kind) == (State.FILLING, False, "kept")
    arrive(one_visit(admit_route="transfer", record_number="R2"))
    assert not Case.objects.get(pk=case.pk).is_contradicted  # the same contradiction is not raised twice


# Excluding and restoring


def test_an_excluded_case_comes_back_where_it_was(infarction, cast):
    actions.set_state(case=infarction, state=State.FILLING, by=cast.filler)
    actions.exclude(case=infarction, reason="参加药物试验", by=cast.quality_officer)
    assert (infarction.state, infarction.decision, last(infarction).reason) == ("not_required", "out", "参加药物试验")
    actions.restore(case=infarction, reason="误排除", by=cast.quality_officer)
    assert (infarction.state, infarction.decision) == (State.FILLING, "in")


def test_what_was_handed_in_is_looked_at_again_after_a_restoration(infarction, cast):
    for state in (State.FILLING, State.DEPARTMENT_REVIEW):
        actions.set_state(case=infarction, state=state, by=cast.filler)
    actions.exclude(case=infarction, reason="x", by=cast.quality_officer)
    actions.restore(case=infarction, reason="y", by=cast.quality_officer)
    assert infarction.state == State.FILLING


def test_an_undecided_case_that_was_excluded_is_undecided_again(open_question, cast):
    actions.decide(case=open_question, include=False, reason="x", by=cast.quality_officer)
    actions.restore(case=open_question, reason="y", by=cast.quality_officer)
    assert (open_question.state, open_question.decided_by) == (State.UNDECIDED, None)


def test_a_case_that_the_records_exclude_can_be_restored_and_stands(arrive, one_visit, cast):
    arrive(one_visit(admit_route="transfer"))
    case = Case.objects.get(abbr="STEMI")
    actions.restore(case=case, reason="实为本院急诊", by=cast.quality_officer)
    assert (case.state, case.is_contradicted) == (State.TO_FILL, False)
    arrive(one_visit(admit_route="transfer", record_number="R2"))
    assert Case.objects.get(pk=case.pk).state == State.TO_FILL


@pytest.mark.parametrize("state", [State.UNDECIDED, State.SUBMITTING, State.DONE, State.NOT_REQUIRED])
def test_in_these_states_nothing_is_excluded(infarction, cast, state):
    decision = states.decision_of(state)
    Case.objects.filter(pk=infarction.pk).update(state=state, decision=decision)
    with pytest.raises(NotAllowed):
        actions.exclude(case=infarction, reason="x", by=cast.quality_officer)


@pytest.mark.parametrize("act", [actions.exclude, actions.restore])
def test_a_reason_is_needed(infarction, cast, act):
    with pytest.raises(NotAllowed, match="Write the reason"):
        act(case=infarction, reason="  ", by=cast.quality_officer)


# Moving


def test_a_moved_case_is_one_of_the_other_disease_and_can_come_back(infarction, cast):
    actions.set_state(case=infarction, state=State.FILLING, by=cast.filler)
    told = []
    announcing.when("casefinding.case_moved", told.append)
    there = actions.move(case=infarction, abbr="HF", reason="主要为心衰", by=cast.quality_officer)
    announcing._listeners["casefinding.case_moved"].remove(told.append)
    assert (infarction.state, infarction.moved_to) == (State.NOT_REQUIRED, there)
    assert (there.abbr, there.state, there.is_manual) == ("HF", State.TO_FILL, True)
    assert there.encounter_key == infarction.encounter_key
    assert told == [there]
    assert last(infarction).detail["moved_to"] == there.code
    assert last(there).detail["moved_from"] == infarction.code
    back = actions.move(case=there, abbr="STEMI", reason="复核后仍为心梗", by=cast.quality_officer)
    assert back == infarction
    infarction.refresh_from_db()
    assert (infarction.state, infarction.moved_to, there.moved_to) == (State.FILLING, None, infarction)


def test_a_moved_case_is_not_screened_back(infarction, cast, arrive, one_visit):
    there = actions.move(case=infarction, abbr="HF", reason="x", by=cast.quality_officer)
    arrive(one_visit(record_number="R2"))
    infarction.refresh_from_db()
    there.refresh_from_db()
    assert (infarction.state, there.state) == (State.NOT_REQUIRED, State.TO_FILL)
    assert (infarction.is_contradicted, there.is_contradicted) == (False, False)


def test_a_moved_case_is_brought_back_by_moving_not_by_restoring(infarction, cast):
    there = actions.move(case=infarction, abbr="HF", reason="x", by=cast.quality_officer)
    with pytest.raises(NotAllowed, match=there.code):
        actions.restore(case=infarction, reason="y", by=cast.quality_officer)


def test_a_case_moves_to_a_disease_that_is_in_force(infarction, cast):
    for abbr in ("STEMI", "CABG"):
        with pytest.raises(NotAllowed):
            actions.move(case=infarction, abbr=abbr, reason="x", by=cast.quality_officer)


# Adding by hand


def test_a_visit_is_added_by_hand(arrive, one_visit, cast):
    arrive(one_visit(diagnoses=("J06.9",)))
    key = queries.search("E1", cast.quality_officer).visits[0].encounter_key
    case = actions.add(abbr="STEMI", encounter_key=key, reason="编码有误", by=cast.quality_officer)
    assert (case.code, case.state, case.is_manual) == ("STEMI-25-000001", State.TO_FILL, True)
    assert case.sealed["name"] == "测试P1"
    arrive(one_visit(diagnoses=("J06.9",), record_number="R2"))
    case.refresh_from_db()
    assert (case.state, case.is_contradicted, case.reasons) == (State.TO_FILL, False, [])
    assert case.sealed["record_number"] == "R2"


def test_what_screening_finds_later_is_the_case_that_was_added(arrive, one_visit, cast):
    arrive(one_visit(diagnoses=("J06.9",)))
    key = queries.search("E1", cast.quality_officer).visits[0].encounter_key
    case = actions.add(abbr="STEMI", encounter_key=key, reason="编码有误", by=cast.quality_officer)
    arrive(one_visit())
    assert Case.objects.get(abbr="STEMI") == case
    case.refresh_from_db()
    assert (case.finding["decision"], case.is_contradicted) == ("in", False)


def test_a_visit_is_added_once(infarction, cast):
    with pytest.raises(NotAllowed, match=infarction.code):
        actions.add(abbr="STEMI", encounter_key=infarction.encounter_key, reason="x", by=cast.quality_officer)


def test_a_visit_without_discharge_is_not_added(arrive, one_visit, cast):
    arrive(one_visit(days=None, diagnoses=("J06.9",)))
    key = queries.search("E1", cast.quality_officer).visits[0].encounter_key
    with pytest.raises(NotAllowed):
        actions.add(abbr="STEMI", encounter_key=key, reason="x", by=cast.quality_officer)


# Assigning


def test_a_case_is_assigned_to_somebody_who_may_fill_it_in(infarction, cast):
    actions.assign(case=infarction, staff=cast.filler.staff, by=cast.quality_officer)
    assert infarction.assigned_to == cast.filler.staff
    with pytest.raises(NotAllowed):
        actions.assign(case=infarction, staff=cast.outsider.staff, by=cast.quality_officer)  # of another department
    with pytest.raises(NotAllowed):
        actions.assign(case=infarction, staff=cast.leader.staff, by=cast.quality_officer)
    actions.assign(case=infarction, staff=None, by=cast.quality_officer)
    assert infarction.assigned_to is None


# Who may


ACTS = {
    "exclude": lambda case, by: actions.exclude(case=case, reason="x", by=by),
    "move": lambda case, by: actions.move(case=case, abbr="HF", reason="x", by=by),
    "assign": lambda case, by: actions.assign(case=case, staff=None, by=by),
    "add": lambda case, by: actions.add(abbr="HF", encounter_key=case.encounter_key, reason="x", by=by),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["filler", "outsider", "leader", "submitter", "system_administrator", "nobody"])
def test_who_may_not_decide(infarction, cast, act, role):
    with pytest.raises(NotAllowed):
        ACTS[act](infarction, getattr(cast, role))
    assert Case.objects.get(pk=infarction.pk).state == State.TO_FILL


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["department_reviewer", "quality_officer"])
def test_who_may_decide(infarction, cast, act, role):
    ACTS[act](infarction, getattr(cast, role))


def test_a_reviewer_decides_within_the_own_departments_alone(arrive, hospital, cast):
    arrive(visit(hospital(), department_code="0302", department="神经内科"))
    with pytest.raises(NotAllowed):
        actions.exclude(case=Case.objects.get(abbr="STEMI"), reason="x", by=cast.department_reviewer)


# The table of states


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("then", State.values)
def test_only_the_table_moves_a_case_on(infarction, cast, state, then):
    Case.objects.filter(pk=infarction.pk).update(state=state, decision=states.decision_of(state))
    allowed = states.ALLOWED[State(state)].get(State(then), ())
    by_filler = states.FILL in allowed and states.decision_of(then) == states.decision_of(state)
    if by_filler or state == then:
        actions.set_state(case=infarction, state=then, by=cast.filler)
        assert infarction.state == then
    else:
        with pytest.raises(NotAllowed):
            actions.set_state(case=infarction, state=then, by=cast.filler)


def test_every_state_can_be_reached_and_left():
    reached = {then for row in states.ALLOWED.values() for then in row}
    assert reached == set(State)
    assert set(states.ALLOWED) == set(State)
    assert all(states.ALLOWED.values())


# What is seen


def test_cases_are_visible_within_the_departments(arrive, hospital, cast):
    arrive(visit(visit(hospital(), "E1", "P1"), "E2", "P2", department_code="0302", admitted=datetime(2025, 5, 1)))
    arrive(visit(hospital(), "E3", "P3", department_code="9999", admitted=datetime(2025, 5, 2)))

    def seen(user):
        return {case.sealed["encounter_id"] for case in Case.objects.visible_to(user)}

    assert seen(cast.filler) == {"E1"}
    assert seen(cast.outsider) == {"E2"}
    assert seen(cast.quality_officer) == {"E1", "E2", "E3"}  # a case without department too
    assert seen(cast.maintenance_engineer) == seen(cast.nobody) == set()


def test_questions_are_in_the_words_of_the_pack(open_question):
    (question,) = queries.questions(open_question)
    assert question.text == "患者此前是否已确诊过急性心肌梗死（本次不是首次）？"
    assert question.yes_excludes


def test_what_screening_opens_in_the_same_moment_is_not_opened_twice(infarction, cast, monkeypatch):
    monkeypatch.setattr(queries, "case_of", lambda version, visit: None)  # it was not there when it was looked for
    with pytest.raises(NotAllowed, match="just been found"):
        actions.add(abbr="STEMI", encounter_key=infarction.encounter_key, reason="x", by=cast.quality_officer)
    assert Case.objects.filter(abbr="STEMI").count() == 1

"""Between records and people: proposals, confirmations, differences and the proof of a value, however old."""

import pytest
from django.db import connection
from tests.casework import PATIENT, VISIT, admission, open_case, receive

from zhiheng.audit.models import Entry
from zhiheng.autofill import actions as autofill
from zhiheng.autofill import queries as fillings
from zhiheng.autofill.models import Filling
from zhiheng.forms import actions, queries
from zhiheng.forms.models import AnswerChange, Answers, Difference

WEIGHT, TROPONIN = "CM-0-2-1-3", "STEMI-1-3-3-2"


def troponin(value, **more):
    return {
        "encounter_id": VISIT,
        "code": "TNI",
        "name": "肌钙蛋白I",
        "category": "laboratory",
        "value_number": value,
        "unit": "ng/mL",
        "time": "2026-03-02 14:30",
        **more,
    }


def fill(case):
    """Do what the jobs do when records have changed."""
    filled = autofill.fill_case(case.pk)
    if filled:
        actions.take_proposals(case=case)
    return filled


def stands(case, code):
    return queries.form_state(case).items[code]


@pytest.fixture
def proven(case):
    """The case with a first laboratory result, filled."""
    receive(1, **admission(), observation=[("L1", troponin("2.35"))])
    fill(case)
    return case


@pytest.fixture
def confirmed(proven, cast):
    actions.confirm(case=proven, items=[TROPONIN], by=cast.filler)
    return proven


def test_proposals_enter_what_nobody_has_answered_and_count_as_no_answer(proven):
    item = stands(proven, TROPONIN)
    assert (item.value, item.state, item.origin, item.filling) == (2.35, "proposed", "record", 1)
    state = queries.form_state(proven)
    assert state.counter.left == state.counter.total
    assert TROPONIN in [each.code for each in state.proposed]


def test_the_same_records_make_no_second_filling(proven):
    assert fill(proven) is None
    assert Filling.objects.count() == 1
    before = AnswerChange.objects.count()
    actions.take_proposals(case=proven)
    assert AnswerChange.objects.count() == before


def test_an_unconfirmed_proposal_follows_the_records(proven):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(proven)
    item = stands(proven, TROPONIN)
    assert (item.value, item.state, item.filling, item.difference) == (3.1, "proposed", 2, None)


def test_a_proposal_leaves_when_the_records_prove_nothing_any_more(proven):
    receive(2, observation=[("L1", troponin("2.35", unit="神秘单位"))])
    fill(proven)
    assert (stands(proven, TROPONIN).value, stands(proven, TROPONIN).state) == (None, "unanswered")
    (refused,) = queries.proof(proven, TROPONIN).refused
    assert "单位" in refused.reason


def test_confirming_makes_it_an_answer_with_its_proof(confirmed, cast):
    item = stands(confirmed, TROPONIN)
    assert (item.state, item.origin, item.by, item.filling) == ("confirmed", "record", "职工filler", 1)


def test_typing_what_is_proposed_confirms_it(proven, cast):
    actions.answer(case=proven, item=TROPONIN, typed="2.35", by=cast.filler)
    assert (stands(proven, TROPONIN).origin, stands(proven, TROPONIN).filling) == ("record", 1)


def test_a_section_is_confirmed_with_one_key(proven, cast):
    section = queries.sheet_for(proven).by_code[TROPONIN].section
    saved = actions.confirm_section(case=proven, section=section, by=cast.filler)
    left = saved.state.sections[section]
    assert left.counter.proposed == 0
    assert stands(proven, TROPONIN).state == "confirmed"
    assert stands(proven, WEIGHT).state == "proposed"
    assert Entry.objects.get(event="forms.confirmed").detail["items"]


def test_a_proposal_with_an_error_is_not_confirmed_in_passing(case, cast):
    receive(1, **admission(weight_kg="-3"))
    fill(case)
    section = queries.sheet_for(case).by_code[WEIGHT].section
    saved = actions.confirm_section(case=case, section=section, by=cast.filler)
    assert set(saved.refused) == {WEIGHT}
    assert saved.state.items[WEIGHT].state == "proposed"
    assert saved.state.items["CM-0-2-1-5"].state == "confirmed"


def test_nobody_confirms_what_has_changed_since_it_was_looked_at(proven, cast):
    seen = queries.form_state(proven).revision
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(proven)
    saved = actions.confirm(case=proven, items=[TROPONIN], by=cast.filler, seen=seen)
    assert set(saved.refused) == {TROPONIN}
    assert TROPONIN in saved.changed
    assert stands(proven, TROPONIN).state == "proposed"


def test_a_corrected_result_raises_a_difference_and_changes_nothing(confirmed, cast):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(confirmed)
    item = stands(confirmed, TROPONIN)
    assert (item.value, item.state, item.by) == (2.35, "confirmed", "职工filler")
    assert item.proposed == 3.1
    (difference,) = queries.differences(confirmed)
    assert difference.pk == item.difference
    assert queries.form_state(confirmed).counter.differences == 1
    assert Answers.objects.get(case=confirmed).differences == 1


def test_the_old_proof_still_opens_after_a_correction(confirmed, cast):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(confirmed)
    proof = actions.open_proof(case=confirmed, item=TROPONIN, by=cast.filler)
    (old,) = proof.basis.evidence
    assert (old.value, old.version, old.newest_version, old.is_superseded) == (2.35, 1, 2, True)
    shown = {each.name: each.value for each in old.columns}
    assert (shown["value_number"], shown["unit"], shown["time"]) == ("2.35", "ng/mL", "2026-03-02 14:30")
    (new,) = proof.today.evidence
    assert (new.value, new.version, new.is_superseded) == (3.1, 2, False)
    assert (proof.basis.filling, proof.today.filling) == (1, 2)
    assert proof.item.by == "职工filler"
    assert [line.kind for line in proof.history] == ["differs", "confirmed", "proposed"]


def test_a_proof_says_where_a_value_comes_from(proven, cast):
    proof = actions.open_proof(case=proven, item=TROPONIN, by=cast.filler)
    (row,) = proof.basis.evidence
    assert row.system == "检验系统（LIS）"
    assert (row.table, row.source_id, row.time) == ("observation", "L1", "2026-03-02 14:30")
    assert row.excerpt == "肌钙蛋白I 2.35 ng/mL"
    assert row.rule.endswith(".yaml#stemi_1_3_3_2/34") or "stemi_1_3_3_2" in row.rule
    assert row.rule_text
    assert any(each.decides for each in row.columns)
    assert proof.basis.pack == "STEMI"
    entry = Entry.objects.get(event="autofill.proof_opened")
    assert (entry.on_code, entry.detail["item"]) == (proven.code, TROPONIN)
    assert "2.35" not in str(entry.detail)


def test_an_item_without_proof_says_so(case, cast):
    proof = actions.open_proof(case=case, item=WEIGHT, by=cast.filler)
    assert (proof.basis, proof.today, proof.candidates) == (None, None, ())
    with pytest.raises(KeyError):
        actions.open_proof(case=case, item="NO-SUCH-ITEM", by=cast.filler)


def test_the_other_rows_that_would_have_served_are_shown(case, cast):
    rows = [("L1", troponin("2.35")), ("L2", troponin("9.8", time="2026-03-03 07:00"))]
    receive(1, **admission(), observation=rows)
    fill(case)
    proof = queries.proof(case, TROPONIN)
    assert proof.basis.evidence[0].candidates == 2
    assert {(each.value, each.source_id) for each in proof.candidates} == {(2.35, "L1"), (9.8, "L2")}


def test_a_quoted_text_shows_what_was_caught_in_its_place():
    text = "前文" * 200 + "入院查体：Killip分级Ⅱ级，双肺湿啰音。" + "后文" * 200
    [quote] = fillings.quotes({"text": text}, "入院查体：Killip分级Ⅱ级", "Killip分级([ⅠⅡⅢⅣ])级")
    assert quote.marked == "Killip分级Ⅱ级"
    assert quote.before.endswith("入院查体：")
    assert quote.before.startswith("…")
    assert quote.after.endswith("…")


ACROSS = [("findings", "窦性心律，V1-V4", "抬高0.3-0.5mV。", ""), ("conclusion", "", "急性前壁", "心肌梗死")]
ECG = {"findings": "窦性心律，V1-V4抬高0.3-0.5mV。", "conclusion": "急性前壁心肌梗死"}


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("急性(前壁)", [("conclusion", "", "急性前壁", "心肌梗死")]),
        ("抬高.+前壁", ACROSS),
        ("下壁", ACROSS),
    ],
    ids=["caught in one", "caught across", "not caught again"],
)
def test_a_quotation_over_two_columns_is_marked_in_each(pattern, shown):
    found = fillings.quotes(ECG, "抬高0.3-0.5mV。。急性前壁", pattern)
    assert [(each.column, each.before, each.marked, each.after) for each in found] == shown


def test_a_quotation_that_stands_nowhere_is_not_marked():
    assert fillings.quotes(ECG, "急性下壁", "急性") == ()


def test_a_difference_is_gone_when_the_source_returns(confirmed):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(confirmed)
    receive(3, observation=[("L1", troponin("2.35"))])
    fill(confirmed)
    assert stands(confirmed, TROPONIN).difference is None
    assert Difference.objects.get().state == "gone"


def test_a_difference_follows_the_source(confirmed):
    for day, value in ((2, "3.1"), (3, "4.2")):
        receive(day, observation=[("L1", troponin(value))])
        fill(confirmed)
    assert stands(confirmed, TROPONIN).proposed == 4.2
    assert Difference.objects.get().sealed["proposed"] == 4.2


def test_kept_with_a_reason_it_is_not_asked_again_for_the_same_proof(confirmed, cast):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(confirmed)
    (difference,) = queries.differences(confirmed)
    with pytest.raises(actions.CannotChange):
        actions.keep(difference=difference, reason=" ", by=cast.filler)
    saved = actions.keep(difference=difference, reason="复测为溶血标本", by=cast.filler)
    assert (saved.state.items[TROPONIN].value, saved.state.counter.differences) == (2.35, 0)
    receive(3, encounter=admission(weight_kg="70")["encounter"])
    fill(confirmed)
    assert stands(confirmed, TROPONIN).difference is None
    receive(4, observation=[("L1", troponin("5"))])
    fill(confirmed)
    assert stands(confirmed, TROPONIN).proposed == 5


def test_taken_with_a_reason_it_becomes_the_answer_and_its_proof(confirmed, cast):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(confirmed)
    (difference,) = queries.differences(confirmed)
    saved = actions.take(difference=difference, reason="检验科更正", by=cast.quality_officer)
    item = saved.state.items[TROPONIN]
    assert (item.value, item.origin, item.filling, item.by) == (3.1, "record", 2, "职工quality_officer")
    difference.refresh_from_db()
    assert (difference.state, difference.decided_by, difference.sealed["reason"]) == (
        "taken",
        cast.quality_officer,
        "检验科更正",
    )
    with pytest.raises(actions.CannotChange):
        actions.take(difference=difference, reason="again", by=cast.filler)


def test_what_the_records_no_longer_prove_is_a_difference_too(confirmed, cast):
    receive(2, observation=[("L1", troponin("2.35", unit="神秘单位"))])
    fill(confirmed)
    item = stands(confirmed, TROPONIN)
    assert (item.value, item.proposed, item.difference is not None) == (2.35, None, True)
    actions.take(difference=Difference.objects.get(), reason="检验科撤回", by=cast.filler)
    assert (stands(confirmed, TROPONIN).value, stands(confirmed, TROPONIN).state) == (None, "unanswered")


def test_what_a_person_typed_before_the_records_came_is_compared_with_them(case, cast):
    actions.answer(case=case, item=WEIGHT, typed="70", by=cast.filler)
    actions.answer(case=case, item="CM-0-2-1-5", typed="171", by=cast.filler)
    receive(1, **admission())
    fill(case)
    state = queries.form_state(case)
    assert (state.items[WEIGHT].value, state.items[WEIGHT].proposed) == (70, 68.5)
    assert state.items["CM-0-2-1-5"].difference is None  # the records say the same


def test_typing_the_records_value_settles_the_difference(confirmed, cast):
    receive(2, observation=[("L1", troponin("3.1"))])
    fill(confirmed)
    actions.answer(case=confirmed, item=TROPONIN, typed="3.1", by=cast.filler)
    assert stands(confirmed, TROPONIN).difference is None
    assert Difference.objects.get().state == "taken"


def test_a_cleared_proposal_does_not_come_back_by_itself(proven, cast):
    actions.clear(case=proven, item=TROPONIN, by=cast.filler)
    receive(2, encounter=admission(weight_kg="70")["encounter"])
    fill(proven)
    assert stands(proven, TROPONIN).state == "unanswered"
    receive(3, observation=[("L1", troponin("3.1"))])
    fill(proven)
    assert (stands(proven, TROPONIN).value, stands(proven, TROPONIN).state) == (3.1, "proposed")


def test_after_handing_in_records_raise_differences_and_propose_nothing(confirmed, cast):
    type(confirmed).objects.filter(pk=confirmed.pk).update(state="department_review")
    receive(2, observation=[("L1", troponin("3.1"))], encounter=admission(weight_kg="70")["encounter"])
    fill(confirmed)
    assert stands(confirmed, TROPONIN).proposed == 3.1
    assert stands(confirmed, WEIGHT).value == 68.5


def test_rules_see_the_answers_of_people(case, cast):
    """The first result after the arrival is known when a person has entered the arrival."""
    receive(1, **admission(), observation=[("L1", troponin("2.35", reported_time="2026-03-02 15:10"))])
    reported = "STEMI-1-3-1-2-1"
    assert reported not in fill(case).sealed["proposals"]
    actions.answer(case=case, item="CM-0-2-3-2", typed="2026-03-02 13:40", by=cast.filler)
    assert fill(case).sealed["proposals"][reported]["value"] == "2026-03-02 15:10"


def test_rules_see_no_answer_that_is_set_aside(case, cast):
    actions.answer(case=case, item="CM-0-2-2-2", typed="2026-03-02 12:00", by=cast.filler)
    assert queries.answers_of([case.pk]) == {case.pk: {"CM-0-2-2-2": "2026-03-02 12:00"}}
    actions.mark_unknown(case=case, item="CM-0-2-2-2", by=cast.filler)
    assert queries.answers_of([case.pk]) == {case.pk: {}}


def test_an_answer_that_rules_use_asks_for_another_filling(case, cast, monkeypatch):
    heard = []
    monkeypatch.setattr("zhiheng.forms.editing.announce", lambda event, about: heard.append((event, about)))
    actions.answer(case=case, item=WEIGHT, typed="68", by=cast.filler)
    assert heard == []
    actions.answer(case=case, item="CM-0-2-3-2", typed="2026-03-02 13:40", by=cast.filler)
    assert heard == [("forms.basis_changed", case)]
    actions.answer(case=case, item="CM-0-2-2-2", typed="2026-03-02 12:00", by=cast.filler)
    actions.mark_unknown(case=case, item="CM-0-2-2-2", by=cast.filler)  # hides what rules used
    assert len(heard) == 3


def test_many_cases_are_filled_in_one_pass(cast):
    numbers = [(f"ZY{n:04d}", f"P{n:04d}") for n in range(6)]
    rows = {"patient": [], "encounter": []}
    cases = []
    for number, (visit, patient) in enumerate(numbers):
        for name, own in admission(visit, patient, weight_kg=str(60 + number)).items():
            rows[name] += own
        cases.append(open_case(cast, ("STEMI", "SAP")[number % 2], visit=visit, patient=patient))
    receive(1, **rows)
    filled = autofill.fill_cases([case.pk for case in cases])
    assert [each.sealed["proposals"][WEIGHT]["value"] for each in filled] == [60, 61, 62, 63, 64, 65]
    alone = [Filling.objects.get(case=case).sealed for case in cases]
    assert [each.sealed for each in filled] == alone


def test_a_case_whose_visit_is_unknown_is_left_alone(cast):
    case = open_case(cast, visit="NOWHERE", patient="NOBODY")
    assert autofill.fill_case(case.pk) is None


def test_fillings_are_final_and_sealed(proven):
    with pytest.raises(Exception, match="never changes"):
        Filling.objects.update(digest="x")


def test_evidence_does_not_stand_open_in_the_database(proven):
    with connection.cursor() as cursor:
        cursor.execute("select encode(convert_to(t::text, 'UTF8'), 'hex') from autofill_filling t")
        rows = "".join(row[0] for row in cursor.fetchall())
    assert rows
    assert "肌钙蛋白".encode().hex() not in rows
    assert PATIENT.encode().hex() not in rows


def test_a_filling_and_an_answer_that_rules_use_queue_what_follows(case, cast):
    from procrastinate.contrib.django.models import ProcrastinateJob

    def waiting(task):
        return [job.args for job in ProcrastinateJob.objects.filter(task_name=task, status="todo")]

    receive(1, **admission())
    autofill.fill_case(case.pk)
    assert waiting("zhiheng.forms.jobs.take_proposals") == [{"case_id": case.pk}]
    for moment in ("2026-03-02 13:40", "2026-03-02 13:50"):
        actions.answer(case=case, item="CM-0-2-3-2", typed=moment, by=cast.filler)
    assert waiting("zhiheng.autofill.jobs.fill_case") == [{"case_id": case.pk}]  # one is enough

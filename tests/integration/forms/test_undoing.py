"""Undo: the newest change of an item, or all that somebody did within a period, with a look before."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.casework import VISIT, admission, open_case, receive

from zhiheng.autofill import actions as autofill
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, queries
from zhiheng.forms.models import AnswerChange
from zhiheng.forms.undoing import undo_period_preview

WEIGHT, HEIGHT, TRANSPORT = "CM-0-2-1-3", "CM-0-2-1-5", "CM-0-3-3"


def answer(case, by, item, typed):
    return actions.answer(case=case, item=item, typed=typed, by=by)


def newest(case, item):
    return AnswerChange.objects.filter(case=case, item=item).order_by("-revision").first()


def stands(case, item):
    found = queries.form_state(case).items[item]
    return found.state, found.value


def test_an_undo_brings_back_what_was_there_with_its_author(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    answer(case, cast.quality_officer, WEIGHT, "86")
    saved = actions.undo(change=newest(case, WEIGHT), by=cast.quality_officer)
    item = saved.state.items[WEIGHT]
    assert (item.value, item.by) == (68, "职工filler")
    lines = queries.history(case, WEIGHT)
    assert [(line.kind, line.after, line.undone) for line in lines] == [
        ("undone", "68", False),
        ("typed", "86", True),
        ("typed", "68", False),
    ]


def test_an_undo_can_be_undone_but_nothing_twice(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    change = newest(case, WEIGHT)
    actions.undo(change=change, by=cast.filler)
    assert stands(case, WEIGHT) == ("unanswered", None)
    with pytest.raises(actions.CannotUndo):
        actions.undo(change=change, by=cast.filler)
    actions.undo(change=newest(case, WEIGHT), by=cast.filler)
    assert stands(case, WEIGHT) == ("confirmed", 68)


def test_what_something_newer_stands_on_is_undone_only_on_purpose(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    first = newest(case, WEIGHT)
    answer(case, cast.quality_officer, WEIGHT, "86")
    with pytest.raises(actions.CannotUndo, match="quality_officer"):
        actions.undo(change=first, by=cast.filler)
    actions.undo(change=first, by=cast.filler, over_newer=True)
    assert stands(case, WEIGHT) == ("unanswered", None)


def test_what_follows_from_other_answers_is_undone_with_them(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    answer(case, cast.filler, HEIGHT, "170")
    with pytest.raises(actions.CannotUndo):
        actions.undo(change=newest(case, "CM-0-2-1-4"), by=cast.filler)
    actions.undo(change=newest(case, HEIGHT), by=cast.filler)
    assert stands(case, "CM-0-2-1-4")[1] is None


def offered(case, item):
    return [line.kind for line in queries.history(case, item) if line.can_undo]


def test_the_history_offers_to_undo_only_what_can_be_undone(case, cast):
    receive(1, **admission())
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    assert [line.kind for line in queries.history(case, WEIGHT)] == ["proposed"]
    assert offered(case, WEIGHT) == []
    actions.confirm(case=case, items=[WEIGHT], by=cast.filler)
    assert offered(case, WEIGHT) == ["confirmed"]
    receive(2, encounter=admission(weight_kg="70")["encounter"])
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    assert [line.kind for line in queries.history(case, WEIGHT)] == ["differs", "confirmed", "proposed"]
    assert offered(case, WEIGHT) == ["confirmed"]
    [line] = [line for line in queries.history(case, WEIGHT) if line.can_undo]
    actions.undo(change=AnswerChange.objects.get(pk=line.id), by=cast.filler)
    assert offered(case, WEIGHT) == ["undone"]


def test_undoing_a_confirmation_makes_it_a_proposal_again(case, cast):
    receive(1, **admission())
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    actions.confirm(case=case, items=[WEIGHT], by=cast.filler)
    actions.undo(change=newest(case, WEIGHT), by=cast.filler)
    assert stands(case, WEIGHT) == ("proposed", 68.5)


def test_an_undone_confirmation_follows_what_the_records_say_by_now(case, cast):
    receive(1, **admission())
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    actions.confirm(case=case, items=[WEIGHT], by=cast.filler)
    change = newest(case, WEIGHT)
    receive(2, encounter=admission(weight_kg="70")["encounter"])
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    actions.undo(change=change, by=cast.filler)
    assert stands(case, WEIGHT) == ("proposed", 70)
    assert queries.form_state(case).counter.differences == 0


def test_undoing_a_decision_about_a_difference_opens_it_again(case, cast):
    receive(1, **admission())
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    actions.confirm(case=case, items=[WEIGHT], by=cast.filler)
    receive(2, encounter=admission(weight_kg="70")["encounter"])
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    for decide in (actions.keep, actions.take):
        (difference,) = queries.differences(case)
        decide(difference=difference, reason="核对", by=cast.filler)
        assert queries.differences(case) == []
        actions.undo(change=newest(case, WEIGHT), by=cast.filler)
        item = queries.form_state(case).items[WEIGHT]
        assert (item.value, item.proposed, item.difference) == (68.5, 70, difference.pk)


@pytest.fixture
def morning(case, cast):
    """What the filler did between start and end, in two cases, and what others did meanwhile and later."""
    other = open_case(cast, visit="ZY0002", patient="P0002")
    answer(case, cast.filler, WEIGHT, "50")
    start = timezone.now()
    answer(case, cast.filler, WEIGHT, "68")
    answer(case, cast.filler, WEIGHT, "86")
    answer(case, cast.filler, HEIGHT, "170")
    answer(case, cast.filler, TRANSPORT, "a")
    answer(other, cast.filler, WEIGHT, "60")
    answer(other, cast.quality_officer, HEIGHT, "180")
    end = timezone.now()
    answer(case, cast.quality_officer, HEIGHT, "175")
    return case, other, {"by_whom": cast.filler, "start": start, "end": end}


def test_a_period_is_looked_at_before_it_is_undone(morning, cast):
    case, other, period = morning
    before = queries.form_state(case), queries.form_state(other)
    lines = undo_period_preview(**period, by=cast.quality_officer)
    assert [(line.case, line.item, line.now, line.back_to) for line in lines if not line.skipped] == [
        (case, WEIGHT, "86", "50"),
        (case, TRANSPORT, "救护车", ""),
        (other, WEIGHT, "60", ""),
    ]
    (skipped,) = [line for line in lines if line.skipped]
    assert (skipped.item, "quality_officer" in skipped.skipped) == (HEIGHT, True)
    assert (queries.form_state(case), queries.form_state(other)) == before


def test_a_period_is_undone_in_all_cases_but_for_what_others_changed_since(morning, cast):
    case, other, period = morning
    done = actions.undo_period(**period, by=cast.department_reviewer)
    assert sum(1 for line in done if not line.skipped) == 3
    assert stands(case, WEIGHT) == ("confirmed", 50)
    assert stands(case, TRANSPORT) == ("unanswered", None)
    assert stands(case, HEIGHT) == ("confirmed", 175)
    assert stands(other, WEIGHT) == ("unanswered", None)
    assert stands(other, HEIGHT) == ("confirmed", 180)


def test_a_period_undone_twice_is_undone_once(morning, cast):
    case, _other, period = morning
    actions.undo_period(**period, by=cast.quality_officer)
    revision = queries.form_state(case).revision
    again = actions.undo_period(**period, by=cast.quality_officer)
    assert all(line.skipped for line in again)
    assert queries.form_state(case).revision == revision


def test_a_period_reaches_only_where_one_may_undo(morning, cast):
    case, other, period = morning
    assert undo_period_preview(**period, by=cast.filler) == []
    assert undo_period_preview(**period, by=cast.outsider) == []
    assert {line.case for line in undo_period_preview(**period, by=cast.quality_officer, cases=[other])} == {other}
    Case.objects.filter(pk=case.pk).update(state="to_submit")
    lines = undo_period_preview(**period, by=cast.quality_officer)
    assert {line.case for line in lines if not line.skipped} == {other}


def test_a_period_at_another_time_holds_nothing(morning, cast):
    _case, _other, period = morning
    late = {**period, "start": period["end"] + timedelta(hours=1), "end": period["end"] + timedelta(hours=2)}
    assert undo_period_preview(**late, by=cast.quality_officer) == []
    assert VISIT


def test_a_period_is_written_like_every_other_time(client, cast):
    client.force_login(cast.quality_officer)
    form = client.get("/undo/").context["form"]
    assert re.search(r'value="\d{4}-\d\d-\d\d \d\d:\d\d"', str(form["start"]))

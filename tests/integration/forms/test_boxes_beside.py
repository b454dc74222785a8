"""The box "cannot be determined" beside an item: what the records prove afterwards is a difference with the box."""

import pytest
from tests.casework import admission, receive

from zhiheng.autofill import actions as autofill
from zhiheng.forms import actions, queries
from zhiheng.forms.models import Answers, Difference

ONSET, BOX = "CM-0-2-2-2", "CM-0-2-2-1"
BEGAN, EARLIER = "2026-03-02 12:00", "2026-03-02 09:30"


def arrive(case, day, **stay):
    receive(day, **admission(**stay))
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)


def stands(case, code):
    return queries.form_state(case).items[code]


@pytest.fixture
def ticked(case, cast):
    """The onset was nowhere in the records, and the filler said so."""
    arrive(case, 1)
    actions.mark_unknown(case=case, item=ONSET, by=cast.filler)
    return case


@pytest.fixture
def found(ticked):
    """The records prove the onset after all."""
    arrive(ticked, 2, onset_time=BEGAN)
    return ticked


def test_what_the_records_prove_later_is_a_difference_with_the_box(found, cast):
    box = stands(found, BOX)
    assert (box.state, box.instead, box.needs_look) == ("unknown", {ONSET: BEGAN}, True)
    (difference,) = queries.differences(found)
    assert (difference.item, difference.pk) == (BOX, box.difference)
    assert queries.form_state(found).counter.differences == 1
    assert Answers.objects.get(case=found).differences == 1
    with pytest.raises(actions.CannotHandIn, match=r"1 differences not decided|1 处差异"):
        actions.hand_in(case=found, by=cast.filler)


def test_taken_it_becomes_the_answer_of_the_item_with_its_proof(found, cast):
    (difference,) = queries.differences(found)
    saved = actions.take(difference=difference, reason="护理记录补录", by=cast.filler)
    box, onset = saved.state.items[BOX], saved.state.items[ONSET]
    assert (box.value, box.state, saved.state.counter.differences) == (None, "unanswered", 0)
    assert (onset.value, onset.state, onset.origin, onset.shown) == (BEGAN, "confirmed", "record", True)
    assert queries.proof(found, ONSET).basis.evidence[0].table == "encounter"
    arrive(found, 3, onset_time=EARLIER)
    assert (stands(found, ONSET).value, stands(found, ONSET).proposed) == (BEGAN, EARLIER)


def test_kept_with_a_reason_it_is_not_asked_again_for_the_same_proof(found, cast):
    (difference,) = queries.differences(found)
    actions.keep(difference=difference, reason="家属所述前后不一", by=cast.filler)
    arrive(found, 3, onset_time=BEGAN, weight_kg="70")
    assert (stands(found, BOX).state, stands(found, BOX).difference) == ("unknown", None)
    arrive(found, 4, onset_time=EARLIER)
    assert stands(found, BOX).instead == {ONSET: EARLIER}


def test_who_ticks_the_box_against_a_proposal_has_decided_against_it(case, cast):
    arrive(case, 1, onset_time=BEGAN)
    assert stands(case, ONSET).state == "proposed"
    actions.mark_unknown(case=case, item=ONSET, by=cast.filler)
    arrive(case, 2, onset_time=BEGAN, weight_kg="70")
    assert stands(case, BOX).difference is None
    arrive(case, 3, onset_time=EARLIER)
    assert stands(case, BOX).instead == {ONSET: EARLIER}


def test_it_follows_the_records_and_is_gone_with_them(found):
    arrive(found, 3, onset_time=EARLIER)
    assert Difference.objects.get().sealed["instead"] == {ONSET: EARLIER}
    arrive(found, 4)
    assert (stands(found, BOX).state, stands(found, BOX).difference) == ("unknown", None)
    assert Difference.objects.get().state == "gone"


def test_to_take_the_tick_away_settles_it(found, cast):
    actions.clear(case=found, item=BOX, by=cast.filler)
    assert Difference.objects.get().state == "taken"
    assert (stands(found, ONSET).value, stands(found, ONSET).state) == (BEGAN, "proposed")


def test_undone_it_is_open_again(found, cast):
    (difference,) = queries.differences(found)
    actions.keep(difference=difference, reason="核对", by=cast.filler)
    (line, *_rest) = [line for line in queries.history(found, BOX) if line.can_undo]
    actions.undo(change=found.changes.get(pk=line.id), by=cast.filler)
    assert stands(found, BOX).instead == {ONSET: BEGAN}


def test_it_is_raised_after_handing_in_as_well(ticked):
    type(ticked).objects.filter(pk=ticked.pk).update(state="department_review")
    arrive(ticked, 2, onset_time=BEGAN)
    assert stands(ticked, BOX).instead == {ONSET: BEGAN}


def test_the_card_of_the_box_shows_the_row_that_proves_it(found):
    ((item, proof),) = queries.proof(found, BOX).beside
    assert (item.code, proof.value) == (ONSET, BEGAN)
    assert proof.evidence[0].source_id == found.sealed["encounter_id"]

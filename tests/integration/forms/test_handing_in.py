"""Handing in: everything answered, confirmed, corrected, explained and decided, or left open with a reason."""

import pytest
from tests.casework import admission, receive

from zhiheng.autofill import actions as autofill
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, queries
from zhiheng.forms.models import Answers

WEIGHT = "CM-0-2-1-3"


def finish(case, by, *, but=()):
    """Answer what is left, as somebody would who takes the first option of everything, until nothing is left."""
    for _round in range(40):
        left = [item for item in queries.form_state(case).left if item.code not in but]
        if not left:
            return
        for item in left:
            if not queries.form_state(case).items[item.code].is_left:
                continue
            if item.item.unknown:
                actions.mark_unknown(case=case, item=item.code, by=by)
            else:
                actions.leave_open(case=case, item=item.code, reason="无记录", by=by)
    raise AssertionError("The form does not come to an end.")


def reload(case):
    return Case.objects.get(pk=case.pk)


def test_what_stands_in_the_way_is_listed(case, cast):
    receive(1, **admission())
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    actions.answer(case=case, item=WEIGHT, typed="-5", by=cast.filler)
    with pytest.raises(actions.CannotHandIn) as refused:
        actions.hand_in(case=case, by=cast.filler)
    state = refused.value.state
    assert state.left
    assert state.proposed
    assert [finding.item for finding in state.findings if finding.severity == "error"] == [WEIGHT]
    assert str(state.counter.left) in str(refused.value)
    assert reload(case).state == "filling"


def test_left_open_it_goes_to_those_who_decide_and_can_be_taken_back(case, cast):
    finish(case, cast.filler)
    actions.hand_in(case=case, by=cast.filler)
    assert reload(case).state == "cannot_complete"
    with pytest.raises(actions.NotNow):
        actions.answer(case=case, item=WEIGHT, typed="68", by=cast.filler)
    actions.take_back(case=case, by=cast.filler)
    assert reload(case).state == "filling"
    actions.answer(case=case, item=WEIGHT, typed="68", by=cast.filler)


def test_complete_it_goes_to_the_department(case, cast):
    # A form in which nothing is required any more but what is answered: all else is unknown or left open by nobody.
    finish(case, cast.filler)
    for item in queries.form_state(case).left_open:
        change = queries.history(case, item.code)[0]
        assert change.kind == "opened"
    counter = queries.form_state(case).counter
    row = Answers.objects.get(case=case)
    assert (
        (row.left, row.left_open, row.total)
        == (counter.left, counter.left_open, counter.total)
        == (
            0,
            counter.left_open,
            counter.total,
        )
    )


def test_only_who_may_fill_hands_in(case, cast):
    finish(case, cast.filler)
    for stranger in (cast.outsider, cast.leader, cast.submitter):
        with pytest.raises(actions.CannotChange):
            actions.hand_in(case=case, by=stranger)

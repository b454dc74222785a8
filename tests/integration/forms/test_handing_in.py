"""Handing in: everything answered, confirmed, corrected, explained and decided, or left open with a reason."""

import pytest
from tests.casework import admission, open_case, receive

from zhiheng.autofill import actions as autofill
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, queries

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


SENSIBLE = {
    "CM-0-2-1-1": "1958-07-16",
    "CM-0-2-1-5": "170",
    "CM-0-2-3-2": "2026-03-02 13:40",
    "CM-0-2-4-1": "2026-03-02 14:05",
    "CM-0-2-4-2": "2026-03-09 10:00",
    "CM-6-1": "10000",
    "CM-6-13": "100",
}
BY_TYPE = {"number": "10", "text": "无", "date": "2026-03-02", "datetime": "2026-03-02 15:00"}


def test_complete_it_goes_to_the_department(cast):
    case = open_case(cast, "HBV")
    while left := queries.form_state(case).left:
        item = left[0].item
        last = item.options[-1].value if item.options else "某地"
        typed = SENSIBLE.get(item.code) or BY_TYPE.get(item.type, last)
        actions.answer(case=case, item=item.code, typed=typed, by=cast.filler)
    counter = queries.form_state(case).counter
    assert (counter.errors, counter.advisories, counter.left_open) == (0, 0, 0)
    actions.hand_in(case=case, by=cast.filler)
    assert reload(case).state == "department_review"
    with pytest.raises(actions.NotNow):
        actions.hand_in(case=case, by=cast.filler)
    actions.take_back(case=case, by=cast.filler)
    assert reload(case).state == "filling"


def test_an_error_or_an_open_difference_keeps_a_case(case, cast):
    finish(case, cast.filler, but={WEIGHT})
    actions.answer(case=case, item=WEIGHT, typed="-5", by=cast.filler)
    with pytest.raises(actions.CannotHandIn):
        actions.hand_in(case=case, by=cast.filler)
    actions.answer(case=case, item=WEIGHT, typed="70", by=cast.filler)
    receive(1, **admission())
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    with pytest.raises(actions.CannotHandIn) as refused:
        actions.hand_in(case=case, by=cast.filler)
    assert WEIGHT in [item.code for item in refused.value.state.differing]


def test_only_who_may_fill_hands_in(case, cast):
    finish(case, cast.filler)
    for stranger in (cast.outsider, cast.leader, cast.submitter):
        with pytest.raises(actions.CannotChange):
            actions.hand_in(case=case, by=stranger)


def test_a_form_that_nobody_has_begun_is_refused_with_its_list(case, cast):
    with pytest.raises(actions.CannotHandIn) as refused:
        actions.hand_in(case=case, by=cast.filler)
    assert len(refused.value.state.left) == refused.value.state.counter.total

"""A case that takes another version of its form keeps what both forms ask alike, and the rest in the history."""

from tests.casework import pack_version

from zhiheng.forms import actions, queries
from zhiheng.forms.carrying import left_behind
from zhiheng.forms.models import AnswerChange, Answers

WEIGHT, DIAGNOSIS, KILLIP = "CM-0-2-1-3", "CM-0-1-3-1", "STEMI-1-1-6"


def test_answers_go_along_where_both_forms_ask_alike(case, cast):
    for item, typed in ((WEIGHT, "68"), (DIAGNOSIS, "a"), (KILLIP, "y")):
        actions.answer(case=case, item=item, typed=typed, by=cast.filler)
    case.pack_version = pack_version("HF")
    case.save()
    before = queries.form_state(case)
    assert before.items[WEIGHT].value == 68  # to look is no change
    saved = actions.answer(case=case, item="CM-0-2-1-5", typed="170", by=cast.filler)
    items = saved.state.items
    assert (items[WEIGHT].value, items[WEIGHT].by) == (68, "职工filler")
    assert items[DIAGNOSIS].value is None  # its options mean other diseases here
    assert KILLIP not in items
    ((code, left),) = left_behind(Answers.objects.get(case=case).document)
    assert (code, left["label"], left["text"]) == (KILLIP, "是否实施首次采用Killip分级法评估心功能", "是")
    moved = AnswerChange.objects.filter(case=case, kind="moved")
    assert {change.item: change.sealed["before"]["value"] for change in moved} == {DIAGNOSIS: "a", KILLIP: "y"}
    assert queries.form_state(case) == saved.state

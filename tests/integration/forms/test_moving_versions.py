"""Open cases move to a newer version of their pack, after a look at each answer; no answer is lost."""

import pytest
from django.urls import reverse
from tests.casework import admission, open_case, receive
from tests.packing import stemi, taken_in
from tests.working import work_off

from zhiheng.audit.models import Entry
from zhiheng.autofill import actions as autofill
from zhiheng.casefinding.models import CaseEvent, State
from zhiheng.forms import actions, moving, queries
from zhiheng.forms.editing import CannotChange, NotNow
from zhiheng.forms.models import AnswerChange

WEIGHT, DIAGNOSIS, KILLIP = "CM-0-2-1-3", "CM-0-1-3-1", "STEMI-1-1-6"
OLD, NEW, OPEN = "STEMI-1-1-97", "STEMI-1-1-98", "STEMI-1-1-99"
PLACE = "  - item: STEMI-1-1-6\n"


def item(code, label, kind="text"):
    return ("form.yaml", PLACE, f"  - item: {code}\n    label: {label}\n    type: {kind}\n{PLACE}")


LIGHT = "- check: light\n  expect: cm_0_2_1_3 < 60\n  severity: error\n  message: 体重过大。\n"
FORMER = (item(OLD, "旧条目"),)
# An option is gone, a check is new, and so are two items, of which the records prove one.
LATTER = (
    item(NEW, "入院身高", "number"),
    item(OPEN, "新条目"),
    ("form.yaml", "        d: I21.3未特指部位的急性透壁性心肌梗死\n", ""),
    ("checks.yaml", "checks:\n", f"checks:\n{LIGHT}"),
    ("fill.yaml", "fills:\n", f"fills:\n- {{item: {NEW}, from: encounter, value: height_cm}}\n"),
)


def version(cast, number, *changes):
    files = stemi(*changes, version=number)
    return taken_in(files, by=cast.maintenance_engineer, approved_by=cast.quality_officer)


@pytest.fixture
def former(cast):
    return version(cast, "2026.01", *FORMER)


@pytest.fixture
def filled(cast, former):
    """A case that was begun in the former version."""
    case = open_case(cast, pack_version=former)
    receive(1, **admission())
    for code, typed in ((WEIGHT, "68"), (DIAGNOSIS, "d"), (KILLIP, "y"), (OLD, "旧的说明")):
        actions.answer(case=case, item=code, typed=typed, by=cast.filler)
    return case


@pytest.fixture
def latter(cast, filled):
    return version(cast, "2026.06", *LATTER)


def fates(preview):
    return {fate: [line.code for line in lines] for fate, lines in preview.by_fate.items()}


def take_proposals(case):
    if autofill.fill_case(case.pk):
        actions.take_proposals(case=case)


def test_a_preview_says_of_each_item_what_becomes_of_it(filled, latter):
    found = moving.preview(filled)
    assert (found.version, found.only_adds) == (latter, False)
    assert fates(found) == {
        "anew": [DIAGNOSIS],
        "broken": [WEIGHT],
        "left": [OLD],
        "new": [NEW, OPEN],
        "kept": [KILLIP],
    }
    (diagnosis,), (weight,) = found.by_fate["anew"], found.by_fate["broken"]
    assert diagnosis.before == "I21.3未特指部位的急性透壁性心肌梗死"
    assert (weight.before, weight.why) == ("68", "体重过大。")
    assert [line.after for line in found.by_fate["new"]] == ["171", ""]
    filled.refresh_from_db()
    assert filled.pack_version != latter  # to look is no change
    assert not AnswerChange.objects.filter(case=filled, kind="moved").exists()


def test_a_move_keeps_every_answer_and_takes_new_proposals(cast, filled, latter):
    moving.move_to_version(case=filled, version=latter, by=cast.quality_officer, revision=4)
    take_proposals(filled)
    form = queries.form_state(filled)
    assert filled.pack_version == latter
    assert (form.items[WEIGHT].value, form.items[WEIGHT].by) == (68, "职工filler")
    assert form.items[WEIGHT].severity == "error"
    assert form.items[KILLIP].value == "y"
    assert (form.items[DIAGNOSIS].value, form.items[DIAGNOSIS].state) == (None, "unanswered")
    assert (form.items[NEW].value, form.items[NEW].state) == (171, "proposed")
    assert form.items[OPEN].state == "unanswered"
    moved = AnswerChange.objects.filter(case=filled, kind="moved")
    said = {each.item: (each.sealed["before"]["value"], each.sealed["reason"], each.by) for each in moved}
    assert said == {
        DIAGNOSIS: ("d", "I21.3未特指部位的急性透壁性心肌梗死", cast.quality_officer),
        OLD: ("旧的说明", "旧的说明", cast.quality_officer),
    }
    assert [line.kind for line in queries.history(filled, DIAGNOSIS)] == ["moved", "typed"]
    event = filled.events.get(kind=CaseEvent.Kind.VERSION)
    assert (event.by, event.reason) == (cast.quality_officer, "2026.01 → 2026.06")
    assert Entry.objects.filter(event="forms.moved", by=cast.quality_officer, on_code=filled.code).exists()


def test_what_the_new_form_does_not_ask_is_shown_and_comes_back_with_a_form_that_does(client, cast, filled, latter):
    moving.move_to_version(case=filled, version=latter, by=cast.quality_officer)
    client.force_login(cast.filler)
    page = client.get(reverse("desk:case", args=[filled.code])).content.decode()
    assert "本版表单不再有以下条目" in page
    assert "旧的说明" in page
    again = version(cast, "2026.07", *FORMER, ("checks.yaml", "<= 1440", "<= 2880"))
    assert fates(moving.preview(filled))["back"] == [OLD]
    moving.move_to_version(case=filled, version=again, by=cast.quality_officer)
    form = queries.form_state(filled)
    assert (form.items[OLD].value, form.items[OLD].state) == ("旧的说明", "confirmed")


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.TO_FILL, State.FILLING, State.RETURNED)]
)
def test_what_is_reviewed_approved_or_submitted_is_never_moved(client, cast, filled, latter, state):
    decision = {"undecided": "undecided", "not_required": "out"}.get(state, "in")
    type(filled).objects.filter(pk=filled.pk).update(state=state, decision=decision)
    before = queries.form_state(filled)
    with pytest.raises(NotNow):
        moving.move_to_version(case=filled, version=latter, by=cast.quality_officer)
    assert not moving.movable(latter, cast.quality_officer).exists()
    client.force_login(cast.quality_officer)
    assert client.post(reverse("forms:move", args=[filled.code])).status_code == 409
    filled.refresh_from_db()
    assert filled.pack_version != latter
    assert queries.form_state(filled) == before


def test_a_case_takes_only_the_version_in_force_for_its_discharge(cast, filled, former, latter):
    moving.move_to_version(case=filled, version=latter, by=cast.quality_officer)
    for other in (former, latter):
        with pytest.raises(CannotChange):
            moving.move_to_version(case=filled, version=other, by=cast.quality_officer)
    assert moving.preview(filled) is None


def test_an_answer_given_since_the_preview_is_looked_at_first(cast, filled, latter):
    seen = moving.preview(filled).revision
    actions.answer(case=filled, item=WEIGHT, typed="59", by=cast.filler)
    with pytest.raises(CannotChange):
        moving.move_to_version(case=filled, version=latter, by=cast.quality_officer, revision=seen)
    filled.refresh_from_db()
    assert filled.pack_version != latter
    assert "broken" not in fates(moving.preview(filled))


@pytest.mark.parametrize("who", ["filler", "department_reviewer", "submitter"])
def test_only_a_quality_officer_moves_cases(client, cast, filled, latter, who):
    person = getattr(cast, who)
    with pytest.raises(CannotChange):
        moving.move_to_version(case=filled, version=latter, by=person)
    client.force_login(person)
    assert client.get(reverse("forms:move", args=[filled.code])).status_code == 404
    assert client.get(reverse("forms:open_cases", args=[latter.pk])).status_code == 404
    assert client.post(reverse("forms:move_all", args=[latter.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_all_that_only_gain_items_are_moved_by_a_job_and_the_others_are_left(client, cast, filled):
    simple = open_case(cast, pack_version=filled.pack_version, visit="ZY0002", patient="P0002")
    actions.answer(case=simple, item=KILLIP, typed="y", by=cast.filler)
    later = version(cast, "2026.06", *LATTER)
    client.force_login(cast.quality_officer)
    page = client.get(reverse("forms:open_cases", args=[later.pk])).content.decode()
    assert page.count("只有增加") == 1
    assert page.count("须查看") == 1
    assert client.post(reverse("forms:move_all", args=[later.pk])).status_code == 302
    work_off(queues=["records"])
    for case in (simple, filled):
        case.refresh_from_db()
    assert simple.pack_version == later
    assert filled.pack_version != later
    assert list(moving.movable(later, cast.quality_officer)) == [filled]


def test_the_page_of_a_version_tells_how_many_open_cases_it_is_in_force_for(client, cast, filled, latter):
    client.force_login(cast.quality_officer)
    address = reverse("forms:open_cases", args=[latter.pk])
    assert address in client.get(reverse("packversions:version", args=[latter.pk])).content.decode()
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "1 例未完成的病例" in part
    assert "<html" not in part


def test_counters_follow_the_new_form_also_where_no_answer_changes(cast, former):
    case = open_case(cast, pack_version=former)
    actions.answer(case=case, item=KILLIP, typed="y", by=cast.filler)
    asked = case.answers.total
    required = item(NEW, "入院身高", "number")
    required = (*required[:2], required[2].replace("type: number\n", "type: number\n    required: true\n"))
    moving.move_to_version(case=case, version=version(cast, "2026.06", required), by=cast.quality_officer)
    case.answers.refresh_from_db()
    assert case.answers.total == asked + 1

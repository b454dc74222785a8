"""Several cases of a list at once: each is treated as if it were alone, and says how it went."""

from datetime import datetime

import pytest
from django.urls import reverse
from tests.integration.casefinding.conftest import INFARCTION, OLD_INFARCTION, visit

from zhiheng.audit.models import Entry
from zhiheng.casefinding import actions
from zhiheng.casefinding.models import Case, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(arrive, hospital):
    """Two undecided cases of STEMI, and two to be filled in."""
    many = hospital()
    for number, codes in enumerate(((INFARCTION, OLD_INFARCTION),) * 2 + ((INFARCTION,),) * 2, 1):
        visit(many, f"E{number}", f"P{number}", codes, admitted=datetime(2025, 4, number, 9))
    arrive(many)
    found = {case.sealed["encounter_id"]: case for case in Case.objects.exclude(decision="out")}
    return [found[f"E{number}"] for number in range(1, 5)]


@pytest.fixture
def send(client, cast):
    """Send what the bar of a list sends: `send("assign", cases, staff=...)`."""

    def post(act, cases, by="quality_officer", **said):
        client.force_login(getattr(cast, by))
        rows = [case.pk for case in cases]
        return client.post(reverse("casefinding:several"), {"do": act, "row": rows, **said})

    return post


def states(cases):
    return [Case.objects.get(pk=case.pk).state for case in cases]


def content(response):
    return response.content.decode()


def test_the_bar_asks_once_for_what_all_of_them_need(send, ward):
    page = content(send("exclude", ward[2:], back="/?state=to_fill"))
    assert all(case.code in page for case in ward[2:])
    assert "参与临床药物与器械试验" in page  # a reason that the packs of all of them list
    assert 'href="/?state=to_fill"' in page
    assert states(ward) == [State.UNDECIDED, State.UNDECIDED, State.TO_FILL, State.TO_FILL]


def test_several_are_excluded_with_one_reason(send, ward):
    done = send("exclude", ward[2:], go="1", ground="other", remark="同一次住院重复上报")
    assert done.status_code == 200
    assert states(ward[2:]) == [State.NOT_REQUIRED] * 2
    for case in ward[2:]:
        event = case.events.last()
        assert (event.kind, event.reason, event.by.username) == ("excluded", "同一次住院重复上报", "quality_officer")
    assert set(Entry.objects.filter(event="casefinding.excluded").values_list("on_code", flat=True)) == {
        case.code for case in ward[2:]
    }


def test_what_cannot_be_done_is_left_as_it_is_and_says_why(send, ward):
    page = content(send("exclude", ward, go="1", ground="other", remark="核对"))
    assert states(ward) == [State.UNDECIDED, State.UNDECIDED, State.NOT_REQUIRED, State.NOT_REQUIRED]
    assert "待确认" in page
    assert all(case.code in page for case in ward)


def test_without_a_reason_nothing_is_done(send, ward):
    again = send("exclude", ward[2:], go="1", ground="other")
    assert again.status_code == 422
    assert states(ward[2:]) == [State.TO_FILL] * 2


def test_one_that_somebody_changed_in_the_meantime_does_not_stop_the_others(send, ward, cast, monkeypatch):
    real = actions.exclude

    def exclude(*, case, **said):
        if case.pk == ward[2].pk:
            actions.set_state(case=Case.objects.get(pk=case.pk), state=State.FILLING, by=cast.filler)
            raise actions.NotAllowed("她先到了一步")
        return real(case=case, **said)

    monkeypatch.setattr("zhiheng.casefinding.several.actions.exclude", exclude)
    page = content(send("exclude", ward[2:], go="1", ground="other", remark="核对"))
    assert "她先到了一步" in page
    assert states(ward[2:]) == [State.FILLING, State.NOT_REQUIRED]


def test_several_are_assigned_to_a_filler_and_taken_from_them(send, ward, cast):
    staff = cast.filler.staff
    assert staff.name in content(send("assign", ward[2:]))
    send("assign", ward[2:], go="1", staff=staff.pk)
    assert set(Case.objects.filter(assigned_to=staff)) == set(ward[2:])
    send("assign", ward[2:3], go="1", staff="")
    assert set(Case.objects.filter(assigned_to=staff)) == {ward[3]}
    assert Entry.objects.filter(event="casefinding.assigned").count() == 3


def test_the_same_question_is_answered_once_for_all_that_ask_it(send, ward):
    page = content(send("decide", ward[:2]))
    assert page.count("患者此前是否已确诊过急性心肌梗死") == 1
    send("decide", ward[:2], go="1", question_0="0", include="1")
    assert states(ward[:2]) == [State.TO_FILL] * 2
    assert [case.events.last().answers for case in ward[:2]] == [{"not_first": False}] * 2


def test_an_answer_that_excludes_excludes_them_all(send, ward):
    send("decide", ward[:2], go="1", question_0="1", include="0")
    assert states(ward[:2]) == [State.NOT_REQUIRED] * 2


def test_an_open_question_is_told_for_each_of_them(send, ward):
    page = content(send("decide", ward[:2], go="1", include="1"))
    assert page.count("患者此前是否已确诊过急性心肌梗死") == 2
    assert states(ward[:2]) == [State.UNDECIDED] * 2


def test_cases_of_other_departments_are_not_seen_and_not_touched(send, ward, cast):
    Case.objects.filter(pk=ward[2].pk).update(department=cast.neurology)
    page = content(send("exclude", ward[2:], by="department_reviewer", go="1", ground="other", remark="核对"))
    assert ward[2].code not in page
    assert "1" in page
    assert states(ward[2:]) == [State.TO_FILL, State.NOT_REQUIRED]


@pytest.mark.parametrize("rows", [[], ["x"], ["-1"], ["99999999999999999999"], ["0"]])
def test_nothing_ticked_leads_back_to_the_list(client, cast, rows):
    client.force_login(cast.quality_officer)
    sent = {"do": "assign", "row": rows, "back": "/?state=to_fill"}
    assert client.post(reverse("casefinding:several"), sent).url == "/?state=to_fill"


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "javascript:alert(1)", "/\\example.org"])
def test_the_way_back_never_leads_out_of_the_product(client, cast, back):
    client.force_login(cast.quality_officer)
    assert client.post(reverse("casefinding:several"), {"do": "assign", "back": back}).url == "/"


def test_ticks_are_there_for_those_who_decide_and_for_nobody_else(client, cast, ward):
    for person, ticks in (("quality_officer", True), ("department_reviewer", True), ("filler", False)):
        client.force_login(getattr(cast, person))
        page = content(client.get("/?all=1"))
        assert ("bulk-bar" in page, 'name="row"' in page) == (ticks, ticks), person

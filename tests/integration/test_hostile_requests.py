"""Requests that no page of ours makes: they end in an answer, never in an error of the server."""

import pytest
from django.urls import reverse
from tests.casework import open_case
from tests.cast import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def officer(client, cast):
    client.force_login(cast.quality_officer)
    return client


@pytest.mark.parametrize("path", ["/cases/%00/", "/cases/%00/decision/", "/cases/%00/form/", "/%00"])
def test_an_address_with_a_zero_byte_is_none(officer, path):
    assert officer.get(path).status_code == 404


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "99999999999999"])
@pytest.mark.parametrize(
    ("view", "field"),
    [
        ("desk:work_list", "discharged_until"),
        ("casefinding:ledger_visits", "ended_until"),
        ("ingestion:batches", "received_until"),
        ("ingestion:batches", "received_from"),
    ],
)
def test_a_day_beyond_all_calendars_is_told(officer, view, field, day):
    response = officer.get(reverse(view), {field: day})
    assert response.status_code == 200
    assert response.context["listing"].asked.problems


@pytest.mark.parametrize("field", ["save_view", "search"])
def test_a_zero_byte_typed_into_a_list_is_left_out(officer, field):
    posted = officer.post(reverse("desk:work_list"), {field: "a\0b"})
    assert posted.status_code == 302
    assert officer.get(posted.url).status_code == 200


@pytest.mark.parametrize(
    "wanted", ["-1", "x", "%s", "//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere"]
)
@pytest.mark.parametrize("view", ["web:theme", "web:language"])
def test_nobody_is_led_elsewhere(officer, view, wanted):
    assert officer.post(reverse(view), {"next": wanted}).url == "/"


@pytest.mark.parametrize("wanted", ["-1", "x", "//elsewhere.example/", "https://elsewhere.example/"])
def test_the_login_leads_nobody_elsewhere(officer, wanted):
    response = officer.get(reverse("accounts:login"), {"next": wanted})
    assert response.status_code == 302
    assert response.url.startswith("/")
    assert not response.url.startswith("//")


def test_a_user_name_that_is_taken_is_said_beside_its_field(client, cast):
    from zhiheng.accounts.models import Staff

    person = Staff.objects.create(code="S-9", name="新来的")
    client.force_login(cast.system_administrator)
    response = client.post(reverse("accounts:make_account", args=[person.pk]), {"username": "filler"})
    assert response.status_code == 422
    assert response.context["account"] is None


def test_a_form_whose_case_is_excluded_in_this_moment_says_so(client, cast, monkeypatch):
    from zhiheng.casefinding.models import Case
    from zhiheng.forms import queries
    from zhiheng.forms.editing import Edit

    case, finish = open_case(cast), Edit.finish
    item = next(each.code for each in queries.sheet_for(case).items if each.type == "text" and not each.is_derived)

    def excluded_meanwhile(edit, **named):
        Case.objects.filter(pk=case.pk).update(state="not_required", decision="out")
        return finish(edit, **named)

    monkeypatch.setattr(Edit, "finish", excluded_meanwhile)
    client.force_login(cast.filler)
    response = client.post(reverse("forms:answer", args=[case.code]), {"item": item, "value": "甲"})
    assert response.status_code == 422
    assert queries.form_state(case).items[item].value is None


@pytest.mark.parametrize("view", ["desk:case", "desk:course", "forms:hand_in"])
def test_every_page_of_a_case_leaves_an_entry_in_the_trail(client, cast, view):
    from zhiheng.audit.models import Entry

    case = open_case(cast)
    client.force_login(cast.filler)
    assert client.get(reverse(view, args=[case.code])).status_code == 200
    assert Entry.objects.filter(event="desk.case_opened", on_code=case.code, by=cast.filler).exists()


def test_a_reviewer_is_told_only_of_people_who_worked_in_the_own_departments(client, cast):
    from zhiheng.forms import actions, queries

    for case, by in (
        (open_case(cast), cast.filler),
        (open_case(cast, visit="Z2", department=cast.neurology), cast.outsider),
    ):
        item = next(each.code for each in queries.sheet_for(case).items if each.type == "text" and not each.is_derived)
        actions.answer(case=case, item=item, typed="甲", by=by)
    client.force_login(cast.department_reviewer)
    shown = client.get(reverse("forms:undo_period"))
    assert list(shown.context["form"].fields["who"].queryset) == [cast.filler]

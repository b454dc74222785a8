"""Whoever is shown a patient's data stands in the audit trail, whatever page, part of a page or file it was."""

import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone
from tests.addresses import World, addresses
from tests.cast import make_cast
from tests.planted import TEXT

from zhiheng.accounts.models import User
from zhiheng.accounts.roles import Role
from zhiheng.audit import recording
from zhiheng.audit.models import Entry
from zhiheng.casefinding.models import Case, CaseEvent, Visit
from zhiheng.forms import actions as forms
from zhiheng.ingestion.models import Batch
from zhiheng.vault.sealing import blind
from zhiheng.web.access import permission_required

pytestmark = pytest.mark.django_db
NAME = f"{TEXT}安"
PEOPLE = (*Role.values, "outsider", "nobody")  # who may not open a page at all is another test's matter
PHYSICIAN = "CM-0-1-1-1"  # an item of free text
HTMX = {"HX-Request": "true"}
ADDRESSES = [address for address in addresses() if not address.is_public]
# What shows the planted patient to somebody. A page that is missing here is looked at all the same.
SHOW = {
    "get": (
        "desk:work_list", "desk:case", "desk:course", "forms:print", "forms:export", "forms:card", "forms:undo_period",
        "casefinding:decision", "casefinding:visit", "casefinding:ledger_visits", "casefinding:ledger_cases",
        "ingestion:batch", "ingestion:reject", "ingestion:rejects",
    ),
    "post": (
        "desk:work_list", "forms:present", "forms:answer", "casefinding:search", "casefinding:exclude",
        "casefinding:ledger_visits", "ingestion:rejects", "ingestion:correct",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once; each request is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield plant(World(make_cast()))
        transaction.set_rollback(True)


def plant(world):
    """Let the patient be named wherever something of patients is kept."""
    said = {"name": NAME, "record_number": TEXT, "patient_id": TEXT, "encounter_id": TEXT}
    for row in (world.case, world.visit):
        row.sealed = {**row.sealed, **said}
        row.name_index = blind("name", NAME)
        row.save()
    Visit.objects.filter(pk=world.visit.pk).update(ended_on=timezone.localdate(), has_ended=True)
    world.case.events.create(kind=CaseEvent.Kind.STATE, to_state=world.case.state, sealed={"reason": f"{NAME}转院"})
    forms.answer(case=world.case, item=PHYSICIAN, typed=NAME, by=world.cast.filler)
    world.item = PHYSICIAN
    sealed = {**world.reject.sealed, "found": NAME, "file": f"{NAME}.csv", "reason": f"“{NAME}”不是数字"}
    world.reject.sealed = sealed
    world.reject.save()
    previewed = {"field": "sex", "effect": "value", "kind": "option", **sealed}
    world.batch.sealed = {
        "files": [{"name": f"{NAME}.csv", "size": 1, "stored": "x"}],
        "preview": {"tables": {}, "rejects": [previewed], "files": []},
    }
    world.batch.state = Batch.State.PREVIEWED
    world.batch.save()
    return world


@pytest.fixture(autouse=True)
def nothing_is_open(monkeypatch):
    """What people did while this hospital was made does not count as their having the case open."""
    monkeypatch.setattr(recording, "STILL_OPEN", timedelta(0))


def asked_of(world, address):
    """Return what is typed or chosen on a page before it shows anything."""
    now = timezone.localtime()
    period = {
        "who": world.cast.filler.pk,
        "start": f"{now - timedelta(hours=2):%Y-%m-%d %H:%M}",
        "end": f"{now + timedelta(hours=2):%Y-%m-%d %H:%M}",
    }
    listed = {"export": "1"}
    return {
        "forms:undo_period": (period, period),
        "forms:answer": ({}, {"item": PHYSICIAN, "do": "look"}),
        "forms:present": ({}, {"item": PHYSICIAN, "seen": "0"}),
        "casefinding:search": ({}, {"q": NAME}),
        "casefinding:exclude": ({}, {"exclude-ground": "", "exclude-remark": ""}),
        "ingestion:correct": ({}, {"value": NAME}),
        **dict.fromkeys(("desk:work_list", "casefinding:ledger_visits", "ingestion:rejects"), ({}, listed)),
    }.get(address.name, ({}, world.posted_to(address)))


def shows(response, mark=TEXT):
    if response.streaming:
        return False
    content = response.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    return mark in content.decode("utf-8", "replace")


def look(world, address, person, method, headers=None):
    """Ask as somebody; return whether the patient was shown, and what the trail says of it since."""
    get, post = asked_of(world, address)
    with transaction.atomic():
        user = User.objects.get(pk=getattr(world.cast, person).pk)
        client = Client()
        client.force_login(user)
        before = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        path = reverse(address.name, kwargs=world.values_for(address, user))
        response = getattr(client, method)(path, post if method == "post" else get, headers=headers)
        told = list(Entry.objects.filter(pk__gt=before, by=user))
        transaction.set_rollback(True)
    return shows(response), told


def ways():
    return [(method, headers) for method in ("get", "post") for headers in (None, HTMX)]


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
def test_who_is_shown_a_patient_is_in_the_trail(world, address):
    allowed = [person for person in PEOPLE if getattr(world.cast, person).may(address.permission)]
    for person in allowed:
        for method, headers in ways():
            shown, told = look(world, address, person, method, headers)
            assert told or not shown, f"{person} {method} {headers or ''}"
            assert not any(TEXT in str(entry.detail) for entry in told)


@pytest.mark.parametrize("method", SHOW)
def test_the_planted_patient_is_shown_there(world, method):
    by_name = {address.name: address for address in ADDRESSES}
    headers = HTMX if method == "post" else None
    missing = [name for name in SHOW[method] if not look(world, by_name[name], "quality_officer", method, headers)[0]]
    assert missing == []


@pytest.mark.parametrize("name", SHOW["get"])
def test_a_page_that_is_opened_says_so_once_and_in_its_own_words(world, name):
    address = next(address for address in ADDRESSES if address.name == name)
    _shown, told = look(world, address, "quality_officer", "get")
    assert len(told) == 1
    assert told[0].event != "audit.shown"


def test_an_undecided_case_that_leads_to_its_decision_says_so_once(world):
    address = next(address for address in ADDRESSES if address.name == "desk:case")
    with transaction.atomic():
        Case.objects.filter(pk=world.case.pk).update(state="undecided", decision="undecided")
        _shown, told = look(world, address, "quality_officer", "get")
        transaction.set_rollback(True)
    assert told == []  # the page that it leads to says it


def test_parts_of_an_opened_page_say_nothing_more(world, monkeypatch):
    monkeypatch.setattr(recording, "STILL_OPEN", timedelta(hours=1))
    with transaction.atomic():
        client = Client()
        client.force_login(User.objects.get(pk=world.cast.filler.pk))
        client.get(reverse("desk:case", args=[world.case.code]))
        opened = Entry.objects.count()
        for said in ({"item": PHYSICIAN, "seen": "0"},) * 2:
            part = client.post(reverse("forms:present", args=[world.case.code]), said, headers=HTMX)
            assert shows(part)
        assert Entry.objects.count() == opened
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("desk:work_list", "get"),
        ("desk:work_list", "post"),
        ("casefinding:search", "post"),
        ("ingestion:rejects", "get"),
    ],
)
def test_the_trail_says_whose_rows_a_list_or_a_search_has_shown(world, name, method):
    address = next(address for address in ADDRESSES if address.name == name)
    _shown, [entry] = look(world, address, "quality_officer", method)
    known = {"desk": world.case.code, "casefinding": world.visit.code, "ingestion": world.reject.code}
    assert known[name.split(":")[0]] in entry.detail["shown"]


def test_the_trail_is_filtered_by_whom_a_list_has_shown(world):
    officer, auditor = Client(), Client()
    officer.force_login(world.cast.quality_officer)
    auditor.force_login(world.cast.audit_administrator)
    officer.get("/")
    page = auditor.get(reverse("audit:list"), {"object": world.case.code})
    assert "web.listed" in [row.event for row in page.context["listing"].rows]


def test_a_list_without_patients_names_no_rows(world):
    address = next(address for address in ADDRESSES if address.name == "ingestion:batches")
    _shown, [entry] = look(world, address, "maintenance_engineer", "get")
    assert "shown" not in entry.detail


def test_what_was_typed_into_a_filter_is_no_name_in_the_trail(world):
    client = Client()
    client.force_login(world.cast.quality_officer)
    client.get(reverse("ingestion:rejects"), {"field": NAME})
    assert NAME not in str(Entry.objects.latest("pk").detail)


# What stands behind the views ----------------------------------------------------------------------------------------


@permission_required("accounts.own")
def forgetful(request, code):
    """A view that forgot to say what it shows."""
    return HttpResponse(Case.objects.get(code=code).sealed["name"])


@permission_required("accounts.own")
def harmless(request, code):
    return HttpResponse(Case.objects.defer("sealed").get(code=code).state)


urlpatterns = [
    path("forgetful/<str:code>/", forgetful, name="forgetful"),
    path("harmless/<str:code>/", harmless, name="harmless"),
    path("accounts/", include("zhiheng.accounts.urls")),
]


@pytest.mark.urls(__name__)
def test_what_a_view_shows_and_does_not_tell_is_told_for_it(world):
    client = Client()
    client.force_login(world.cast.filler)
    assert client.get(f"/forgetful/{world.case.code}/").content.decode() == NAME
    entry = Entry.objects.latest("pk")
    assert (entry.event, entry.by, entry.detail) == (
        "audit.shown",
        world.cast.filler,
        {"page": "forgetful", "code": world.case.code},
    )
    assert client.get(f"/harmless/{world.case.code}/").status_code == 200
    assert Entry.objects.latest("pk") == entry

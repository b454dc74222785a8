"""The work list and what belongs to it: filters, counters, export, undoing a period, and 100,000 cases."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook
from tests.browser import PHONE, allow, assert_accessible, screenshot
from tests.casework import open_case, pack_version
from tests.cast import make_cast

from zhiheng.casefinding.models import Case, State
from zhiheng.forms import actions, queries
from zhiheng.vault.sealing import blind

TODAY = timezone.localdate()


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def cases(cast):
    """A late one, one due tomorrow, one handed in, one of another department, one that is done."""

    def made(number, **more):
        return open_case(cast, visit=f"V{number}", patient=f"P{number}", code=f"STEMI-26-{number:06d}", **more)

    return [
        made(1, due_date=TODAY - timedelta(days=3), name_index=blind("name", "样例病人")),
        made(2, due_date=TODAY + timedelta(days=1), assigned_to=cast.filler.staff),
        made(3, due_date=TODAY + timedelta(days=9), state=State.DEPARTMENT_REVIEW, department=cast.coronary_unit),
        made(4, due_date=TODAY + timedelta(days=2), department=cast.neurology),
        made(5, due_date=TODAY - timedelta(days=30), state=State.DONE),
    ]


def codes(client, query=""):
    page = client.get(f"/{query}")
    return [line.row.code[-1] for line in page.context["listing"].lines]


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("filler", None),
        ("maintenance_engineer", "/ingestion/"),
        ("system_administrator", "/jobs/"),
        ("audit_administrator", "/audit/"),
        ("nobody", "/accounts/me/"),
    ],
)
def test_the_first_page_is_one_that_the_role_may_open(client, cast, role, first):
    client.force_login(getattr(cast, role))
    answer = client.get("/")
    assert answer.status_code == (302 if first else 200)
    assert first is None or answer.url == first


def test_what_is_due_first_stands_on_top_and_what_is_done_is_away(client, cast, cases):
    client.force_login(cast.filler)
    assert codes(client) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?state=department_review", ["3"]),
        ("?state=done", ["5"]),
        ("?finished=1", ["5", "1", "2", "3"]),
        ("?due=late", ["1"]),
        ("?due=3", ["2"]),
        ("?mine=1", ["2"]),
        ("?month=2026-03", ["1", "2", "3"]),
        ("?month=2026-02", []),
        ("?problems=1", []),
        ("?sort=-due", ["3", "2", "1"]),
    ],
)
def test_filters_stand_in_the_address(client, cast, cases, query, found):
    client.force_login(cast.filler)
    assert codes(client, query) == found


def test_one_sees_the_departments_of_ones_role_and_those_below(client, cast, cases):
    client.force_login(cast.filler)
    assert codes(client, f"?department={cast.coronary_unit.pk}") == ["3"]
    client.force_login(cast.outsider)
    assert codes(client) == ["4"]
    client.force_login(cast.quality_officer)
    assert codes(client) == ["1", "2", "4", "3"]
    client.force_login(cast.maintenance_engineer)
    elsewhere = client.get("/")  # whoever sees no patients is led to a first page of their own
    assert (elsewhere.status_code, elsewhere.url) == (302, "/ingestion/")


def test_counters_say_how_many_are_in_each_state(client, cast, cases):
    client.force_login(cast.filler)
    page = client.get("/")
    counted = {each["state"]: each["count"] for each in page.context["states"]}
    assert counted == {"to_fill": 2, "department_review": 1, "done": 1}
    assert page.context["late"] == 1


def test_a_name_is_searched_without_standing_in_the_address(client, cast, cases):
    client.force_login(cast.filler)
    answer = client.post("/", {"search": "样例病人"}, follow=True)
    assert [line.row.code[-1] for line in answer.context["listing"].lines] == ["1"]
    assert "%E6%A0%B7" not in answer.redirect_chain[-1][0]


def test_the_exported_sheet_has_the_same_rows_and_masks_for_whom_names_are_masked(client, cast, cases):
    for user, name in ((cast.filler, "样例病人"), (cast.leader, "样*")):
        client.force_login(user)
        book = client.post("/?mine=1" if user == cast.filler else "/", {"export": "1"})
        rows = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
        assert len(rows) == (2 if user == cast.filler else 5)
        assert name in rows[1]


def test_a_form_counts_in_the_list(client, cast, cases):
    actions.answer(case=cases[0], item="CM-0-2-1-3", typed="-4", by=cast.filler)
    client.force_login(cast.filler)
    assert codes(client, "?problems=1") == ["1"]
    total = queries.form_state(cases[0]).counter.left
    assert f'class="text-end number">{total}' in client.get("/").content.decode()


def test_what_somebody_did_within_a_period_is_taken_back(client, cast, cases):
    actions.answer(case=cases[0], item="CM-0-1-1-1", typed="写错了", by=cast.filler)
    actions.answer(case=cases[0], item="CM-0-1-1-2", typed="写错了", by=cast.filler)
    actions.answer(case=cases[0], item="CM-0-1-1-2", typed="已更正", by=cast.quality_officer)
    client.force_login(cast.filler)
    assert client.get("/undo/").status_code == 404
    client.force_login(cast.department_reviewer)
    now = timezone.localtime()
    period = {
        "who": cast.filler.pk,
        "start": f"{now - timedelta(minutes=5):%Y-%m-%d %H:%M}",
        "end": f"{now + timedelta(minutes=5):%Y-%m-%d %H:%M}",
    }
    preview = client.get("/undo/", period)
    assert (preview.context["count"], preview.context["skipped"]) == (1, 1)
    assert queries.form_state(cases[0]).items["CM-0-1-1-1"].value == "写错了"
    done = client.post("/undo/", period)
    assert done.context["is_done"]
    stands = queries.form_state(cases[0]).items
    assert (stands["CM-0-1-1-1"].value, stands["CM-0-1-1-2"].value) == (None, "已更正")


@pytest.mark.django_db(transaction=True)
def test_the_desk_is_for_everybody(browse, cast, cases):
    page = browse(cast.quality_officer)
    page.goto("/")
    expect(page.get_by_role("link", name="STEMI-26-000001")).to_be_visible()
    assert_accessible(page)
    screenshot(page, "desk")
    page.goto("/?state=refused")
    assert_accessible(page)
    screenshot(page, "desk-empty")
    page.goto("/undo/")
    assert_accessible(page)
    screenshot(page, "undo")
    phone = browse(cast.filler, size=PHONE)
    phone.goto("/")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert_accessible(phone)
    screenshot(phone, "desk-phone")
    outsider = browse(cast.outsider)
    allow(outsider, "404")
    outsider.goto("/")
    assert "STEMI-26-000001" not in outsider.content()


# 100,000 cases --------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(cast):
    """100,000 cases of three departments and many states, two years of them."""
    version = pack_version("STEMI")
    places = [cast.cardiology.pk, cast.coronary_unit.pk, cast.neurology.pk]
    open_case(cast, code="STEMI-26-999999")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO casefinding_case (code, pack_version_id, abbr, encounter_key, person_key, decision, state,
                is_manual, reasons, questions, standing, quarters, finding, basis, is_contradicted, department_id,
                department_name, encounter_class, discharge_time, due_date, opened_at, changed_at, records_digest,
                sealed, name_index, record_index, patient_index)
            SELECT 'STEMI-26-' || lpad(n::text, 6, '0'), %s, 'STEMI', md5(n::text), md5(n::text), 'in',
                (ARRAY['to_fill', 'filling', 'department_review', 'done', 'submitted'])[1 + n %% 5],
                false, '[]', '[]', '[]', '[]', '{}', '{}', false, (%s::bigint[])[1 + n %% 3],
                '', 'inpatient', timestamp '2025-01-01' + n * interval '10 minutes', date '2025-01-11' + n / 144,
                now(), now(), '', (SELECT sealed FROM casefinding_case LIMIT 1), '', '', ''
            FROM generate_series(1, 100000) AS n
            """,
            [version.pk, places],
        )
        cursor.execute("ANALYZE casefinding_case")
    return Case.objects.count()


def test_a_list_of_100000_cases_asks_the_database_little(client, cast, many, django_assert_max_num_queries):
    client.force_login(cast.quality_officer)
    client.get("/")
    for query in ("", "?state=to_fill", "?due=late&disease=STEMI", "?month=2025-11", "?sort=-discharged"):
        with django_assert_max_num_queries(18):
            listing = client.get(f"/{query}").context["listing"]
        assert 0 < len(listing.rows) <= 50 < listing.count, query


def test_a_list_on_paper_stays_a_table(browse, cast, cases):
    page = browse(cast.filler, size=(703, 1000))  # as wide as what A4 leaves between its margins
    page.goto("/")
    cell = page.locator("tbody td").first
    expect(cell).to_have_css("display", "block")
    page.emulate_media(media="print")
    expect(cell).to_have_css("display", "table-cell")

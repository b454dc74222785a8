"""A list in the database: it filters, sorts, pages, remembers and exports, and shows nobody what was searched for."""

import tempfile
import tracemalloc
from datetime import date
from io import BytesIO
from itertools import repeat
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.utils import translation
from python_calamine import CalamineWorkbook
from tests.cast import make_account

from zhiheng.accounts.models import Department, Organisation, Staff
from zhiheng.vault import private
from zhiheng.web.listing import Boolean, Choice, Column, DateRange, Empty, Listing, Search, Text, Tree, export, used
from zhiheng.web.models import SavedView

pytestmark = pytest.mark.django_db


class People(Listing):
    name = "colleagues"
    title = "Colleagues"
    columns = (
        Column("code", "Code", sort="code", always=True, link=lambda staff: f"/staff/{staff.code}/"),
        Column("name", "Name", sort="name"),
        Column("department", "Department", value="department.name", sort="department__name"),
        Column("left", "Left on", value="left_on", sort="left_on", default=False),
        Column("secret", "Secret", value=lambda staff: "hidden", permission="no.such"),
    )
    filters = (
        Choice("department", "Department", field="department__code", choices=[("A", "Cardiology"), ("B", "Neurology")]),
        Tree("place", "Place", field="department__code", options=lambda request: [("A", "A", 0)], within=lambda v: [v]),
        DateRange("left", "Left", field="left_on", is_date=True),
        Boolean("gone", "Gone", condition=Q(left_on__isnull=False), more=True),
        Text("code", "Code", more=True),
    )
    search = Search("Name", find=lambda rows, text: rows.filter(name=text))
    order = "code"
    size = 3
    sizes = (3, 5)
    empty = Empty("Nobody works here yet", "Import the staff file.")


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def me():
    return make_account("me")


@pytest.fixture
def staff(me):
    organisation = Organisation.objects.create(code="O", name="O")
    cardiology = Department.objects.create(organisation=organisation, code="A", name="Department A")
    neurology = Department.objects.create(organisation=organisation, code="B", name="Department B")
    left = {3: date(2026, 1, 1), 5: date(2026, 2, 1)}
    Staff.objects.filter(account=me).update(code="0")
    for number in range(1, 8):
        place = cardiology if number % 2 else neurology
        Staff.objects.create(code=str(number), name=f"张{number}", department=place, left_on=left.get(number))
    return Staff.objects.exclude(code="0").select_related("department")


def ask(staff, me, query="all=1", posted=None, listing=People):
    method = RequestFactory().get if posted is None else RequestFactory().post
    request = method(f"/staff/?{query}" if query else "/staff/", data=posted)
    request.user = me
    request.htmx = False
    request._messages = CookieStorage(request)
    return listing(request, staff)


def codes(listing):
    return [row.code for row in listing.rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("all=1", ["1", "2", "3"]),
        ("page=3", ["7"]),
        ("sort=-code", ["7", "6", "5"]),
        ("department=B&size=5", ["2", "4", "6"]),
        ("department=A&department=B&size=5", ["1", "2", "3", "4", "5"]),
        ("place=A&page=2", ["7"]),
        ("left_from=2026-01-02", ["5"]),
        ("left_until=2026-01-01", ["3"]),
        ("gone=1", ["3", "5"]),
        ("code=4", ["4"]),
        ("sort=left", ["3", "5", "1"]),  # who has not left comes last ...
        ("sort=-left", ["5", "3", "7"]),  # ... either way
        ("sort=department&page=2", ["7", "2", "4"]),
    ],
)
def test_the_address_decides_which_rows_are_shown(staff, me, query, found):
    assert codes(ask(staff, me, query)) == found


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "sort=zz", "sort=secret", "size=9999", "columns=zz", "page=１２"]
)
def test_what_an_address_cannot_mean_is_left_out(staff, me, query):
    listing = ask(staff, me, query)
    assert codes(listing) == ["1", "2", "3"]
    assert listing.address() == "/staff/?all=1"


def test_a_value_that_is_no_choice_is_told(staff, me):
    listing = ask(staff, me, "department=Z&gone=1")
    assert codes(listing) == ["3", "5"]
    assert listing.asked.problems == ("Department: Z is not among its choices.",)


def test_the_address_is_the_shortest_that_says_the_same(staff, me):
    said = "all=1&department=B&place=&left_from=&left_until=2026-01-31&gone=&sort=code&size=3&page=1"
    address = ask(staff, me, f"{said}&columns=name&columns=code").address()
    assert address == "/staff/?department=B&left_until=2026-01-31&columns=code,name"


def test_each_filter_in_use_can_be_taken_away(staff, me):
    listing = ask(staff, me, "department=B&gone=1&page=2&sort=-code")
    assert [(chip.label, chip.text, chip.address) for chip in listing.chips] == [
        ("Department", "Neurology", "/staff/?gone=1&sort=-code"),
        ("Gone", "Yes", "/staff/?department=B&sort=-code"),
    ]
    assert listing.unfiltered_address == "/staff/?sort=-code"


def test_a_head_sorts_and_turns_round(staff, me):
    heads = {head.column.name: head for head in ask(staff, me, "sort=-name").heads}
    assert (heads["name"].direction, heads["name"].address) == ("descending", "/staff/?sort=name")
    assert (heads["code"].direction, heads["code"].address) == ("", "/staff/?all=1")


def test_a_column_that_a_person_may_not_see_is_not_there(staff, me):
    listing = ask(staff, me, "columns=code,secret,left")
    assert [column.name for column in listing.shown_columns] == ["code", "left"]
    assert "secret" not in [choice.column.name for choice in listing.column_choices]


def test_rows_are_counted_to_the_limit_and_no_further(staff, me):
    listing = ask(staff, me)
    assert (listing.count, listing.count_text, listing.last_page) == (7, "7", 3)
    few = ask(staff, me, listing=type("Few", (People,), {"count_limit": 5}))
    assert (few.count, few.count_text, few.last_page, few.has_next) == (6, "more than 5", None, True)


def test_the_last_page_knows_the_count_without_counting(staff, me, django_assert_num_queries):
    listing = ask(staff, me, "page=3")
    assert listing.all_columns  # asks what this person may see
    with django_assert_num_queries(1):  # the keys
        assert listing.count == 7


def test_a_page_takes_three_queries_however_long_the_list_is(staff, me, django_assert_num_queries):
    listing = ask(staff, me, "department=A")
    assert listing.all_columns  # asks what this person may see
    with django_assert_num_queries(3):  # keys, rows with what they refer to, count
        assert len(listing.lines) == 3
        assert [line.cells[2].value for line in listing.lines] == ["Department A"] * 3
        assert listing.count == 4


def test_cells_are_values_and_links(staff, me):
    first = ask(staff, me).lines[0].cells
    assert [(cell.value, cell.link) for cell in first] == [("1", "/staff/1/"), ("张1", ""), ("Department A", "")]


def test_a_search_is_posted_and_found_again_but_not_readable_in_the_address(staff, me):
    response = ask(staff, me, "department=A&page=2", {"search": " 张3 "}).respond()
    asked = parse_qs(urlsplit(response.url).query)
    assert response.status_code == 302
    assert asked["department"] == ["A"]
    assert "page" not in asked
    found = ask(staff, me, urlsplit(response.url).query)
    assert codes(found) == ["3"]
    assert "张" not in found.address()
    assert found.query == "department=A"  # what is logged and saved


def test_a_search_of_somebody_else_shows_nothing_and_says_why(staff, me):
    query = urlsplit(ask(staff, me, "all=1", {"search": "张3"}).respond().url).query
    listing = ask(staff, make_account("other"), query)
    assert codes(listing) == []
    assert "The search has lapsed" in listing.respond().content.decode()


def test_an_empty_search_shows_everything_again(staff, me):
    query = urlsplit(ask(staff, me, "all=1", {"search": "张3"}).respond().url).query
    assert ask(staff, me, query, {"search": "  "}).respond().url == "/staff/?all=1"


def test_an_empty_list_says_what_to_do(staff, me):
    assert "Import the staff file." in ask(Staff.objects.none(), me).respond().content.decode()
    page = ask(staff, me, "code=zzz").respond().content.decode()
    assert "Nothing fits these filters" in page
    assert "Import the staff file." not in page


def test_a_page_beyond_the_last_leads_to_the_first(staff, me):
    assert ask(staff, me, "page=99&department=A").respond().url == "/staff/?department=A"


def by_name(name):
    return next(view for view in SavedView.objects.all() if view.name == name)


def save(staff, me, query, name, listing=People):
    return ask(staff, me, query, {"save_view": name}, listing).respond()


def test_a_view_keeps_filters_and_columns_under_a_name_but_no_search(staff, me):
    query = urlsplit(ask(staff, me, "gone=1&columns=name&page=2", {"search": "张3"}).respond().url).query
    save(staff, me, query, "  Gone  people ")
    view = SavedView.objects.get()
    assert (view.name, view.query, view.user, view.listing) == ("Gone people", "gone=1&columns=name", me, "colleagues")
    assert ask(staff, me, "columns=name&gone=1").current_view.name == "Gone people"


def test_the_name_of_a_view_stands_sealed_and_in_no_cookie(staff, me):
    listing = ask(staff, me, "code=梨筏", {"save_view": "梨筏骡笙"})
    said = [str(message) for message in get_messages(listing.request)] if listing.respond() else []
    with connection.cursor() as cursor:
        cursor.execute("select v::text from web_savedview v")
        [[row]] = cursor.fetchall()
    for mark in ("梨筏", quote("梨筏")):
        assert mark not in row
        assert mark not in "".join(said)


def test_saving_under_the_same_name_replaces(staff, me):
    save(staff, me, "gone=1", "Mine")
    save(staff, me, "code=4", "Mine")
    assert [view.query for view in SavedView.objects.all()] == ["code=4"]


def test_a_view_without_a_name_is_not_saved_and_people_are_told(staff, me):
    listing = ask(staff, me, "gone=1", {"save_view": "   "})
    listing.respond()
    assert not SavedView.objects.exists()
    assert "give it a name" in str(next(iter(get_messages(listing.request))))


def test_views_are_ones_own(staff, me):
    save(staff, me, "gone=1", "Mine")
    other = make_account("other")
    assert ask(staff, other).saved_views == []
    ask(staff, other, "all=1", {"remove_view": SavedView.objects.get().pk}).respond()
    ask(staff, other, "all=1", {"first_view": SavedView.objects.get().pk}).respond()
    assert not SavedView.objects.get().is_first


def test_a_list_opens_with_the_view_that_comes_first(staff, me):
    save(staff, me, "gone=1", "Gone")
    save(staff, me, "code=4", "Four")
    for name in ("Gone", "Four"):  # the second choice takes the place of the first
        ask(staff, me, "all=1", {"first_view": by_name(name).pk}).respond()
    assert ask(staff, me, "").respond().url == "/staff/?code=4"
    assert ask(staff, me, "all=1").respond().status_code == 200
    ask(staff, me, "all=1", {"first_view": by_name("Four").pk}).respond()
    assert ask(staff, me, "").respond().status_code == 200


def test_a_view_that_no_longer_means_anything_opens_the_list(staff, me):
    old = {"name": "Old", "query": "nothing=1&sort=zz"}
    SavedView.objects.create(user=me, listing="colleagues", name_index="old", sealed=old, is_first=True)
    assert ask(staff, me, "").respond().status_code == 200


def test_a_view_can_be_removed(staff, me):
    save(staff, me, "gone=1", "Gone")
    ask(staff, me, "all=1", {"remove_view": SavedView.objects.get().pk}).respond()
    assert not SavedView.objects.exists()


def exported(response: HttpResponse):
    book = CalamineWorkbook.from_filelike(BytesIO(response.content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def test_the_export_has_all_pages_of_the_filter_with_the_columns_shown(staff, me):
    query = "department=A&sort=-code&columns=name,left"
    rows, about = exported(ask(staff, me, query, {"export": "xlsx"}).respond())
    assert rows[0] == ["Code", "Name", "Left on"]
    assert rows[1:] == [
        ["7", "张7", ""],
        ["5", "张5", date(2026, 2, 1)],
        ["3", "张3", date(2026, 1, 1)],
        ["1", "张1", ""],
    ]
    assert ["Department", "Cardiology"] in about
    assert ["Rows", "4"] in about


def test_an_export_that_is_not_complete_says_so_in_the_file(staff, me, monkeypatch):
    monkeypatch.setattr("zhiheng.web.listing.export.MOST_ROWS", 2)
    rows, about = exported(ask(staff, me, "all=1", {"export": "xlsx"}).respond())
    told = "The file ends after 2 rows. Narrow the filter."
    assert [row[0] for row in rows] == ["Code", "1", "2", told]
    assert ["Not complete", told] in about


def test_a_value_that_looks_like_a_formula_stays_text(staff, me):
    Staff.objects.filter(code="1").update(name='=HYPERLINK("http://x")')
    rows, _about = exported(ask(staff, me, "code=1", {"export": "xlsx"}).respond())
    assert rows[1][1] == '=HYPERLINK("http://x")'


def test_the_export_keeps_its_rows_in_the_private_folder_and_clears_it(staff, me, monkeypatch):
    """Row by row, and not all of them in memory: the files that hold them meanwhile are nobody else's."""
    used_folders = []

    def noted(make):
        def made(*arguments, **options):
            used_folders.append(Path(options["dir"]))
            return make(*arguments, **options)

        return made

    for name in ("mkstemp", "mkdtemp", "TemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(tempfile, name, noted(getattr(tempfile, name)))
    assert ask(staff, me, "all=1", {"export": "xlsx"}).respond().status_code == 200
    assert len(used_folders) > 1
    assert all(folder.is_relative_to(private.root()) for folder in used_folders)
    assert [path.name for path in private.root().iterdir()] == [".lock"]


def test_the_largest_export_takes_little_memory(staff, me, monkeypatch):
    monkeypatch.setattr(People, "found", property(lambda listing: Copies(next(iter(staff)))))
    tracemalloc.start()
    content, count, first = export.to_workbook(ask(staff, me, "all=1"))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, len(first)) == (4000, export.MOST_TOLD)
    assert most - len(content) < 2_000_000  # held as a whole these rows take more than twice that


class Copies:
    """Four thousand rows that all say the same."""

    def __init__(self, row):
        self.row = row

    def iterator(self, chunk_size):
        return repeat(self.row, 4000)


def test_who_may_not_export_finds_no_export(staff, me):
    guarded = type("Guarded", (People,), {"export_permission": "no.such"})
    assert 'name="export"' not in ask(staff, me, listing=guarded).respond().content.decode()
    with pytest.raises(Http404):
        ask(staff, me, "all=1", {"export": "xlsx"}, guarded).respond()


@pytest.fixture
def told():
    facts = []

    def note(sender, signal, request, rows, **said):
        facts.append(said | {"rows": [row.code for row in rows]})

    used.connect(note)
    yield facts
    used.disconnect(note)


def test_showing_and_exporting_are_told_with_the_filter_and_the_count_but_not_the_search(staff, me, told):
    query = urlsplit(ask(staff, me, "department=A", {"search": "张3"}).respond().url).query
    ask(staff, me, query).respond()
    ask(staff, me, "gone=1", {"export": "xlsx"}).respond()
    assert told == [
        {
            "act": "listed",
            "listing": "colleagues",
            "query": "department=A",
            "searched": True,
            "count": 1,
            "rows": ["3"],
        },
        {
            "act": "exported",
            "listing": "colleagues",
            "query": "gone=1",
            "searched": False,
            "count": 2,
            "rows": ["3", "5"],
        },
    ]


def test_a_list_without_people_need_not_be_told(staff, me, told):
    ask(staff, me, listing=type("Plain", (People,), {"audited": False})).respond()
    assert told == []

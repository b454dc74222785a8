"""Lists and the frame of pages as people meet them: by mouse and keyboard, on a phone, in the dark, without scripts."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.db.models import Q
from django.shortcuts import render
from django.urls import include, path
from playwright.sync_api import expect
from tests.browser import PHONE, allow, assert_accessible, screenshot
from tests.cast import make_cast

from zhiheng.accounts.models import Staff
from zhiheng.web import navigation
from zhiheng.web.listing import Boolean, Choice, Column, DateRange, Empty, Listing, Search, StateColumn, Text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]
STATES = [("to_fill", "待填报"), ("returned", "驳回"), ("done", "完成")]


class People(Listing):
    name = "people"
    title = "同事"
    columns = (
        Column("code", "工号", sort="code", always=True, link=lambda staff: f"/?code={staff.code}"),
        StateColumn("state", "状态", value=lambda staff: STATES[int(staff.code) % 3][0]),
        Column("name", "姓名", sort="name"),
        Column("department", "科室", value="department.name", sort="department__name"),
        Column("left", "离职", value="left_on", sort="left_on", default=False),
    )
    filters = (
        Choice("ends", "尾号", field="code", choices=[("10", "十"), ("20", "二十"), ("30", "三十")]),
        Choice("one", "科室", field="department__code", choices=[("0301", "心血管内科")], several=False),
        DateRange("left", "离职", field="left_on", is_date=True),
        Boolean("gone", "已离职", condition=Q(left_on__isnull=False), more=True),
        Text("code", "工号", more=True),
    )
    search = Search("姓名", find=lambda rows, text: rows.filter(name=text))
    order = "code"
    size = 25
    empty = Empty("还没有同事", "请导入人员名单。")


def people(request):
    rows = Staff.objects.filter(code__regex=r"^\d\d$").select_related("department")
    return People(request, rows if "none" not in request.GET else rows.none()).respond()


@login_not_required
def plain(request):
    return render(request, "500.html")


urlpatterns = [
    path("", people, name="people"),
    path("plain/", plain),
    path("accounts/", include("zhiheng.accounts.urls")),
    path("web/", include("zhiheng.web.urls")),
]


@pytest.fixture(autouse=True)
def _menus(monkeypatch):
    monkeypatch.setattr(navigation, "ENTRIES", [])
    monkeypatch.setattr(navigation, "SEARCH", {})
    navigation.register(name="同事", url_name="people", icon="users", badge=lambda user: 60)
    navigation.register(name="别处", url_name="people", icon="tools", group="更多", order=90)
    navigation.register(name="退出", url_name="people", icon="logout", menu="account", post=True)
    navigation.search_at("people", permission="casefinding.search")


@pytest.fixture
def cast():
    cast = make_cast()
    Staff.objects.bulk_create(
        Staff(code=str(number), name=f"张{number}", department=cast.cardiology) for number in range(10, 70)
    )
    return cast


@pytest.fixture
def page(browse, cast):
    page = browse(cast.filler)
    page.goto("/")
    return page


def first_cell(page):
    return page.locator("tbody td").first


def test_choices_apply_at_once_and_their_menu_stays_open(page):
    page.click("#people-ends > summary")
    page.check("#people-ends-1")
    page.wait_for_url("**/?ends=10")
    page.check("#people-ends-3")
    page.wait_for_url("**/?ends=10&ends=30")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#people-ends-3")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#people-ends[open]")).to_have_count(0)
    screenshot(page, "web-list-filtered")
    page.click(".chip:has-text('十')")
    page.wait_for_url("**/?all=1")
    expect(page.locator("tbody tr")).to_have_count(25)


def test_sorting_and_paging_stand_in_the_address_and_go_back(page):
    page.click("th >> text=姓名")
    page.wait_for_url("**/?sort=name")
    page.click("[aria-label=下一页]")
    page.wait_for_url("**/?sort=name&page=2")
    first_cell(page).get_by_text("35").wait_for()
    page.go_back()
    first_cell(page).get_by_text("10").wait_for()
    expect(page.locator(".topbar")).to_have_count(1)  # the whole page, not the part alone
    page.reload()
    expect(page).to_have_url(re.compile(r"/\?sort=name$"))


def test_a_view_is_saved_and_opens_first(page):
    page.click("summary:has-text('列')")
    page.check("input[name=columns][value=left]")
    page.click("text=显示所选列")
    page.locator("th:has-text('离职')").wait_for()
    page.click("summary:has-text('视图')")
    page.fill("[name=save_view]", "我的视图")
    page.click(".listing-save button")
    page.get_by_text("视图已保存").wait_for()
    page.click("summary:has-text('我的视图')")
    page.click("[name=first_view]")
    page.goto("/")
    expect(page.locator("th:has-text('离职')")).to_have_count(1)


def test_a_search_finds_and_its_address_tells_nothing(page):
    page.fill("#people-search", "张42")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=**")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "张42" not in unquote(page.url)
    expect(page).to_have_title("同事")


def test_a_list_is_exported_as_often_as_it_is_asked_for(page):
    for _time in range(2):
        with page.expect_download() as download:
            page.click("button:has-text('Excel')")
        assert download.value.suggested_filename.startswith("同事")


def test_the_theme_changes_without_losing_what_is_typed(page):
    page.fill("#people-search", "typed")
    page.click("button[name=theme]:visible")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("#people-search")).to_have_value("typed")
    page.goto("/plain/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    screenshot(page, "web-plain-dark")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_without_a_choice_the_computer_decides(browse, scheme):
    page = browse(color_scheme=scheme)
    page.goto("/plain/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)


def test_the_keyboard_reaches_the_content_and_the_search(page):
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#topbar-search")).to_be_focused()


def test_one_menu_is_open_at_a_time(page):
    page.click("summary:has-text('更多') >> nth=0")
    page.click(".topbar-user summary")
    expect(page.locator("details.menu[open]")).to_have_count(1)
    page.click("h1")
    expect(page.locator("details.menu[open]")).to_have_count(0)


def test_a_session_that_ended_leads_to_the_login_page(page, cast):
    allow(page, "401")
    page.context.clear_cookies(name="sessionid")
    page.click("th >> text=姓名")
    page.wait_for_url("**/accounts/**next=**")
    expect(page.locator("body.plain")).to_have_count(1)


def test_a_server_that_is_gone_is_said(page):
    allow(page, "ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
    page.context.set_offline(True)
    page.click("th >> text=姓名")
    page.get_by_text("连不上服务器").wait_for()


@pytest.mark.parametrize("address", ["/", "/?ends=10&gone=1", "/?none=1", "/?ends=zz", "/?size=50&page=2&sort=-name"])
def test_axe_finds_nothing_on_a_list(page, address):
    page.goto(address)
    assert_accessible(page)


def test_axe_finds_nothing_with_the_menus_open(page):
    for menu in page.locator("details.menu > summary").all():
        menu.click()
        assert_accessible(page, themes=("light",))


def test_a_browser_that_does_not_know_newer_colours_shows_the_same_contrast(page):
    """Ward computers run browsers of years ago: there `light-dark()` and the like make a whole property void."""
    style = Path(finders.find("vendor/tabler.css")).read_text(encoding="utf-8")
    for newer in ("light-dark(", "oklch(", "oklab(", "color-mix("):
        style = style.replace(newer, "unheard-of(")
    page.route("**/vendor/tabler.css", lambda route: route.fulfill(body=style, content_type="text/css"))
    page.goto("/?ends=10")
    assert_accessible(page)
    screenshot(page, "web-list-old-browser")


def test_a_phone_shows_rows_as_cards_and_hides_the_filters(browse, cast):
    page = browse(cast.filler, PHONE)
    page.goto("/")
    expect(page.locator("#people-filters")).to_be_hidden()
    page.click(".listing-open-filters")
    expect(page.locator("#people-filters")).to_be_visible()
    page.click(".topbar-toggler")
    expect(page.locator(".topbar-nav")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert_accessible(page)
    screenshot(page, "web-list-phone")


def test_everything_works_without_javascript(browse, cast):
    page = browse(cast.filler, java_script_enabled=False)
    page.goto("/")
    page.click("#people-ends > summary")
    page.check("#people-ends-2")
    page.click("button:has-text('应用') >> nth=0")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.click(".chip:has-text('全部清除')")
    page.click("th >> text=姓名")
    expect(page).to_have_url(re.compile(r"\?sort=name$"))
    page.click(".topbar-user summary")
    page.click("button[lang=en]")
    expect(page.locator("summary:has-text('Columns')")).to_have_count(1)


def test_axe_finds_nothing_on_error_pages(browse, cast):
    page = browse(cast.filler)
    allow(page, "404")
    for address in ("/plain/", "/nothing/"):
        page.goto(address)
        assert_accessible(page)


def test_the_check_for_accessibility_can_fail(browse):
    page = browse()
    page.goto("/plain/")
    page.evaluate("document.querySelector('.plain-brand img').removeAttribute('alt')")
    with pytest.raises(AssertionError, match="light: image-alt"):
        assert_accessible(page)


def test_the_browser_tells_of_other_hosts_refused_scripts_and_errors(browse):
    page = browse()
    page.goto("/plain/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.2:9/x.png\" alt=\"\">')")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.evaluate("console.error('a mistake')")
    page.wait_for_timeout(200)
    said = "\n".join(page.said)
    page.said.clear()
    assert "http://127.0.0.2:9/x.png" in said
    assert "Applying inline style" in said
    assert "a mistake" in said

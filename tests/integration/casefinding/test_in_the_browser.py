"""The pages of casefinding and of the packs in a real browser: everybody can use them, light, dark and narrow."""

from datetime import datetime

import pytest
from django.urls import reverse
from tests.browser import PHONE, assert_accessible, screenshot
from tests.integration.casefinding.conftest import INFARCTION, OLD_INFARCTION, visit

from zhiheng.casefinding import actions
from zhiheng.casefinding.models import Case, State, Visit
from zhiheng.packversions.models import PackVersion

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ward(arrive, hospital, cast):
    """A case to fill in that the records contradict, an undecided one, one that is out, a visit without any."""

    def records(**first):
        many = visit(hospital(), "E1", "P1", **first)
        visit(many, "E2", "P2", (INFARCTION, OLD_INFARCTION), admitted=datetime(2025, 4, 1, 9))
        visit(many, "E3", "P3", admitted=datetime(2025, 4, 3, 9), admit_route="transfer")
        return visit(many, "E4", "P4", ("J06.9",), admitted=datetime(2025, 4, 2, 9), department_code="0302")

    arrive(records())
    actions.set_state(case=Case.objects.get(code="STEMI-25-000001"), state=State.FILLING, by=cast.filler)
    arrive(records(admit_route="transfer"))


def at(name, *args):
    return reverse(f"casefinding:{name}", args=args)


def test_an_undecided_case_is_decided(browse, ward, cast):
    page = browse(cast.quality_officer)
    page.goto(at("decision", "STEMI-25-000002"))
    assert_accessible(page)
    screenshot(page, "decision-undecided")
    page.get_by_label("否", exact=True).check()
    page.get_by_role("button", name="纳入，进入填报").click()
    page.get_by_text("已确认纳入，病例待填报。").wait_for()
    assert Case.objects.get(code="STEMI-25-000002").state == State.TO_FILL


@pytest.mark.parametrize("code", ["STEMI-25-000001", "STEMI-25-000003"])
def test_what_stands_and_what_the_records_say_is_readable(browse, ward, cast, code):
    page = browse(cast.quality_officer)
    page.goto(at("decision", code))
    for fold in page.locator("details.card > summary").all():
        fold.click()
    assert_accessible(page)
    screenshot(page, f"decision-{code}")


def test_a_search_leads_to_the_reason_why_not(browse, ward, cast):
    page = browse(cast.quality_officer)
    page.goto(at("search"))
    page.get_by_label("完整姓名或号码").fill("测试P4")
    page.get_by_role("main").get_by_role("button").first.click()
    page.get_by_role("link", name="为何是/不是").wait_for()
    assert "测试" not in page.url
    assert_accessible(page)
    screenshot(page, "search")
    page.get_by_role("link", name="为何是/不是").click()
    page.locator("#id_disease").select_option("STEMI")
    page.get_by_role("button", name="说明原因").click()
    page.get_by_text("不是病例：不符合纳入条件。").wait_for()
    assert_accessible(page)
    screenshot(page, "why-not")


@pytest.mark.parametrize("size", [None, PHONE], ids=["wide", "phone"])
def test_the_ledgers_can_be_read(browse, ward, cast, size):
    page = browse(cast.quality_officer, **({"size": size} if size else {}))
    page.goto(at("ledger"))
    assert_accessible(page)
    screenshot(page, f"ledger-{'phone' if size else 'wide'}")
    page.get_by_role("link", name="1", exact=True).first.click()
    page.wait_for_url("**/ledger/visits/**")
    assert_accessible(page)
    screenshot(page, f"ledger-visits-{'phone' if size else 'wide'}")


def test_the_packs_can_be_read(browse, packs, cast):
    page = browse(cast.quality_officer)
    page.goto(reverse("packversions:list"))
    assert_accessible(page)
    screenshot(page, "packs")
    page.goto(reverse("packversions:version", args=[PackVersion.objects.get(abbr="STEMI").pk]))
    assert_accessible(page)
    screenshot(page, "pack")


def test_nothing_scrolls_sideways_on_a_phone(browse, ward, cast):
    page = browse(cast.quality_officer, size=PHONE)
    for address in (
        at("decision", "STEMI-25-000001"),
        at("search"),
        at("visit", Visit.objects.first().pk),
        at("ledger"),
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        screenshot(page, f"phone{address.replace('/', '-')}")

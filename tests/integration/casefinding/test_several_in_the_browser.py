"""Ticking several cases in a real browser: with the keyboard, on a phone, without JavaScript."""

from datetime import datetime

import pytest
from playwright.sync_api import expect
from tests.browser import PHONE, assert_accessible, screenshot
from tests.integration.casefinding.conftest import INFARCTION, OLD_INFARCTION, visit

from zhiheng.casefinding.models import Case, State

pytestmark = pytest.mark.django_db(transaction=True)
BAR = "form[data-bulk]"


@pytest.fixture
def ward(arrive, hospital):
    """Three undecided cases of STEMI, and three to be filled in."""
    many = hospital()
    for number in range(1, 7):
        codes = (INFARCTION, OLD_INFARCTION) if number < 4 else (INFARCTION,)
        visit(many, f"E{number}", f"P{number}", codes, admitted=datetime(2025, 4, number, 9))
    arrive(many)


def count(state):
    return Case.objects.filter(state=state).count()


def test_ticked_with_the_keyboard_they_are_assigned(browse, ward, cast):
    page = browse(cast.quality_officer)
    page.goto("/?state=to_fill")
    bar, ticks = page.locator(BAR), page.locator('input[name="row"]')
    expect(bar).to_be_hidden()
    ticks.nth(0).focus()
    page.keyboard.press("Space")
    expect(bar.locator("[data-bulk-count]")).to_have_text("1")
    ticks.nth(2).press("Space")
    expect(bar.locator("[data-bulk-count]")).to_have_text("2")
    assert_accessible(page)
    screenshot(page, "several-ticked")
    bar.get_by_role("button", name="指派填报人").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("指派填报人")
    page.get_by_label("填报人").select_option(label=cast.filler.staff.name)
    assert_accessible(page)
    screenshot(page, "several-assign")
    page.get_by_role("button", name="（2 行）").click()
    expect(page.get_by_text("已完成 2 行。")).to_be_visible()
    assert_accessible(page)
    assert Case.objects.filter(assigned_to=cast.filler.staff).count() == 2
    page.get_by_role("link", name="返回列表").click()
    expect(ticks).to_have_count(3)


def test_a_whole_page_is_ticked_and_what_cannot_be_done_is_told(browse, ward, cast):
    page = browse(cast.quality_officer)
    page.goto("/?all=1")
    page.get_by_label("全选本页").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("6")
    page.locator('input[name="row"]').nth(0).uncheck()
    expect(page.locator("[data-bulk-count]")).to_have_text("5")
    page.get_by_role("button", name="全选本页").click()
    page.locator(BAR).get_by_role("button", name="排除").click()
    expect(page.get_by_text("“待确认”时不能这样做。")).to_have_count(3)
    page.get_by_label("无需上报的原因").select_option("other")
    page.get_by_label("备注").fill("与外院重复")
    screenshot(page, "several-exclude")
    page.get_by_role("button", name="（3 行）").click()
    expect(page.get_by_text("已完成 3 行。")).to_be_visible()
    screenshot(page, "several-done")
    assert (count(State.UNDECIDED), count(State.NOT_REQUIRED)) == (3, 3)


def test_the_same_question_is_answered_for_all(browse, ward, cast):
    page = browse(cast.quality_officer)
    page.goto("/?state=undecided")
    page.get_by_label("全选本页").check()
    page.locator(BAR).get_by_role("button", name="回答待确认问题").click()
    page.get_by_role("group", name="急性心肌梗死").get_by_label("否", exact=True).check()
    page.get_by_label("是病例：开始填报").check()
    assert_accessible(page)
    screenshot(page, "several-answer")
    page.get_by_role("button", name="（3 行）").click()
    expect(page.get_by_text("已完成 3 行。")).to_be_visible()
    assert (count(State.UNDECIDED), count(State.TO_FILL)) == (0, 6)


def test_ticks_are_gone_with_the_page_that_they_were_on(browse, ward, cast):
    page = browse(cast.quality_officer)
    page.goto("/?all=1")
    page.get_by_label("全选本页").check()
    expect(page.locator(BAR)).to_be_visible()
    page.get_by_role("button", name="取消选择").click()
    expect(page.locator(BAR)).to_be_hidden()
    page.get_by_label("全选本页").check()
    page.locator("thead a.sorter").first.click()
    expect(page.locator(BAR)).to_be_hidden()


def test_on_a_phone(browse, ward, cast):
    page = browse(cast.quality_officer, PHONE)
    page.goto("/?state=to_fill")
    page.locator('input[name="row"]').nth(1).check()
    bar = page.locator(BAR)
    expect(bar).to_be_in_viewport()
    assert_accessible(page, themes=("light",))
    screenshot(page, "several-phone")
    bar.get_by_role("button", name="全选本页").click()
    expect(bar.locator("[data-bulk-count]")).to_have_text("3")
    bar.get_by_role("button", name="排除").click()
    page.get_by_label("无需上报的原因").select_option(index=1)
    page.get_by_role("button", name="（3 行）").click()
    expect(page.get_by_text("已完成 3 行。")).to_be_visible()
    screenshot(page, "several-phone-done")


def test_without_javascript(browse, ward, cast):
    page = browse(cast.quality_officer, java_script_enabled=False)
    page.goto("/?state=to_fill")
    page.locator('input[name="row"]').nth(0).check()
    page.locator(BAR).get_by_role("button", name="排除").click()
    page.get_by_label("无需上报的原因").select_option(index=1)
    page.get_by_role("button", name="（1 行）").click()
    expect(page.get_by_text("已完成 1 行。")).to_be_visible()
    assert count(State.NOT_REQUIRED) == 1

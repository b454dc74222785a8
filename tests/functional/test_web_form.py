"""The form of a case as people fill it: keyboard, proof, errors, two editors, a server that dies, and outsiders."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect
from tests.browser import PHONE, allow, assert_accessible, screenshot, session_cookie, wait_for_form
from tests.casework import VISIT, admission, open_case, receive
from tests.cast import make_cast

from zhiheng.autofill import actions as autofill
from zhiheng.forms import actions, queries

pytestmark = pytest.mark.django_db(transaction=True)
WEIGHT, HEIGHT, TROPONIN = "CM-0-2-1-3", "CM-0-2-1-5", "STEMI-1-3-3-2"
SAVED = ".cf-saved[data-kind=saved]"


@pytest.fixture
def cast():
    return make_cast()


def result(value, **more):
    row = {"encounter_id": VISIT, "code": "TNI", "name": "肌钙蛋白I", "category": "laboratory", "unit": "ng/mL"}
    return {**row, "value_number": value, "time": "2026-03-02 14:30", **more}


def fill(case):
    if autofill.fill_case(case.pk):
        actions.take_proposals(case=case)


@pytest.fixture
def stemi(cast):
    case = open_case(cast)
    receive(1, **admission(), observation=[("L1", result("2.35"))])
    fill(case)
    return case


def answers(case):
    return queries.form_state(case).items


def open_form(page, case, query=""):
    page.goto(f"/cases/{case.code}/{query}")
    wait_for_form(page)


def row(page, item):
    return page.locator(f"#i-{item}")


def field(page, item):
    return page.locator(f"#v-{item}")


def expect_focus_in(page, item):
    expect(row(page, item).locator(":focus")).to_have_count(1)


def saved(page):
    expect(page.locator(SAVED)).to_be_visible()


def test_an_answer_is_saved_as_it_is_given_and_what_follows_shows_at_once(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    flag = "CM-0-2-2-1"  # 发病日期时间是否无法确定或无记录, which hides the time itself
    expect(row(page, "CM-0-2-2-2")).to_be_visible()
    row(page, flag).get_by_role("checkbox").click()
    expect(row(page, "CM-0-2-2-2")).to_be_hidden()
    saved(page)
    assert answers(stemi)[flag].state == "unknown"


def test_times_are_typed_as_people_write_them(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    field(page, "CM-0-2-3-2").fill("03021340")
    field(page, "CM-0-2-3-2").press("Enter")
    expect(field(page, "CM-0-2-3-2")).to_have_value("2026-03-02 13:40")
    assert answers(stemi)["CM-0-2-3-2"].value == "2026-03-02 13:40"


def test_what_cannot_be_read_stays_in_the_field_and_says_why(browse, cast, stemi):
    page = browse(cast.filler)
    allow(page, "422")
    open_form(page, stemi)
    field(page, "CM-0-2-3-2").fill("13月45日")
    field(page, "CM-0-2-3-2").press("Enter")
    expect(row(page, "CM-0-2-3-2").locator(".cf-finding.is-error")).to_be_visible()
    expect(field(page, "CM-0-2-3-2")).to_have_value("13月45日")
    expect_focus_in(page, "CM-0-2-3-2")  # Enter does not go on from what is not saved
    assert answers(stemi)["CM-0-2-3-2"].value != "13月45日"


def test_keys_pick_confirm_and_go_on(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    field(page, WEIGHT).focus()
    page.keyboard.press("F2")
    expect(row(page, WEIGHT)).to_have_attribute("data-state", "confirmed")
    expect_focus_in(page, HEIGHT)
    page.keyboard.press("F2")
    expect(row(page, HEIGHT)).to_have_attribute("data-state", "confirmed")
    page.keyboard.press("Shift+Enter")
    expect_focus_in(page, HEIGHT)
    page.keyboard.press("Shift+Enter")
    expect_focus_in(page, WEIGHT)
    row(page, "CM-0-3-1").get_by_role("radio").first.focus()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(row(page, "CM-0-3-1")).to_have_attribute("data-state", "confirmed")
    assert answers(stemi)["CM-0-3-1"].value == answers(stemi)["CM-0-3-1"].item.options[1].value


def test_one_key_says_that_nobody_can_determine_it(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    field(page, "CM-0-2-2-2").focus()
    page.keyboard.press("F4")
    expect(row(page, "CM-0-2-2-2")).to_be_hidden()
    saved(page)
    assert answers(stemi)["CM-0-2-2-1"].state == "unknown"


def test_what_has_no_such_option_can_be_left_open_with_a_reason(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    field(page, "CM-0-1-1-1").focus()
    page.keyboard.press("F4")
    reason = page.locator("#cf-card").get_by_placeholder("无法填写的原因")
    reason.fill("质控医师已离职")
    reason.press("Enter")
    expect(row(page, "CM-0-1-1-1")).to_have_attribute("data-state", "open")
    expect(row(page, "CM-0-1-1-1")).to_contain_text("质控医师已离职")
    page.locator("#p-CM-0-1-1-1").click()
    page.locator("#cf-card").get_by_role("button", name="撤销").click()
    expect(row(page, "CM-0-1-1-1")).to_have_attribute("data-state", "unanswered")


def test_what_was_looked_at_is_confirmed_or_cleared_in_its_card(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    for button, state in (("确认", "confirmed"), ("清除答案", "unanswered")):
        page.locator(f"#p-{WEIGHT}").click()
        page.locator("#cf-card").get_by_role("button", name=button).click()
        expect(row(page, WEIGHT)).to_have_attribute("data-state", state)
        expect(page.locator(f"#p-{WEIGHT}")).to_be_focused()


def test_a_proposal_is_confirmed_by_choosing_it_again(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    sex = row(page, "CM-0-2-1-2")
    expect(sex).to_have_attribute("data-state", "proposed")
    sex.get_by_role("radio", name="男").click()
    expect(sex).to_have_attribute("data-state", "confirmed")
    assert answers(stemi)["CM-0-2-1-2"].origin == "record"


def test_a_section_is_confirmed_with_one_key(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    field(page, WEIGHT).focus()
    page.keyboard.press("F9")
    expect(row(page, WEIGHT)).to_have_attribute("data-state", "confirmed")
    expect(row(page, HEIGHT)).to_have_attribute("data-state", "confirmed")
    expect_focus_in(page, WEIGHT)


def test_long_lists_are_searched_by_initials(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    box = field(page, "CM-0-1-3-2")
    box.click()
    page.keyboard.type("jxhbxj")  # 急性后壁心肌梗死
    first = page.locator("#o-CM-0-1-3-2 [role=option]").first
    expect(first).to_contain_text("后壁心肌")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(row(page, "CM-0-1-3-2")).to_have_attribute("data-state", "confirmed")
    assert "后壁心肌" in answers(stemi)["CM-0-1-3-2"].text


def test_proof_opens_with_one_click_and_closes_with_escape(browse, cast, stemi):
    actions.confirm(case=stemi, items=[TROPONIN], by=cast.filler)
    page = browse(cast.filler)
    open_form(page, stemi)
    shown = page.locator("#p-" + WEIGHT)
    shown.click()
    card = page.locator("#cf-card")
    expect(card).to_contain_text("68.5")
    expect(card).to_contain_text("第 1 版")
    expect(card.locator("h2")).to_be_focused()
    page.evaluate("scrollTo(0, 0)")
    assert_accessible(page)
    screenshot(page, "proof")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(shown).to_be_focused()


def test_a_corrected_result_changes_nothing_and_asks(browse, cast, stemi):
    for item, value in (("STEMI-1-3-1-1", "y"), ("STEMI-1-3-2", ["b"]), ("STEMI-1-4-2-1", "a")):
        actions.answer(case=stemi, item=item, typed=value, by=cast.filler)
    actions.confirm(case=stemi, items=[TROPONIN], by=cast.filler)
    receive(2, observation=[("L1", result("3.10"))])
    fill(stemi)
    page = browse(cast.filler)
    open_form(page, stemi, "?show=problem")
    item = row(page, TROPONIN)
    expect(item.locator(".is-difference")).to_contain_text("3.1")
    expect(field(page, TROPONIN)).to_have_value("2.35")
    page.locator(f"#p-{TROPONIN}").click()
    card = page.locator("#cf-card")
    expect(card).to_contain_text("来源已更正")  # the old proof still opens, in the version that was looked at
    expect(card).to_contain_text("3.1")
    screenshot(page, "difference")
    page.keyboard.press("Escape")
    item.get_by_placeholder("原因").fill("检验科已更正")
    item.get_by_role("button", name="采用病历新值").click()
    expect(field(page, TROPONIN)).to_have_value("3.1")
    assert (answers(stemi)[TROPONIN].value, answers(stemi)[TROPONIN].difference) == (3.1, None)


def test_two_editors_of_different_items_merge(browse, cast, stemi):
    one, other = browse(cast.filler), browse(cast.department_reviewer)
    open_form(one, stemi)
    open_form(other, stemi)
    field(one, "CM-0-1-1-1").fill("甲医师")
    field(one, "CM-0-1-1-1").press("Enter")
    saved(one)
    field(other, "CM-0-1-1-2").fill("乙护士")
    field(other, "CM-0-1-1-2").press("Enter")
    saved(other)
    expect(field(other, "CM-0-1-1-1")).to_have_value("甲医师")  # came along with one's own save
    assert (answers(stemi)["CM-0-1-1-1"].value, answers(stemi)["CM-0-1-1-2"].value) == ("甲医师", "乙护士")


def test_two_editors_of_the_same_item_see_both_values(browse, cast, stemi):
    one, other = browse(cast.filler), browse(cast.department_reviewer)
    allow(other, "409")
    open_form(one, stemi)
    open_form(other, stemi)
    field(one, "CM-0-1-1-1").fill("甲医师")
    field(one, "CM-0-1-1-1").press("Enter")
    saved(one)
    field(other, "CM-0-1-1-1").fill("乙医师")
    field(other, "CM-0-1-1-1").press("Enter")
    conflict = row(other, "CM-0-1-1-1").locator(".is-conflict")
    expect(conflict).to_contain_text("甲医师")
    expect(conflict).to_contain_text("乙医师")
    assert_accessible(other)
    screenshot(other, "conflict")
    assert answers(stemi)["CM-0-1-1-1"].value == "甲医师"
    conflict.get_by_role("button", name="用我的").click()
    expect(conflict).to_have_count(0)
    assert answers(stemi)["CM-0-1-1-1"].value == "乙医师"


def test_one_sees_who_else_is_here_and_where(browse, cast, stemi):
    one, other = browse(cast.filler), browse(cast.department_reviewer)
    open_form(one, stemi)
    field(one, WEIGHT).focus()
    one.evaluate("caseForm.here()")
    open_form(other, stemi)
    expect(other.locator(".cf-person")).to_contain_text(cast.filler.staff.name)
    expect(other.locator(".cf-person")).to_contain_text("患者体重")


def test_nothing_is_lost_when_the_connection_breaks(browse, cast, stemi):
    page = browse(cast.filler)
    allow(page, "ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
    open_form(page, stemi)
    page.context.set_offline(True)
    field(page, "CM-0-1-1-1").fill("断网时填写")
    field(page, "CM-0-1-1-1").press("Enter")
    expect(page.locator(".cf-saved[data-kind=problem]")).to_contain_text("1 项未保存")
    expect(field(page, "CM-0-1-1-2")).to_be_focused()  # one goes on working
    page.keyboard.type("乙护士")
    page.keyboard.press("Enter")
    expect(page.locator(".cf-saved[data-kind=problem]")).to_contain_text("2 项未保存")
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert "断网" not in kept
    assert "护士" not in kept
    screenshot(page, "offline")
    page.context.set_offline(False)
    saved(page)
    assert answers(stemi)["CM-0-1-1-1"].value == "断网时填写"


def test_leaving_with_something_unsaved_warns(browse, cast, stemi):
    page = browse(cast.filler)
    allow(page, "ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
    open_form(page, stemi)
    page.context.set_offline(True)
    field(page, "CM-0-1-1-1").fill("未保存")
    field(page, "CM-0-1-1-1").press("Enter")
    expect(page.locator(".cf-saved[data-kind=problem]")).to_be_visible()
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert warned == ["beforeunload"]
    page.context.set_offline(False)
    saved(page)


def test_an_outsider_sees_nothing(browse, cast, stemi):
    page = browse(cast.outsider)
    allow(page, "404")
    for address in ("", "form/print/", f"proof/{WEIGHT}/", "form/hand-in/", "course/"):
        assert page.goto(f"/cases/{stemi.code}/{address}").status == 404
    assert "样例病人" not in page.content()


def test_who_may_only_read_sees_a_masked_name_and_no_fields(browse, cast, stemi):
    page = browse(cast.leader)
    open_form(page, stemi)
    expect(page.locator(".case-patient")).to_contain_text("样*")
    expect(page.locator(".cf-item input")).to_have_count(0)
    assert "样例病人" not in page.content()
    assert_accessible(page)


def test_what_says_who_the_patient_is_is_masked_for_those_who_need_not_know(client, cast, stemi):
    actions.answer(case=stemi, item="caseId", typed="ZY20260099", by=cast.filler)
    for address in ("", "form/print/", "proof/caseId/"):
        client.force_login(cast.filler)
        assert "ZY20260099" in client.get(f"/cases/{stemi.code}/{address}").content.decode()
        client.force_login(cast.leader)
        shown = client.get(f"/cases/{stemi.code}/{address}").content.decode()
        assert "ZY20260099" not in shown
        assert "****0099" in shown


def test_no_patient_in_title_or_address(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    expect(page).to_have_title(stemi.code)
    assert "样例" not in page.url
    expect(page.locator(".case-patient")).to_contain_text("样例病人")


def test_it_works_without_scripts(browse, cast, stemi):
    page = browse(cast.filler, java_script_enabled=False)
    page.goto(f"/cases/{stemi.code}/?show=left")
    field(page, "CM-0-1-1-1").fill("无脚本")
    row(page, "CM-0-1-1-1").get_by_role("button", name="保存").click()
    expect(field(page, "CM-0-1-1-1")).to_have_value("无脚本")
    field(page, "CM-0-2-3-2").fill("胡乱")
    allow(page, "422")
    row(page, "CM-0-2-3-2").get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(field(page, "CM-0-2-3-2")).to_have_value("胡乱")
    page.goto(f"/cases/{stemi.code}/")
    row(page, WEIGHT).get_by_role("button", name="确认").click()
    expect(row(page, WEIGHT).get_by_role("button", name="确认")).to_have_count(0)
    assert answers(stemi)[WEIGHT].state == "confirmed"


def test_every_page_of_a_case_is_for_everybody(browse, cast, stemi):
    page = browse(cast.filler)
    for name, address in (("case", ""), ("hand-in", "form/hand-in/"), ("print", "form/print/"), ("course", "course/")):
        page.goto(f"/cases/{stemi.code}/{address}")
        assert_accessible(page)
        screenshot(page, f"case-{name}")
    page.goto(f"/cases/{stemi.code}/proof/{WEIGHT}/")
    assert_accessible(page)
    phone = browse(cast.filler, size=PHONE)
    open_form(phone, stemi)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    screenshot(phone, "case-phone")
    assert_accessible(phone)
    dark = browse(cast.filler, color_scheme="dark")
    open_form(dark, stemi)
    screenshot(dark, "case-dark")


def test_handing_in_lists_what_is_missing(browse, cast, stemi):
    page = browse(cast.filler)
    page.goto(f"/cases/{stemi.code}/form/hand-in/")
    page.get_by_role("link", name=re.compile("质控医师")).click()
    page.wait_for_url(re.compile(r"#i-CM-0-1-1-1$"))
    expect(field(page, "CM-0-1-1-1")).to_be_focused()


def test_an_ended_session_keeps_what_was_typed_until_one_has_logged_in_again(browse, cast, stemi, live_server):
    page = browse(cast.filler)
    allow(page, "401", "403")
    open_form(page, stemi)
    Session.objects.all().delete()
    field(page, "CM-0-1-1-1").fill("登录过期后填写")
    field(page, "CM-0-1-1-1").press("Enter")
    expect(page.locator(".cf-saved[data-kind=problem]")).to_contain_text("登录已过期")
    page.context.add_cookies([session_cookie(cast.filler, live_server.url)])
    page.context.clear_cookies(name="csrftoken")  # logging in gives a new one
    expect(page.locator(SAVED)).to_be_visible(timeout=30_000)
    assert answers(stemi)["CM-0-1-1-1"].value == "登录过期后填写"


def test_the_item_stays_where_it_is_when_its_card_opens(browse, cast, stemi):
    page = browse(cast.filler)
    open_form(page, stemi)
    link = page.locator(f"#p-{HEIGHT}")
    link.scroll_into_view_if_needed()
    before = link.bounding_box()["y"]
    link.click()
    expect(page.locator("#cf-card h2")).to_be_focused()
    page.wait_for_timeout(100)
    assert abs(link.bounding_box()["y"] - before) < 20
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    assert abs(link.bounding_box()["y"] - before) < 20


def test_a_box_against_which_the_records_speak_is_kept_or_gives_way(browse, cast, stemi):
    onset, box = "CM-0-2-2-2", "CM-0-2-2-1"
    actions.mark_unknown(case=stemi, item=onset, by=cast.filler)
    receive(2, **admission(onset_time="2026-03-02 12:00"))
    fill(stemi)
    page = browse(cast.filler)
    open_form(page, stemi)
    note = row(page, box).locator(".is-difference")
    expect(note).to_contain_text("发病日期时间“2026-03-02 12:00”")
    note.scroll_into_view_if_needed()
    assert_accessible(page)
    screenshot(page, "box-difference")
    row(page, box).locator("[data-card]").click()
    expect(page.get_by_role("heading", name="病历记录现为")).to_contain_text("2026-03-02 12:00")
    screenshot(page, "box-proof")
    page.keyboard.press("Escape")
    note.get_by_label("原因").fill("护理记录补录")
    note.get_by_role("button", name="采用").click()
    expect(row(page, onset)).to_be_visible()
    expect(field(page, onset)).to_have_value("2026-03-02 12:00")
    assert answers(stemi)[onset].origin == "record"

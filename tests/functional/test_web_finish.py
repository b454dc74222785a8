"""A filler finishes a STEMI case: proposals with their proof, conditions, an error, an advisory, and the hand-in."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser import screenshot, wait_for_form
from tests.casework import VISIT, admission, open_case, receive
from tests.cast import make_cast

from zhiheng.autofill import actions as autofill
from zhiheng.forms import actions, queries

pytestmark = pytest.mark.django_db(transaction=True)
DOCTOR, SMOKES, HOW_MUCH, ADVICE = "CM-0-1-1-1", "STEMI-8-1-1", "STEMI-8-1-2", "STEMI-8-1-3"
TOTAL, OWN_SHARE, TROPONIN = "CM-6-1", "CM-6-2", "STEMI-1-3-3-2"
LEFT_FOR_THE_FILLER = {DOCTOR, SMOKES, TOTAL, OWN_SHARE}
KNOWN = {"CM-0-2-3-2": "2026-03-02 13:40", "CM-0-2-2-2": "2026-03-02 11:30", "STEMI-1-1-2-1": "2026-03-02 13:45"}


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def nearly_done(cast):
    """A case that records have proposed answers to, and of which a colleague has filled in almost all the rest."""
    case = open_case(cast)
    troponin = {"encounter_id": VISIT, "code": "TNI", "name": "肌钙蛋白I", "category": "laboratory", "unit": "ng/mL"}
    receive(1, **admission(), observation=[("L1", {**troponin, "value_number": "2.35", "time": "2026-03-02 14:30"})])
    autofill.fill_case(case.pk)
    actions.take_proposals(case=case)
    while wanted := [item for item in queries.form_state(case).left if is_for_the_colleague(item)]:
        for item in wanted:
            if queries.form_state(case).items[item.code].is_left:
                actions.answer(case=case, item=item.code, typed=plain_answer(item.item), by=cast.department_reviewer)
    return case


def is_for_the_colleague(item):
    return not item.is_proposed and item.code not in LEFT_FOR_THE_FILLER


def plain_answer(item):
    """No to what can be denied, the first option, a time within the stay."""
    values = [option.value for option in item.options if option.value != "UTD"] or [o.value for o in item.options]
    if item.type == "choice":
        return "n" if "n" in values else values[0]
    if item.type == "choices":
        return values[:1]
    said = {"datetime": f"2026-03-02 15:{item.number % 60:02d}", "date": "1958-07-16", "text": "样例"}
    return KNOWN.get(item.code) or said.get(item.type) or ("0" if item.code.startswith("CM-6") else "60")


def row(page, item):
    return page.locator(f"#i-{item}")


def field(page, item):
    return page.locator(f"#v-{item}")


def test_a_filler_finishes_a_case(browse, cast, nearly_done):
    page = browse(cast.filler)
    page.goto("/")
    page.get_by_role("link", name=nearly_done.code).click()
    wait_for_form(page)

    # What is left, from the first key on: Enter alone begins.
    page.get_by_role("link", name=re.compile("^待完成")).click()
    page.locator("body").press("Enter")
    expect(field(page, DOCTOR)).to_be_focused()
    page.keyboard.insert_text("主治医师甲")
    page.keyboard.press("Enter")
    expect(row(page, DOCTOR)).to_have_attribute("data-state", "confirmed")

    # A condition: smoking opens two more items, and Enter goes on to the first of them.
    row(page, SMOKES).get_by_role("radio").first.focus()
    expect(row(page, HOW_MUCH)).to_be_hidden()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(row(page, HOW_MUCH).get_by_role("radio").first).to_be_focused()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(row(page, ADVICE).get_by_role("radio").first).to_be_focused()
    page.keyboard.press("1")

    # An error: paying more oneself than all of it. It is saved, said at once, and counted.
    field(page, TOTAL).fill("100")
    field(page, OWN_SHARE).fill("200")
    field(page, OWN_SHARE).press("Enter")
    expect(row(page, OWN_SHARE).locator(".is-error")).to_contain_text("应小于或等于")
    screenshot(page, "finish-error")
    page.goto(f"/cases/{nearly_done.code}/form/hand-in/")
    page.locator(".hand-in-list").get_by_role("link", name=re.compile("自付金额")).first.click()
    expect(field(page, OWN_SHARE)).to_be_focused()
    field(page, OWN_SHARE).fill("20")
    field(page, OWN_SHARE).press("Enter")
    expect(row(page, OWN_SHARE).locator(".is-error")).to_have_count(0)

    # The proof of one proposal is looked at; then they are confirmed section by section.
    page.get_by_role("link", name=re.compile("^待确认")).click()
    page.locator(f"#p-{TROPONIN}").click()
    expect(page.locator("#cf-card")).to_contain_text("肌钙蛋白I")
    expect(page.locator("#cf-card")).to_contain_text("L1")
    screenshot(page, "finish-proof")
    page.keyboard.press("Escape")
    while page.locator("form[data-confirms]:visible").count():
        section = page.locator("form[data-confirms]:visible").first
        number = section.locator("[name=section]").get_attribute("value")
        section.get_by_role("button").click()
        expect(page.locator(f"#c-{number} form[data-confirms]")).to_have_count(0)

    # What is still an advisory gets its reason, and the case is handed in.
    page.get_by_role("link", name=re.compile("^有问题")).click()
    while page.locator(".is-advisory form:visible").count():
        advisory = page.locator(".is-advisory form:visible").first
        item = advisory.locator("[name=item]").get_attribute("value")
        advisory.get_by_role("textbox").fill("已核对病历，填写无误")
        advisory.get_by_role("button").click()
        expect(row(page, item).locator(".is-advisory.is-settled").first).to_be_visible()
    page.get_by_role("link", name="提交").click()
    expect(page.locator(".hand-in-verdict")).to_contain_text("均已填写")
    screenshot(page, "finish-ready")
    page.get_by_role("button", name="提交").click()
    expect(page.locator(".case-note")).to_contain_text("已提交审核")
    screenshot(page, "finish-handed-in")
    nearly_done.refresh_from_db()
    assert nearly_done.state == "department_review"
    state = queries.form_state(nearly_done)
    assert state.counter.is_ready
    assert state.items[TROPONIN].origin == "record"

    page.get_by_role("button", name="撤回").click()
    expect(page.locator(".cf-hand-in")).to_be_visible()

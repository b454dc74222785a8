"""A newer version of a pack, from its upload to the cases that take it: mended, compared, approved by another."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect
from tests.browser import PHONE, assert_accessible, screenshot, wait_for_form
from tests.casework import admission, open_case, pack_version, receive
from tests.cast import make_cast
from tests.packing import archive, stemi, taken_in
from tests.working import work_off

from zhiheng.forms import actions
from zhiheng.packversions.models import PackVersion

pytestmark = pytest.mark.django_db(transaction=True)
LONGER = ("checks.yaml", "<= 1440", "<= 2880")
PLACE = "  - item: STEMI-1-1-6\n"
FORMER = ("form.yaml", PLACE, f"  - item: STEMI-1-1-97\n    label: 旧条目\n    type: text\n{PLACE}")
NEWER = (
    ("form.yaml", PLACE, f"  - item: STEMI-1-1-98\n    label: 入院身高\n    type: number\n{PLACE}"),
    ("form.yaml", "        d: I21.3未特指部位的急性透壁性心肌梗死\n", ""),
    ("fill.yaml", "fills:\n", "fills:\n- {item: STEMI-1-1-98, from: encounter, value: height_cm}\n"),
)


@pytest.fixture
def cast():
    return make_cast()


def look(page, name):
    """See the page as it is, in the dark and on a phone, and let axe look too."""
    assert_accessible(page)
    screenshot(page, f"packs-{name}")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    screenshot(page, f"packs-{name}-dark")
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    before = page.viewport_size
    page.set_viewport_size(dict(zip(("width", "height"), PHONE, strict=True)))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    screenshot(page, f"packs-{name}-phone")
    page.set_viewport_size(before)


def work():
    """Do what is queued, in a thread of its own: the browser's loop runs in this one."""
    with ThreadPoolExecutor(1) as worker:
        worker.submit(work_off, queues=["records"]).result()


def upload(page, files):
    page.goto("/packs/")
    page.get_by_role("link", name="上传病种包").click()
    file = {"name": "stemi.zip", "mimeType": "application/zip", "buffer": archive(files).getvalue()}
    page.get_by_label("病种包 ZIP").set_input_files(file)
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_text("正在编译病种包并运行示例")).to_be_visible()
    work()


@pytest.fixture
def case(cast):
    """A case that is being filled in with a version that has an item of its own."""
    files = stemi(FORMER, version="2025.01")
    former = taken_in(files, by=cast.maintenance_engineer, approved_by=cast.quality_officer)
    found = open_case(cast, pack_version=former)
    receive(1, **admission())
    for item, typed in (("CM-0-2-1-3", "68"), ("CM-0-1-3-1", "d"), ("STEMI-1-1-6", "y"), ("STEMI-1-1-97", "原说明")):
        actions.answer(case=found, item=item, typed=typed, by=cast.filler)
    return found


def test_an_open_case_moves_to_a_newer_version_after_a_look_at_its_answers(browse, cast, case):
    version = taken_in(stemi(*NEWER), by=cast.maintenance_engineer, approved_by=cast.quality_officer)
    page = browse(cast.quality_officer)
    page.goto(f"/packs/{version.pk}/")
    expect(page.get_by_text("1 例未完成的病例按其他版本填报")).to_be_visible()
    look(page, "open-cases-told")
    page.get_by_role("link", name="查看换用后填报值的去向").click()
    expect(page.get_by_role("row", name=case.code)).to_contain_text("须查看")
    look(page, "open-cases")
    page.get_by_role("link", name=case.code).click()
    expect(page.get_by_role("region", name="须重新填报 1")).to_contain_text("I21.3未特指部位")
    expect(page.get_by_role("region", name="新条目 1")).to_contain_text("171")
    expect(page.get_by_role("region", name="搁置：新表单没有此条目 1")).to_contain_text("原说明")
    look(page, "move")
    page.get_by_role("button", name="换用 2026.01").click()
    wait_for_form(page)
    work()
    page.reload()
    wait_for_form(page)
    expect(page.locator("#v-STEMI-1-1-98")).to_have_value("171")
    expect(page.locator("#v-CM-0-2-1-3")).to_have_value("68")
    page.locator("#cf-aside summary").click()
    expect(page.locator("#cf-aside")).to_contain_text("原说明")
    page.locator("#cf-aside").scroll_into_view_if_needed()
    screenshot(page, "packs-left-behind")
    page.goto(f"/cases/{case.code}/course/")
    expect(page.get_by_text("换用病种包的另一版本")).to_be_visible()
    page.goto(f"/cases/{case.code}/form/version/")
    expect(page.get_by_text("此病例已采用适用于其出院日期的版本")).to_be_visible()


def test_from_an_upload_with_problems_to_the_approval_by_another_person(browse, cast):
    shipped = pack_version("STEMI")
    officer = browse(cast.quality_officer)
    upload(officer, stemi(("find.yaml", "include: infarction", "include: infraction")))
    expect(officer.get_by_role("alert")).to_contain_text("未接收此病种包")
    expect(officer.get_by_role("row", name="packs/stemi/find.yaml")).to_contain_text("include: infraction")
    look(officer, "problems")

    officer.get_by_role("link", name="重新上传").click()
    look(officer, "upload")
    upload(officer, stemi(LONGER))
    expect(officer.get_by_text("可以使用")).to_be_visible()
    look(officer, "taken-in")
    officer.get_by_role("link", name="查看改变").click()
    expect(officer.get_by_role("row", name="door_to_wire_over_a_day")).to_contain_text("2880")
    expect(officer.get_by_text("须由另一人查看并批准")).to_be_visible()
    expect(officer.get_by_role("button", name="批准")).to_have_count(0)

    engineer = browse(cast.maintenance_engineer)
    engineer.goto(f"/packs/{PackVersion.objects.exclude(pk=shipped.pk).get().pk}/")
    look(engineer, "approval")
    engineer.get_by_role("button", name="批准").click()
    expect(engineer.get_by_text("生效").first).to_be_visible()
    look(engineer, "approved")

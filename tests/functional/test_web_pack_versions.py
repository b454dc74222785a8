"""A newer version of a pack, from its upload to the cases that take it: mended, compared, approved by another."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect
from tests.browser import PHONE, assert_accessible, screenshot
from tests.casework import pack_version
from tests.cast import make_cast
from tests.packing import archive, stemi

from zhiheng.jobs.working import work_off
from zhiheng.packversions.models import PackVersion

pytestmark = pytest.mark.django_db(transaction=True)
LONGER = ("checks.yaml", "<= 1440", "<= 2880")


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

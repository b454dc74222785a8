"""The pages of ingestion in a real browser: everybody can use them, and a batch that is worked on renews its page."""

import pytest
from django.urls import reverse
from tests.browser import PHONE, allow, assert_accessible, screenshot
from tests.cast import make_cast
from tests.integration.ingestion.conftest import DIAGNOSES, VISITS

from zhiheng.ingestion import actions
from zhiheng.ingestion.models import Batch, Reject

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(interface):
    return make_cast()


def at(name, *args):
    return reverse(f"ingestion:{name}", args=args)


def test_files_are_uploaded_looked_at_and_stored(browse, cast):
    page = browse(cast.quality_officer)
    page.goto(at("batches"))
    assert_accessible(page)
    page.get_by_role("link", name="上传").first.click()
    assert_accessible(page)
    screenshot(page, "ingestion-upload")
    files = {"visits.csv": VISITS, "diagnoses.csv": DIAGNOSES}
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "text/csv", "buffer": text.encode()} for name, text in files.items()]
    )
    page.get_by_role("button", name="上传并预览").click()
    page.get_by_text("等待后台处理").wait_for()
    actions.preview(batch=Batch.objects.get())
    page.get_by_text("预览：尚未入库").wait_for()  # the page renews itself
    assert_accessible(page)
    screenshot(page, "ingestion-preview")
    page.get_by_role("button", name="确认入库").click()
    page.get_by_text("正在入库。").wait_for()
    actions.store(batch=Batch.objects.get())
    page.get_by_role("heading", name="拒收记录分类").wait_for()
    assert_accessible(page)
    screenshot(page, "ingestion-batch")


def test_a_batch_that_runs_shows_how_far_it_is(browse, cast, upload):
    batch = upload(visits=VISITS)
    said = {"step": "storing", "file": 1, "files": 1, "done": 300, "total": 1000}
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.RUNNING, progress=said)
    page = browse(cast.quality_officer)
    page.goto(at("batch", batch.pk))
    page.get_by_text("入库 300 / 1000 行").wait_for()
    assert_accessible(page)
    screenshot(page, "ingestion-running")
    page.get_by_role("button", name="取消").click()
    page.get_by_text("已取消。").wait_for()
    assert Batch.objects.get().is_cancelling


@pytest.mark.parametrize("size", [None, PHONE], ids=["wide", "phone"])
def test_a_reject_is_corrected(browse, cast, stored, size):
    batch = stored(visits=VISITS, diagnoses=DIAGNOSES)
    page = browse(cast.quality_officer, **({"size": size} if size else {}))
    page.goto(at("rejects"))
    assert_accessible(page)
    screenshot(page, f"ingestion-rejects-{'phone' if size else 'wide'}")
    page.get_by_role("link", name=batch.rejects.get().code).click()
    assert_accessible(page)
    screenshot(page, f"ingestion-reject-{'phone' if size else 'wide'}")
    page.get_by_label("应为").fill("60")
    page.get_by_role("button", name="保存更正").click()
    page.get_by_text("重新读取后生效").first.wait_for()
    assert Reject.objects.get().sealed["correction"] == "60"


def test_an_interface_is_set_up(browse, cast, tmp_path):
    page = browse(cast.maintenance_engineer)
    page.goto(at("interfaces"))
    assert_accessible(page)
    screenshot(page, "ingestion-interfaces")
    page.get_by_role("link", name="新建接口").click()
    page.get_by_label("名称", exact=True).fill("HIS")
    page.get_by_label("接入方案").fill("没有这个方案")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("没有这个名称的接入方案").wait_for()
    allow(page, "422")
    assert_accessible(page)
    screenshot(page, "ingestion-interface")

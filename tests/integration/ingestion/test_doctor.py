"""What `zhiheng doctor` says of the folders that interfaces watch."""

import pytest

from zhiheng.ingestion.models import Interface
from zhiheng.site.doctor.outcomes import Outcome
from zhiheng.site.doctor.product import watched_folders
from zhiheng.site.env import Environment

pytestmark = pytest.mark.django_db


def test_an_interface_that_watches_elsewhere_is_named(watched, tmp_path):
    assert watched_folders(Environment()).outcome is Outcome.PASSED
    Interface.objects.create(name="旧接口", profile="demo-hospital", folder=str(tmp_path / "elsewhere"))
    said = watched_folders(Environment())
    assert said.outcome is Outcome.FAILED
    assert "旧接口" in said.found
    assert "病区" not in said.found
    assert "ZHIHENG_INBOX" in said.remedy

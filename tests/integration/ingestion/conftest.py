"""What the tests of receiving share: a small hospital's files, an interface for them, and nothing left behind."""

import shutil
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings

from zhiheng.ingestion import actions, deliveries, mirror
from zhiheng.ingestion.models import Interface
from zhiheng.vault import private

PROFILE = """
name: ward
title: 病区
complete: [diagnosis]
ignore: ["*.md"]
feeds:
- reader: files
  source: visits
  files: visits.csv
  tables:
  - table: encounter
    columns:
      encounter_id: 就诊号
      patient_id: 患者号
      encounter_class: {constant: inpatient}
      weight_kg: {from: 体重, optional: true}
      discharge_time: {from: 出院时间, optional: true}
- reader: files
  source: diagnoses
  delivers: visits
  files: diagnoses.csv
  tables:
  - table: diagnosis
    key: [就诊号, 序号]
    columns: {encounter_id: 就诊号, role: {constant: other}, rank: 序号, code: 编码}
"""
VISITS = "就诊号,患者号,体重,出院时间\nA,P1,六十,2025-03-09 10:00\nB,P2,70,2025-04-01 09:30\n"
DIAGNOSES = "就诊号,序号,编码\nA,1,I21.0\nA,2,I10\nB,1,J18.9\n"


@pytest.fixture
def profile(tmp_path):
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    return folder


@pytest.fixture
def interface(profile, db):
    return Interface.objects.create(name="病区", profile=str(profile), settle_seconds=60)


@pytest.fixture
def watched(interface, tmp_path, monkeypatch):
    """The folder that the interface watches."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    monkeypatch.setattr(settings, "INBOXES", (folder,))
    interface.folder = str(folder)
    interface.save()
    return folder


@pytest.fixture
def upload(interface):
    """Upload files by name and content: `upload(visits=...)` is visits.csv."""

    def upload(**contents):
        files = [(f"{name}.csv", BytesIO(text.encode())) for name, text in contents.items()]
        return actions.receive(files=files, interface=interface)

    return upload


@pytest.fixture
def stored(upload):
    """Upload, confirm and store at once."""

    def stored(**contents):
        batch = upload(**contents)
        actions.preview(batch=batch)
        actions.confirm(batch=batch, by=None)
        return actions.store(batch=batch)

    return stored


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    for folder in (deliveries.home(), mirror.home(), private.root()):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_folder() -> Path:
    return Path(settings.DATA)

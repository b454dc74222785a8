"""Planted patients stand nowhere in clear: not in the database, the mirror, deliveries, logs or temporary files."""

import logging
import shutil
import tempfile
import time
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from tests import database
from tests.cast import make_cast
from tests.planted import COUNT, MARKS, PROFILE, TEXT, in_clear, name, patient_id, planted_files

from zhiheng.ingestion import actions, deliveries, mirror, private, queries
from zhiheng.ingestion.models import Batch, Interface, Place
from zhiheng.site.postgres import SUPERUSER

pytestmark = pytest.mark.django_db(transaction=True)
BY_UPLOAD, BY_FOLDER = range(COUNT // 2), range(COUNT // 2, COUNT)


@pytest.fixture
def hospital(tmp_path):
    """An interface whose folder the hospital writes to; what lies there is the hospital's own, and in clear."""
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "inbox").mkdir()
    yield Interface.objects.create(name="医院", profile=str(tmp_path / "profile"), folder=str(tmp_path / "inbox"))
    for folder in (deliveries.home(), mirror.home(), private.root()):
        shutil.rmtree(folder, ignore_errors=True)


def upload(client, interface):
    """Send half of the patients through the browser, packed and in GB18030, look at the preview and confirm."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in planted_files(BY_UPLOAD, "gb18030").items():
            archive.writestr(file, content)
    client.force_login(make_cast().quality_officer)
    sent = {"interface": interface.pk, "files": [SimpleUploadedFile(f"{TEXT}.zip", packed.getvalue())]}
    assert client.post(reverse("ingestion:upload"), sent).status_code == 302
    batch = actions.preview(batch=Batch.objects.get())
    assert TEXT in client.get(reverse("ingestion:batch", args=[batch.pk])).content.decode()
    assert client.post(reverse("ingestion:confirm", args=[batch.pk])).status_code == 302
    return actions.store(batch=batch)


def drop_into_folder(interface):
    """Leave the other half in the watched folder, and look until it is taken."""
    for file, content in planted_files(BY_FOLDER).items():
        (Path(interface.folder) / file).write_bytes(content)
    actions.look(interface=interface)
    Place.objects.update(since=timezone.now() - timedelta(hours=1))
    [batch] = actions.look(interface=interface)
    return actions.store(batch=batch)


def work_on(client, batch):
    """Correct a reject, read the batch again, and look at all pages."""
    reject = batch.rejects.filter(kind="not_a_number").first()
    client.post(reverse("ingestion:correct", args=[reject.pk]), {"value": "61"})
    client.post(reverse("ingestion:run_again", args=[batch.pk]))
    actions.store(batch=batch)
    assert TEXT in client.get(reverse("ingestion:rejects")).content.decode()
    client.post(reverse("ingestion:rejects"), {"export": ""})


def on_disk():
    """Let the database write everything out; return the folders in which the product leaves anything."""
    with psycopg.connect(database.SERVER.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute("checkpoint")
    return [database.FOLDER, private.root()]


def of_our_temporary_files(since, own):
    """Yield the temporary files made since then, apart from those that the test itself keeps in clear."""
    for path in Path(tempfile.gettempdir()).iterdir():
        is_ours = path.is_file() and path.stat().st_mtime >= since and not own.is_relative_to(path)
        if is_ours and any(mark.encode() in path.read_bytes() for mark in MARKS):
            yield str(path)


def test_the_planted_patients_are_found_where_they_stand_in_clear(tmp_path):
    for encoding in ("utf-8", "gb18030", "utf-16-le"):
        (tmp_path / encoding).mkdir()
        (tmp_path / encoding / "notes").write_bytes(planted_files([1], encoding)["notes.csv"])
        assert list(in_clear([tmp_path / encoding]))


def test_nothing_of_a_planted_patient_stands_in_clear(client, hospital, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    began = time.time()
    batches = [upload(client, hospital), drop_into_folder(hospital)]
    for batch in batches:
        assert batch.state == Batch.State.STORED, batch.problem
        assert batch.rejects.filter(kind="not_a_number").exists()
        work_on(client, batch)
        mirror.write(batch=batch)

    found = queries.records(patient_ids=[patient_id(number) for number in range(COUNT)])
    assert sorted(set(found.tables["patient"].column("name").to_pylist())) == sorted({name(n) for n in range(COUNT)})
    assert mirror.read().tables["note"].num_rows == COUNT

    assert list(in_clear(on_disk())) == []
    assert list(of_our_temporary_files(began, tmp_path)) == []
    assert not any(mark in caplog.text for mark in MARKS)

"""Planted patients stand nowhere in clear, from their delivery to the answers about them.

Not in the database, its log and its log of changes, the mirror, deliveries, sessions, the product's log, temporary
files, nor in an address or the title of a page.
"""

import logging
import re
import shutil
import tempfile
import time
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app
from tests import database
from tests.casework import pack_version
from tests.cast import make_cast
from tests.planted import (
    COUNT,
    MARKS,
    PROFILE,
    TEXT,
    corrected_visits,
    identity,
    in_clear,
    name,
    needles,
    patient_id,
    planted_files,
    record_number,
    visit_id,
)
from tests.working import work_off

from zhiheng.audit.models import Entry
from zhiheng.casefinding.models import Case, State
from zhiheng.forms import queries as forms
from zhiheng.forms.models import Difference
from zhiheng.ingestion import actions, deliveries, mirror, queries
from zhiheng.ingestion.models import Batch, Interface, Place
from zhiheng.jobs.models import Failure
from zhiheng.jobs.queueing import queue
from zhiheng.site.postgres import SUPERUSER
from zhiheng.vault import private
from zhiheng.vault.logs import QuietFormatter

pytestmark = pytest.mark.django_db(transaction=True)
BY_UPLOAD, BY_FOLDER = range(COUNT // 2), range(COUNT // 2, COUNT)
HERS, ANOTHERS = 49, 47  # two patients of the folder, all of whose numbers are right
PHYSICIAN, NURSE, RECORD_NUMBER = "CM-0-1-1-1", "CM-0-1-1-2", "caseId"
REASON = f"{name(0)}，电话1{MARKS[1]}，家属不知"


class Browser(Client):
    """A browser that looks at each answer: where it leads to, and what stands in its title and its cookies."""

    def request(self, **request):
        answer = super().request(**request)
        page = "" if answer.streaming else answer.content.decode("utf-8", "replace")
        titles = re.findall(r"<title>(.*?)</title>", page, re.DOTALL)
        shown = [request.get("PATH_INFO", ""), request.get("QUERY_STRING", ""), *answer.headers.values(), *titles]
        assert list(marked("\n".join([*map(str, shown), str(self.cookies)]))) == []
        return answer


def marked(text, marks=MARKS):
    return (way for needle, way in needles(marks).items() if needle in text.encode())


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def browse():
    """Open the browser of somebody."""

    def open_for(user):
        browser = Browser()
        browser.force_login(user)
        return browser

    return open_for


@pytest.fixture
def product_log():
    """Write the product's log where the scan finds it, as `serve` and `worker` write it, and in all detail."""
    file = database.DATA / "product.log"
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(QuietFormatter())
    logging.getLogger().addHandler(handler)
    yield file
    logging.getLogger().removeHandler(handler)
    handler.close()
    file.unlink()


@pytest.fixture
def hospital(tmp_path, settings):
    """An interface whose folder the hospital writes to; what lies there is the hospital's own, and in clear."""
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "inbox").mkdir()
    settings.INBOXES = (tmp_path / "inbox",)
    yield Interface.objects.create(name="医院", profile=str(tmp_path / "profile"), folder=str(tmp_path / "inbox"))
    for folder in (deliveries.home(), mirror.home(), private.root()):
        shutil.rmtree(folder, ignore_errors=True)


def upload(client, interface):
    """Send half of the patients through the browser, packed and in GB18030, look at the preview and confirm."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in planted_files(BY_UPLOAD, "gb18030").items():
            archive.writestr(file, content)
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
    return take_from_folder(interface)


def take_from_folder(interface):
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


# What people do with the cases that come of it -----------------------------------------------------------------------


def find_and_list(browser, case, number):
    """Search by everything that names the patient, look at why the visit is a case, export the work list."""
    for text in (name(number), patient_id(number), visit_id(number), record_number(number), identity(number)):
        page = browser.post(reverse("casefinding:search"), {"q": text})
        assert page.context["rows"], text
    [visit] = case.visits.all()
    assert browser.get(reverse("casefinding:visit", args=[visit.pk]), {"disease": "STEMI"}).status_code == 200
    for text in (name(number), patient_id(number), record_number(number)):
        page = browser.post("/", {"search": text}, follow=True)
        assert TEXT in page.content.decode()
    assert browser.post(page.redirect_chain[-1][0], {"export": "1"}).status_code == 200


def fill_in(browser, colleague, case):
    """Answer, correct and undo, confirm, leave open, look at the proof; each with the mark wherever one may type."""

    def post(action, **said):
        answer = browser.post(f"/cases/{case.code}/form/{action}/", said, headers={"HX-Request": "true"})
        assert answer.status_code == 200, (action, said)

    assert TEXT in browser.get(f"/cases/{case.code}/").content.decode()
    post("answer", item=PHYSICIAN, value=f"{TEXT}医师")
    post("answer", item=PHYSICIAN, value=f"{TEXT}主任")
    post("undo", item=PHYSICIAN, change=case.changes.filter(item=PHYSICIAN).latest("pk").pk)
    post("answer", item=RECORD_NUMBER, do="confirm")
    post("open", item=NURSE, reason=REASON)
    stale = {"item": PHYSICIAN, "value": f"{TEXT}别人", "revision": "0"}
    assert colleague.post(f"/cases/{case.code}/form/answer/", stale).status_code == 409
    wrong = {"item": "CM-0-2-1-3", "value": name(0)}
    assert browser.post(f"/cases/{case.code}/form/answer/", wrong).status_code == 422
    for item, said in ((PHYSICIAN, f"{TEXT}主任"), (RECORD_NUMBER, MARKS[1]), (NURSE, REASON)):
        assert said in browser.get(f"/cases/{case.code}/proof/{item}/").content.decode()
    for address in ("form/print/", "form/hand-in/", "course/"):
        assert browser.get(f"/cases/{case.code}/{address}").status_code == 200
    assert browser.post(f"/cases/{case.code}/form/hand-in/").status_code == 409


def decide(browser, case):
    """Exclude a case and restore it, each with a reason that names the patient."""
    said = {"exclude-ground": "other", "exclude-remark": REASON}
    assert browser.post(reverse("casefinding:exclude", args=[case.code]), said).status_code == 302
    assert browser.post(reverse("casefinding:restore", args=[case.code]), {"restore-reason": REASON}).status_code == 302
    assert REASON in browser.get(reverse("casefinding:decision", args=[case.code])).content.decode()
    assert browser.get(f"/cases/{case.code}/course/").status_code == 200


def correct(browser, interface, case):
    """Let the hospital correct its records after somebody has confirmed them, and keep the answer."""
    (Path(interface.folder) / "visits.csv").write_bytes(corrected_visits(BY_FOLDER))
    take_from_folder(interface)
    work_off()
    difference = Difference.objects.get(case=case, state="open")
    said = {"difference": difference.pk, "do": "keep", "reason": REASON}
    assert browser.post(f"/cases/{case.code}/form/difference/", said).status_code == 302
    assert REASON in browser.get(f"/cases/{case.code}/proof/{RECORD_NUMBER}/").content.decode()


@app.task(name="tests.stumble")
def stumble(number):
    raise ValueError(f"{name(number)} {identity(number)}")


@app.task(name="tests.stumble_in_the_database")
def stumble_in_the_database(number):
    with connection.cursor() as cursor:
        cursor.execute("select %s::integer", [f"{name(number)} {identity(number)}"])


def fail(browser):
    """Let jobs fail with errors that quote a patient, and look at what is kept of them."""
    for task in (stumble, stumble_in_the_database):
        queue(task, number=1)
    work_off()
    assert Failure.objects.count() == 2
    page = browser.get(reverse("jobs:list"), {"status": "failed"})
    for job in Failure.objects.values_list("job_id", flat=True):
        page = browser.get(reverse("jobs:job", args=[job]))
        assert list(marked(page.content.decode())) == []


# Where it could have been left ---------------------------------------------------------------------------------------


def on_disk():
    """Let the database write everything out; return the folders in which the product leaves anything."""
    with psycopg.connect(database.SERVER.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute("checkpoint")
    return [database.FOLDER, private.root()]


def in_tables(marks=MARKS):
    """Yield each table that holds a mark when its rows are read as text: on the disk, long rows are compressed."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select t::text from "{table}" t')
            rows = "\n".join(row for (row,) in cursor.fetchall())
            hexadecimal = (way for needle, way in needles(marks).items() if needle.hex() in rows)
            yield from (f"{table}: {way}" for way in (*marked(rows, marks), *hexadecimal))


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


def test_a_patient_in_a_table_is_found(hospital):
    told = "骡筏"  # no mark: those of the other test must stand nowhere, also not where rows of the past are kept
    assert list(in_tables([told])) == []
    Interface.objects.filter(pk=hospital.pk).update(name=told)
    assert list(in_tables([told])) == [f"ingestion_interface: {told} in utf-8"]


def test_nothing_of_a_planted_patient_stands_in_clear(browse, cast, hospital, tmp_path, caplog, product_log):
    caplog.set_level(logging.DEBUG)
    began = time.time()
    pack_version("STEMI")
    officer, filler = browse(cast.quality_officer), browse(cast.filler)
    batches = [upload(officer, hospital), drop_into_folder(hospital)]
    for batch in batches:
        assert batch.state == Batch.State.STORED, batch.problem
        assert batch.rejects.filter(kind="not_a_number").exists()
        work_on(officer, batch)
        mirror.write(batch=batch)

    found = queries.records(patient_ids=[patient_id(number) for number in range(COUNT)])
    assert sorted(set(found.tables["patient"].column("name").to_pylist())) == sorted({name(n) for n in range(COUNT)})
    assert mirror.read().tables["note"].num_rows == COUNT

    work_off()
    cases = {case.sealed["encounter_id"]: case for case in Case.objects.filter(state=State.TO_FILL)}
    mine, other = cases[visit_id(HERS)], cases[visit_id(ANOTHERS)]
    assert forms.form_state(mine).items[RECORD_NUMBER].value == record_number(HERS)
    for browser in (officer, filler):
        find_and_list(browser, mine, HERS)
    fill_in(filler, officer, mine)
    decide(officer, other)
    correct(filler, hospital, mine)
    assert not any(mark in caplog.text for mark in MARKS)
    fail(browse(cast.maintenance_engineer))
    trail = browse(cast.audit_administrator).get(reverse("audit:list")).content.decode()
    assert list(marked(trail)) == []
    assert {"forms.left_open", "forms.undone", "forms.difference_kept", "casefinding.excluded"} <= set(
        Entry.objects.values_list("event", flat=True)
    )

    assert "ValueError" in product_log.read_text(encoding="utf-8")
    assert list(in_tables()) == []
    assert list(in_clear(on_disk())) == []
    assert list(of_our_temporary_files(began, tmp_path)) == []
    assert not any(list(marked(str(session.get_decoded()))) for session in Session.objects.all())

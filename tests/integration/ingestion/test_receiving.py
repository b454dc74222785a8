"""A delivery is received sealed, previewed, stored as a whole, and received again without effect."""

import shutil
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.integration.ingestion.conftest import DIAGNOSES, VISITS

from zhiheng.audit.models import Entry
from zhiheng.ingestion import actions, deliveries, jobs, mirror, queries
from zhiheng.ingestion.actions import batches
from zhiheng.ingestion.models import Batch, Reject
from zhiheng.ingestion.progress import Cancelled
from zhiheng.ingestion.records import MODELS
from zhiheng.vault import keys, private, resealing
from zhiheng.vault.sealing import blind

pytestmark = pytest.mark.django_db
State = Batch.State


def test_an_upload_waits_for_a_person_who_has_seen_the_preview(upload):
    batch = upload(visits=VISITS, diagnoses=DIAGNOSES)
    assert batch.state == State.RECEIVED
    assert actions.store(batch=batch).state == State.RECEIVED
    previewed = actions.preview(batch=batch)
    assert previewed.state == State.PREVIEWED
    shown = previewed.sealed["preview"]
    assert shown["tables"] == {"encounter": 2, "diagnosis": 3}
    assert [(file["name"], file["encoding"], file["rows"]) for file in shown["files"]] == [
        ("visits.csv", "utf-8", 2),
        ("diagnoses.csv", "utf-8", 3),
    ]
    assert [reject["found"] for reject in shown["rejects"]] == ["六十"]
    assert MODELS["encounter"].objects.count() == 0


def test_a_confirmed_batch_is_stored_with_its_counts_and_rejects(stored):
    batch = stored(visits=VISITS, diagnoses=DIAGNOSES)
    assert (batch.state, batch.runs, batch.problem, batch.progress) == (State.STORED, 1, "", {})
    assert batch.counts["diagnosis"] == {"new": 3, "corrected": 0, "unchanged": 0, "retired": 0, "outdated": 0}
    assert [(reject.kind, reject.field, reject.sealed["found"]) for reject in batch.rejects.all()] == [
        ("not_a_number", "体重", "六十")
    ]
    assert queries.encounter(blind("encounter", "B"))["weight_kg"] == 70
    assert Entry.objects.filter(event="ingestion.stored", on_code=batch.code).exists()


def test_the_same_files_again_are_the_same_batch(upload, stored):
    batch = stored(visits=VISITS, diagnoses=DIAGNOSES)
    assert upload(diagnoses=DIAGNOSES, visits=VISITS) == batch
    assert Batch.objects.count() == 1
    assert len(list(deliveries.home().iterdir())) == 1


def test_a_cancelled_delivery_may_come_again(upload):
    batch = upload(visits=VISITS)
    actions.cancel(batch=batch, by=None)
    assert upload(visits=VISITS) != batch


def test_a_corrected_delivery_retires_what_it_lacks(stored):
    stored(visits=VISITS, diagnoses=DIAGNOSES)
    batch = stored(visits=VISITS, diagnoses="就诊号,序号,编码\nA,1,I21.4\nB,1,J18.9\n")
    assert batch.counts["diagnosis"] == {"new": 0, "corrected": 1, "unchanged": 1, "retired": 1, "outdated": 0}
    assert batch.counts["encounter"]["unchanged"] == 2
    assert queries.row("diagnosis", "diagnoses", "A/2", 1)["code"] == "I10"


def test_what_stands_on_disk_is_sealed(upload):
    batch = upload(visits=VISITS)
    for path in deliveries.home().rglob("*"):
        if path.is_file():
            assert b"P1" not in path.read_bytes()
            assert "visits" not in path.name
            assert path.stat().st_mode & 0o077 == 0
    assert batch.sealed["files"][0]["name"] == "visits.csv"


def test_the_private_folder_is_gone_after_reading(upload):
    actions.preview(batch=upload(visits=VISITS))
    assert [path.name for path in private.root().iterdir()] == [".lock"]


def test_a_folder_left_by_a_killed_process_is_removed_by_the_next(upload):
    left = private.made_root() / "left"
    (left / "files").mkdir(parents=True)
    (left / "files" / "visits.csv").write_text(VISITS)
    actions.preview(batch=upload(visits=VISITS))
    assert not left.exists()


def test_a_folder_in_use_is_left_alone():
    with private.private_folder() as folder:
        assert private.sweep() == 0
        assert folder.exists()
    assert not folder.exists()


def test_a_folder_packed_with_its_files_is_read_all_the_same(interface):
    files = [("2025-03/visits.csv", BytesIO(VISITS.encode()))]
    batch = actions.preview(batch=actions.receive(files=files, interface=interface))
    assert batch.sealed["preview"]["tables"] == {"encounter": 2}


def test_files_that_are_not_part_of_the_delivery_are_only_noted(stored):
    batch = stored(visits=VISITS)
    assert batch.rejects.get(kind="no_file").effect == "noted"


def test_what_is_received_is_previewed_and_what_is_confirmed_is_stored_by_jobs(upload):
    def waiting():
        return sorted(ProcrastinateJob.objects.filter(status="todo").values_list("task_name", flat=True))

    batch = upload(visits=VISITS)
    assert waiting() == ["zhiheng.ingestion.jobs.preview_batch"]
    jobs.preview_batch(batch.pk)
    actions.confirm(batch=Batch.objects.get(), by=None)
    assert "zhiheng.ingestion.jobs.store_batch" in waiting()
    jobs.store_batch(batch.pk)
    jobs.store_batch(batch.pk)  # a job may run twice
    assert Batch.objects.get().counts["encounter"]["new"] == 2
    assert "zhiheng.ingestion.jobs.mirror_batch" in waiting()
    said = str(list(ProcrastinateJob.objects.values_list("args", flat=True)))
    assert "visits" not in said


class TestFailure:
    def test_a_delivery_of_which_nothing_can_be_read_fails_and_says_so(self, stored):
        batch = stored(visits="不是,我们,要的\n1,2,3\n")
        assert batch.state == State.FAILED
        assert batch.problem
        assert batch.rejects.filter(effect="file").exists()

    def test_a_profile_with_mistakes_is_named_and_the_batch_runs_again_once_it_is_mended(self, upload, profile):
        batch = upload(visits=VISITS)
        good = (profile / "profile.yaml").read_text()
        (profile / "profile.yaml").write_text(good.replace("encounter_id: 就诊号", "encounter_idd: 就诊号", 1))
        failed = actions.preview(batch=batch)
        assert failed.state == State.FAILED
        assert "encounter_idd" in failed.problem
        (profile / "profile.yaml").write_text(good + "\n")
        actions.run_again(batch=batch, by=None)
        assert actions.store(batch=batch).state == State.STORED

    def test_half_of_a_batch_never_stays(self, upload, monkeypatch):
        batch = upload(visits=VISITS, diagnoses=DIAGNOSES)
        actions.preview(batch=batch)
        actions.confirm(batch=batch, by=None)
        monkeypatch.setattr(batches.rejects, "keep", _fail)
        with pytest.raises(ZeroDivisionError):
            actions.store(batch=batch)
        batch.refresh_from_db()
        assert batch.state == State.FAILED
        assert "ZeroDivisionError" in batch.problem
        assert "张三" not in batch.problem
        assert MODELS["encounter"].objects.count() == 0
        monkeypatch.undo()
        actions.run_again(batch=batch, by=None)
        assert actions.store(batch=batch).counts["encounter"]["new"] == 2

    def test_a_batch_that_was_cut_off_while_running_is_taken_up_again(self, upload):
        batch = upload(visits=VISITS)
        Batch.objects.filter(pk=batch.pk).update(state=State.RUNNING)
        assert actions.store(batch=batch).state == State.STORED
        assert actions.store(batch=batch).counts["encounter"]["new"] == 2  # a job that runs twice has one effect

    def test_a_file_changed_on_the_disk_does_not_open(self, upload):
        batch = upload(visits=VISITS)
        file = deliveries.home() / batch.sealed["folder"] / "0"
        sealed = bytearray(file.read_bytes())
        sealed[-1] ^= 1
        file.write_bytes(sealed)
        assert actions.preview(batch=batch).state == State.FAILED


def _fail(*_anything):
    raise ZeroDivisionError("张三")


class TestCancelling:
    def test_a_batch_that_waits_is_cancelled_and_its_files_go(self, upload, django_capture_on_commit_callbacks):
        batch = upload(visits=VISITS)
        with django_capture_on_commit_callbacks(execute=True):
            assert actions.cancel(batch=batch, by=None).state == State.CANCELLED
        assert not (deliveries.home() / batch.sealed["folder"]).exists()
        assert actions.store(batch=batch).state == State.CANCELLED

    def test_a_preview_does_not_bring_back_what_was_cancelled_meanwhile(self, upload, monkeypatch):
        batch, read = upload(visits=VISITS), batches.reading.read

        def cancelled_meanwhile(*arguments):
            found = read(*arguments)
            actions.cancel(batch=batch, by=None)
            batches.purge_files(batch)
            return found

        monkeypatch.setattr(batches.reading, "read", cancelled_meanwhile)
        assert actions.preview(batch=batch).state == State.CANCELLED
        batch.refresh_from_db()
        assert batch.state == State.CANCELLED
        assert batch.purged_at is not None

    def test_a_batch_is_not_stored_that_was_cancelled_a_moment_before(self, upload):
        batch = upload(visits=VISITS)
        actions.preview(batch=batch)
        actions.confirm(batch=batch, by=None)
        batch.refresh_from_db()  # as the job has read it
        actions.cancel(batch=batch, by=None)
        assert not batches._begin(batch)
        assert Batch.objects.get(pk=batch.pk).state == State.CANCELLED

    def test_a_run_that_is_cancelled_leaves_nothing(self, upload, monkeypatch):
        batch = upload(visits=VISITS)
        actions.preview(batch=batch)
        actions.confirm(batch=batch, by=None)

        def cancelled(*_anything, **_named):
            raise Cancelled

        monkeypatch.setattr(batches.rejects, "keep", cancelled)
        assert actions.store(batch=batch).state == State.CANCELLED
        assert MODELS["encounter"].objects.count() == 0

    def test_a_run_that_was_cut_off_long_ago_can_be_ended_and_read_again(self, upload):
        batch = upload(visits=VISITS)
        Batch.objects.filter(pk=batch.pk).update(
            state=State.RUNNING, progress={"at": (timezone.now() - timedelta(hours=1)).isoformat()}
        )
        assert actions.cancel(batch=batch, by=None).state == State.FAILED
        actions.run_again(batch=batch, by=None)
        assert actions.store(batch=batch).state == State.STORED

    def test_what_is_stored_can_no_longer_be_cancelled(self, stored):
        with pytest.raises(actions.CannotDo):
            actions.cancel(batch=stored(visits=VISITS), by=None)


@pytest.mark.django_db(transaction=True)
def test_a_running_batch_shows_how_far_it_is_and_stops_when_asked(upload, monkeypatch):
    batch = upload(visits=VISITS)
    actions.preview(batch=batch)
    actions.confirm(batch=batch, by=None)
    seen = []
    store = batches.storing.store

    def watch(*arguments, advance, **named):
        def advanced(rows):
            seen.append(Batch.objects.get(pk=batch.pk).progress)
            Batch.objects.filter(pk=batch.pk).update(is_cancelling=True) if len(seen) > 5 else None
            advance(rows)

        return store(*arguments, advance=advanced, **named)

    monkeypatch.setattr(batches.storing, "store", watch)
    assert actions.store(batch=batch).state == State.STORED
    assert seen[0]["step"] == "storing"
    assert seen[0]["total"] == 2
    batch.is_cancelling = True
    batch.save()
    assert set(map(type, seen[0].values())) <= {int, str}


class TestRetention:
    def test_files_are_removed_when_their_time_is_over(self, stored, interface):
        batch = stored(visits=VISITS)
        assert actions.purge_old() == 0
        interface.keep_days = 0
        interface.save()
        assert actions.purge_old() == 1
        assert not (deliveries.home() / batch.sealed["folder"]).exists()
        with pytest.raises(actions.CannotDo):
            actions.run_again(batch=batch, by=None)
        assert queries.encounter(blind("encounter", "A"))


@pytest.fixture
def keyring(tmp_path, settings):
    """A copy of the keyring, to which a test may add keys."""
    usual = settings.KEY_FILE
    settings.KEY_FILE = shutil.copy(usual, tmp_path / "keyring.json")
    keys.forget()
    yield settings.KEY_FILE
    settings.KEY_FILE = usual
    keys.forget()


def test_files_are_sealed_again_after_a_key_was_added(upload, keyring, tmp_path, monkeypatch):
    monkeypatch.setattr(mirror, "home", lambda: tmp_path / "mirror")
    batch = upload(visits=VISITS)
    assert resealing.reseal_files() == 0
    keys.add(keyring)
    keys.forget()
    assert (resealing.reseal_files(), resealing.reseal_files()) == (1, 0)
    assert actions.preview(batch=batch).state == State.PREVIEWED


class TestRejects:
    @pytest.fixture
    def batch(self, stored):
        return stored(visits=VISITS, diagnoses=DIAGNOSES)

    def weight(self):
        return queries.encounter(blind("encounter", "A"))["weight_kg"]

    def test_a_correction_takes_effect_when_the_batch_is_read_again(self, batch):
        reject = actions.correct(reject=batch.rejects.get(), value="60", by=None)
        assert (reject.state, reject.is_pending) == (Reject.State.CORRECTED, True)
        assert actions.replay(batch=batch, by=None) == [batch]
        again = actions.store(batch=batch)
        assert self.weight() == 60
        assert queries.row("encounter", "visits", "A", 1)["weight_kg"] is None
        assert again.counts["encounter"] == {"new": 2, "corrected": 1, "unchanged": 0, "retired": 0, "outdated": 0}
        reject.refresh_from_db()
        assert (reject.state, reject.is_pending) == (Reject.State.CORRECTED, False)
        assert batch.rejects.count() == 1

    def test_a_replay_without_any_correction_changes_nothing(self, batch):
        before = batch.counts
        actions.replay(batch=batch, by=None)
        assert actions.store(batch=batch).counts == before
        assert batch.rejects.get().state == Reject.State.OPEN

    def test_a_correction_that_is_wrong_again_is_a_reject_of_its_own(self, batch):
        actions.correct(reject=batch.rejects.get(), value="很重", by=None)
        actions.replay(batch=batch, by=None)
        actions.store(batch=batch)
        assert [(one.sealed["found"], one.state) for one in batch.rejects.order_by("number")] == [
            ("六十", "corrected"),
            ("很重", "open"),
        ]

    def test_a_correction_typed_while_the_files_are_read_waits_for_the_next_reading(self, batch, monkeypatch):
        read = batches.reading.read

        def corrected_meanwhile(*arguments):
            found = read(*arguments)
            actions.correct(reject=batch.rejects.get(), value="60", by=None)
            return found

        monkeypatch.setattr(batches.reading, "read", corrected_meanwhile)
        actions.replay(batch=batch, by=None)
        actions.store(batch=batch)
        reject = batch.rejects.get()
        assert (reject.state, reject.is_pending) == (Reject.State.CORRECTED, True)
        monkeypatch.setattr(batches.reading, "read", read)
        actions.replay(batch=batch, by=None)
        actions.store(batch=batch)
        assert self.weight() == 60

    def test_a_correction_can_be_taken_back(self, batch):
        reject = actions.correct(reject=batch.rejects.get(), value="60", by=None)
        actions.replay(batch=batch, by=None)
        actions.store(batch=batch)
        actions.reopen(reject=reject, by=None)
        actions.replay(chosen=[reject], by=None)
        actions.store(batch=batch)
        assert self.weight() is None
        reject.refresh_from_db()
        assert reject.state == Reject.State.OPEN

    def test_a_reject_is_dismissed_with_a_reason_and_stays_so(self, batch):
        with pytest.raises(actions.CannotDo):
            actions.dismiss(reject=batch.rejects.get(), note=" ", by=None)
        actions.dismiss(reject=batch.rejects.get(), note="卧床，无法称重", by=None)
        actions.replay(batch=batch, by=None)
        actions.store(batch=batch)
        assert batch.rejects.get().state == Reject.State.DISMISSED
        assert batch.rejects.get().sealed["note"] == "卧床，无法称重"

    def test_a_reject_that_a_mended_profile_no_longer_meets_is_resolved(self, batch, profile):
        file = profile / "profile.yaml"
        text = file.read_text().replace("{from: 体重, optional: true}", "{from: 体重, map: {六十: 60, '*': null}}")
        file.write_text(text)
        actions.replay(batch=batch, by=None)
        actions.store(batch=batch)
        assert batch.rejects.get().state == Reject.State.RESOLVED
        assert self.weight() == 60

    def test_what_is_not_a_field_of_a_row_is_not_corrected_here(self, stored):
        batch = stored(visits="就诊号,患者号,体重,出院时间\nA,P1,60,\n多,一,列,的,行\n")
        with pytest.raises(actions.CannotDo):
            actions.correct(reject=batch.rejects.filter(field="").first(), value="x", by=None)

    def test_every_decision_is_audited_without_any_value(self, batch):
        actions.correct(reject=batch.rejects.get(), value="60", by=None)
        entry = Entry.objects.get(event="ingestion.reject_corrected")
        assert entry.detail == {"batch": batch.code, "kind": "not_a_number"}

"""A watched folder: what has arrived in full is taken once, and nothing of the hospital's is touched."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.integration.ingestion.conftest import DIAGNOSES, VISITS

from zhiheng.ingestion import actions
from zhiheng.ingestion.actions import watching
from zhiheng.ingestion.models import Batch, Place
from zhiheng.ingestion.records import MODELS

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(interface, watched):
    """Look into the folder, after some seconds have passed."""

    def look(after=0):
        Place.objects.update(since=timezone.now() - timedelta(seconds=after)) if after else None
        return actions.look(interface=interface)

    return look


def test_a_file_is_taken_once_it_has_stopped_changing(look, watched):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    assert look() == []
    assert look(after=30) == []
    (watched / "visits.csv").write_text(VISITS + "C,P3,80,\n", encoding="utf-8")
    assert look(after=61) == []  # it has changed: the time begins anew
    [batch] = look(after=61)
    assert (batch.state, batch.origin) == (Batch.State.WAITING, Batch.Origin.FOLDER)
    assert actions.store(batch=batch).counts["encounter"]["new"] == 3


def test_a_size_that_grows_under_an_old_date_is_a_change(look, watched):
    file = watched / "visits.csv"
    for text in (VISITS[:30], VISITS):
        file.write_text(text, encoding="utf-8")
        os.utime(file, (1_700_000_000, 1_700_000_000))
        assert look(after=61) == []


def test_what_was_taken_is_not_taken_again(look, watched):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    assert len(look(after=61)) == 1
    assert look(after=61) == []
    (watched / "visits.csv").touch()  # another time, the same content
    look()
    assert [batch.pk for batch in look(after=61)] == [Batch.objects.get().pk]


def test_a_file_that_changed_is_the_next_delivery_with_all_that_lies_there(look, watched):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    actions.store(batch=look(after=61)[0])
    (watched / "diagnoses.csv").write_text(DIAGNOSES, encoding="utf-8")
    look()
    batch = actions.store(batch=look(after=61)[0])
    assert (batch.counts["encounter"]["unchanged"], batch.counts["diagnosis"]["new"]) == (2, 3)


def test_with_a_marker_it_is_taken_when_the_marker_is_there(look, watched, interface):
    interface.marker = "完成.done"
    interface.save()
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    assert look() == look(after=1000) == []
    (watched / "完成.done").touch()
    [batch] = look()
    assert [file["name"] for file in batch.sealed["files"]] == ["visits.csv"]


def test_each_folder_with_files_of_the_profile_is_a_delivery(look, watched):
    for month, text in (("2025-03", VISITS), ("2025-04", VISITS.replace("A,", "X,"))):
        (watched / month).mkdir()
        (watched / month / "visits.csv").write_text(text, encoding="utf-8")
    (watched / "other").mkdir()
    (watched / "other" / "letter.txt").write_text("?")
    look()
    assert len(look(after=61)) == 2


def test_links_hidden_files_and_what_the_profile_ignores_are_passed_over(look, watched, tmp_path):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    (tmp_path / "secret.csv").write_text(DIAGNOSES)
    (watched / "diagnoses.csv").symlink_to(tmp_path / "secret.csv")
    (watched / ".visits.csv.part").write_text("x")
    (watched / "README.md").write_text("x")
    look()
    [batch] = look(after=61)
    assert [file["name"] for file in batch.sealed["files"]] == ["visits.csv"]


def test_a_file_that_changes_while_it_is_taken_is_left_for_the_next_look(look, watched, monkeypatch):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    monkeypatch.setattr("zhiheng.ingestion.folders.Found.is_unchanged", lambda found: False)
    assert look(after=61) == []
    assert Batch.objects.count() == 0


def test_files_stay_where_they_are(look, watched):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    batch = actions.store(batch=look(after=61)[0])
    assert actions.tidy(batch=batch) == 0
    assert (watched / "visits.csv").read_text(encoding="utf-8") == VISITS


def test_unless_the_interface_asks_to_move_them(look, watched, interface):
    interface.move_to = "已接收"
    interface.save()
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    batch = look(after=61)[0]
    assert actions.tidy(batch=batch) == 0  # not before they are stored
    batch = actions.store(batch=batch)
    assert actions.tidy(batch=batch) == 1
    assert (watched / "已接收" / batch.code / "visits.csv").read_text(encoding="utf-8") == VISITS
    assert look() == look(after=61) == []


def test_something_newer_is_not_moved_with_the_old(look, watched, interface):
    interface.move_to = "done"
    interface.save()
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    batch = actions.store(batch=look(after=61)[0])
    (watched / "visits.csv").write_text(VISITS + "C,P3,80,\n", encoding="utf-8")
    assert actions.tidy(batch=batch) == 0


def test_a_folder_that_is_away_is_said_and_does_no_harm(look, watched, interface):
    watched.rmdir()
    assert look() == []
    interface.refresh_from_db()
    assert interface.problem
    assert interface.last_looked_at
    watched.mkdir()
    look()
    interface.refresh_from_db()
    assert interface.problem == ""


def test_an_interface_that_is_switched_off_takes_nothing(look, watched, interface):
    interface.is_enabled = False
    interface.save()
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    assert look() == look(after=61) == []
    assert MODELS["encounter"].objects.count() == 0


def test_a_folder_that_no_longer_stands_within_the_inbox_is_not_read(look, watched, interface, settings, tmp_path):
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    settings.INBOXES = (tmp_path / "another",)
    assert look() == look(after=61) == []
    interface.refresh_from_db()
    assert "ZHIHENG_INBOX" in interface.problem
    assert not Place.objects.exists()


def test_a_link_to_a_folder_elsewhere_is_passed_over(look, watched, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "visits.csv").write_text(VISITS, encoding="utf-8")
    (watched / "2025-03").symlink_to(tmp_path / "elsewhere")
    (watched / "2025-04").mkdir()
    (watched / "2025-04" / "visits.csv").symlink_to(tmp_path / "elsewhere" / "visits.csv")
    assert look() == look(after=61) == []


def test_a_file_that_becomes_a_link_before_it_is_taken_is_not_followed(look, watched, interface, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text(VISITS, encoding="utf-8")
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    opened = watching._opened

    def swapped(stack, path):
        path.unlink()
        path.symlink_to(tmp_path / "secret")
        return opened(stack, path)

    monkeypatch.setattr(watching, "_opened", swapped)
    assert look(after=61) == []
    interface.refresh_from_db()
    assert "OSError" in interface.problem
    assert not Batch.objects.exists()


def test_stored_files_are_not_moved_through_a_link(look, watched, interface, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (watched / "taken").symlink_to(tmp_path / "elsewhere")
    interface.move_to = "taken"
    interface.save()
    (watched / "visits.csv").write_text(VISITS, encoding="utf-8")
    look()
    [batch] = look(after=61)
    assert actions.tidy(batch=actions.store(batch=batch)) == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []

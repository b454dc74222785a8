"""The audit trail: appended, sealed, never changed; and what an examination finds where somebody changed it."""

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from tests.cast import make_account, make_cast

from zhiheng.audit import anchor, protection, sealing
from zhiheng.audit.context import address_of, coming_from
from zhiheng.audit.models import Entry, Seal, Verification
from zhiheng.audit.recording import log
from zhiheng.audit.verify import verify
from zhiheng.site.postgres_config import APP

pytestmark = pytest.mark.django_db
INSERT = "insert into audit_entry (at, event, roles, on_kind, on_code, detail) values (now(), '{}', '', '', '', '{{}}')"


@pytest.fixture(autouse=True)
def _own_anchor(settings, tmp_path):
    settings.DATA = tmp_path


def act(count=1, **detail):
    return [log("test.done", by=None, number=number, **detail) for number in range(count)]


def behind_the_back(statement, *values):
    """What somebody with the rights of the owner could do who switches the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("set local session_replication_role = origin")


def test_an_entry_knows_who_from_where_and_with_which_roles():
    user = make_account("li", "leader")
    with coming_from("10.1.2.3"):
        entry = log("test.done", by=user, on=user, count=3)
    entry.refresh_from_db()
    assert (entry.by, entry.roles, entry.address) == (user, "leader", "10.1.2.3")
    assert (entry.on_kind, entry.on_code, entry.detail) == ("accounts.user", "li", {"count": 3})


@pytest.mark.django_db(transaction=True)
def test_an_entry_needs_the_transaction_of_its_act():
    with pytest.raises(RuntimeError, match="outside of a transaction"):
        log("test.done", by=None)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "6.6.6.6", "10.0.0.1"),
        (("10.0.0.1",), "192.168.7.8", "192.168.7.8"),
        (("10.0.0.1",), "6.6.6.6, 192.168.7.8", "192.168.7.8"),  # what stands before was written by the sender
        (("10.0.0.1",), "nonsense", "10.0.0.1"),
        (("10.0.0.1",), "", "10.0.0.1"),
    ],
)
def test_a_forwarded_address_is_believed_from_known_proxies_alone(rf, settings, trusted, forwarded, address):
    settings.TRUSTED_PROXIES = trusted
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert address_of(request) == address


# --- sealing


def test_a_sealed_trail_is_whole():
    act(5)
    assert sealing.seal_waiting() == 5
    assert verify() == verify(timezone.now())
    assert (verify().outcome, verify().sealed, verify().unsealed) == ("passed", 5, 0)
    assert sealing.seal_waiting() == 0


def test_new_entries_are_counted_as_not_sealed_yet():
    act(2)
    sealing.seal_waiting()
    act(3)
    assert (verify().outcome, verify().sealed, verify().unsealed) == ("passed", 2, 3)


def test_entries_that_wait_for_long_say_that_the_sealer_does_not_run():
    act(1)
    later = timezone.now() + timedelta(minutes=11)
    assert verify(later).problem == "not_sealed"


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_committed_late_is_sealed_late_and_not_skipped():
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as slow:
        slow.execute(INSERT.format("test.slow"))
        with transaction.atomic():
            act(3)
        assert sealing.seal_waiting() == 3
        slow.commit()
    late = Entry.objects.get(event="test.slow")
    assert late.pk < Entry.objects.order_by("pk").last().pk
    assert sealing.seal_waiting() == 1
    assert Seal.objects.get(entry_id=late.pk).position == 4
    assert verify().passed


def test_an_entry_far_below_the_newest_is_found_among_all(monkeypatch):
    act(1)
    monkeypatch.setattr(sealing, "RECENT", 0)
    sealing.seal_waiting()
    behind_the_back("insert into audit_seal values (2, %s, '', now())", Entry.objects.last().pk + 100)
    behind_the_back("delete from audit_seal where position = 1")
    assert sealing.seal_waiting() == 0
    assert sealing.seal_waiting(among_all=True) == 1


# --- examining


@pytest.mark.parametrize(
    "change",
    [
        "event = 'test.other'",
        "detail = '{}'",
        "at = at + interval '1 second'",
        "address = '10.9.9.9'",
        "on_code = 'STEMI-25-000001'",
        "roles = 'leader'",
    ],
)
def test_an_altered_entry_is_found(change):
    entries = act(5)
    sealing.seal_waiting()
    behind_the_back(f"update audit_entry set {change} where id = %s", entries[2].pk)
    found = verify()
    assert (found.outcome, found.problem, found.position, found.entry_id) == ("failed", "altered", 3, entries[2].pk)


def test_a_deleted_entry_is_found():
    entries = act(5)
    sealing.seal_waiting()
    behind_the_back("delete from audit_entry where id = %s", entries[1].pk)
    assert (verify().problem, verify().position, verify().entry_id) == ("missing", 2, entries[1].pk)


def test_an_entry_deleted_with_its_seal_is_found():
    entries = act(5)
    sealing.seal_waiting()
    behind_the_back("delete from audit_entry where id = %s", entries[1].pk)
    behind_the_back("delete from audit_seal where entry_id = %s", entries[1].pk)
    assert (verify().problem, verify().position) == ("gap", 2)


def test_seals_cannot_be_closed_up_over_a_gap():
    entries = act(5)
    sealing.seal_waiting()
    behind_the_back("delete from audit_entry where id = %s", entries[1].pk)
    behind_the_back("delete from audit_seal where entry_id = %s", entries[1].pk)
    for position in (3, 4, 5):
        behind_the_back("update audit_seal set position = %s where position = %s", position - 1, position)
    assert (verify().problem, verify().position) == ("altered", 2)


def test_a_trail_whose_end_was_cut_off_is_found(django_capture_on_commit_callbacks):
    act(5)
    with django_capture_on_commit_callbacks(execute=True):
        sealing.seal_waiting()
    assert json.loads(anchor.path().read_text())["position"] == 5
    assert anchor.path().stat().st_mode & 0o777 == 0o600
    assert verify().passed
    behind_the_back("delete from audit_entry where id in (select entry_id from audit_seal where position > 3)")
    behind_the_back("delete from audit_seal where position > 3")
    assert (verify().problem, verify().position) == ("cut_off", 4)


def test_without_the_keyring_nothing_is_claimed(settings, tmp_path):
    act(1)
    sealing.seal_waiting()
    settings.KEY_FILE = tmp_path / "gone.json"
    assert verify().outcome == "could_not_run"


# --- protection


@pytest.mark.parametrize("table", protection.TABLES)
@pytest.mark.parametrize("statement", ["update {} set at = now()", "delete from {}", "truncate {} cascade"])
def test_the_owner_of_the_tables_is_refused_too(table, statement):
    act(1)
    sealing.seal_waiting()
    Verification.objects.create(outcome="passed")
    connection.check_constraints()  # what is deferred would refuse the truncation for another reason
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.django_db(transaction=True)
def test_the_role_of_the_application_appends_and_reads_and_nothing_else(database_server):
    owner = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    name = connection.settings_dict["NAME"]
    with psycopg.connect(**owner) as rights:
        rights.execute(f"grant usage on schema public to {APP}")
        rights.execute(f"grant select, insert, update, delete on all tables in schema public to {APP}")
        rights.execute(f"grant usage, select on all sequences in schema public to {APP}")
        protection.protect(rights, APP)
    with psycopg.connect(database_server.url(APP, name), autocommit=True) as app:
        assert protection.weaknesses(app) == []
        app.execute(INSERT.format("test.app"))
        assert app.execute("select event from audit_entry").fetchone() == ("test.app",)
        for refused in (
            "update audit_entry set event = 'x'",
            "delete from audit_entry",
            "truncate audit_entry",
            "alter table audit_entry disable trigger user",
            "drop table audit_seal",
            "set session_replication_role = replica",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(refused)
    with psycopg.connect(**owner) as rights:
        assert "own audit_entry" in protection.weaknesses(rights)


# --- pages


def test_the_audit_administrator_finds_what_a_person_did_and_examines_the_trail(client):
    cast = make_cast()
    log("desk.case_opened", by=cast.filler, on=None, case="STEMI-25-000001")
    log("accounts.logged_in", by=cast.leader, on=cast.leader, way="totp")
    client.force_login(cast.audit_administrator)
    page = client.get("/audit/", {"room": "desk"}).content.decode()
    assert "STEMI-25-000001" in page
    assert "打开病例" in page
    assert "totp" not in page
    page = client.post("/audit/verify/", follow=True).content.decode()
    assert "审计记录完整" in page
    listed = Entry.objects.filter(event="web.listed", by=cast.audit_administrator).first()
    assert listed.detail["query"] == "room=desk"


def test_the_trail_is_exported_with_its_filter_and_that_is_in_the_trail(client):
    cast = make_cast()
    client.force_login(cast.audit_administrator)
    answer = client.post("/audit/?room=accounts", {"export": "1"})
    assert answer.headers["Content-Type"].endswith("sheet")
    assert Entry.objects.get(event="web.exported").detail["query"] == "room=accounts"

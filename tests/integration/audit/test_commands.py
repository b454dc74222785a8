"""zhiheng audit verify and zhiheng keys rotate, as an administrator runs them."""

import json

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from tests import database
from tests.casework import open_case
from tests.cast import make_account, make_cast
from typer.testing import CliRunner

from zhiheng.__main__ import app
from zhiheng.audit.models import Entry
from zhiheng.audit.recording import log
from zhiheng.audit.sealing import seal_waiting
from zhiheng.autofill.models import Filling
from zhiheng.forms import actions as forms
from zhiheng.site import granting
from zhiheng.site.postgres_config import APP, OWNER
from zhiheng.vault import files, keys, resealing
from zhiheng.vault.files import SealedReader, SealedWriter
from zhiheng.vault.sealing import key_number

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(settings, tmp_path, monkeypatch):
    """Run a command with a data folder and keys of its own, on the tests' database."""
    settings.DATA, settings.KEY_FILE = tmp_path, tmp_path / "keyring.json"
    keys.make(settings.KEY_FILE)
    monkeypatch.setenv("ZHIHENG_DATA", str(tmp_path))
    monkeypatch.setenv("ZHIHENG_KEY_FILE", str(settings.KEY_FILE))
    monkeypatch.setenv("ZHIHENG_SECRET_KEY", "x" * 60)
    monkeypatch.setenv("DATABASE_URL", url_as(OWNER))
    yield lambda *arguments: CliRunner().invoke(app, arguments)
    keys.forget()


def url_as(role):
    """Return the address of the database of this test."""
    return database.SERVER.url(role, connection.settings_dict["NAME"])


def act(count):
    with transaction.atomic():
        return [log("test.done", by=None, number=number) for number in range(count)]


def test_a_whole_trail_passes(run):
    act(3)
    seal_waiting()
    act(2)
    answer = run("audit", "verify")
    assert answer.exit_code == 0
    assert "审计记录完整。已封存 3 条，待封存 2 条。" in answer.output
    assert json.loads(run("audit", "verify", "--json").output)["outcome"] == "passed"


def test_a_broken_trail_fails_and_names_the_entry(run):
    entries = act(3)
    seal_waiting()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("update audit_entry set event = 'x' where id = %s", [entries[1].pk])
    answer = run("audit", "verify")
    assert answer.exit_code == 1
    assert f"第 2 环（记录 {entries[1].pk}）" in answer.output


def test_without_keys_the_trail_cannot_be_examined(run, settings):
    act(1)
    seal_waiting()
    settings.KEY_FILE.unlink()
    keys.forget()
    answer = run("audit", "verify")
    assert answer.exit_code == 2
    assert "无法核验" in answer.output


def test_a_rotation_seals_everything_again_and_is_in_the_trail(run):
    user = make_account("li")
    answer = run("keys", "rotate")
    assert answer.exit_code == 0, answer.output
    assert "已添加第 2 把密钥" in answer.output
    assert "accounts.user.totp_secret：重新加密 1 条" in answer.output
    with connection.cursor() as cursor:
        cursor.execute("select totp_secret from accounts_user where id = %s", [user.pk])
        assert key_number(cursor.fetchone()[0]) == 2
    assert list(Entry.objects.order_by("pk").values_list("event", flat=True)) == ["vault.key_added", "vault.resealed"]


REFUSED = r"never change|append-only"
FINAL = ("casefinding.caseevent", "forms.answerchange", "autofill.filling")


@pytest.fixture
def history(run):
    """One row in each table whose rows never change, sealed with the first key."""
    cast = make_cast()
    case = open_case(cast)
    case.events.create(kind="state", to_state=case.state, sealed={"reason": "甲"})
    forms.answer(case=case, item="CM-0-1-1-1", typed="甲", by=cast.filler)
    sealed = {"proposals": {}, "refused": []}
    Filling.objects.create(case=case, number=1, pack_version=case.pack_version, digest="0" * 64, sealed=sealed)
    return case


def keys_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"select distinct get_byte(sealed, 1) from {table} where sealed is not null")
        return {number for (number,) in cursor.fetchall()}


def test_rows_that_never_change_are_sealed_again_as_the_owner_of_their_table(run, history):
    said = [row.sealed for row in (*history.events.all(), *history.changes.all(), *history.fillings.all())]
    answer = run("keys", "rotate")
    assert answer.exit_code == 0, answer.output
    for name in FINAL:
        assert keys_of(name.replace(".", "_")) == {2}
        assert f"{name}.sealed：重新加密" in answer.output
    assert "第 1 把密钥：已无数据以它加密" in answer.output
    assert [row.sealed for row in (*history.events.all(), *history.changes.all(), *history.fillings.all())] == said
    assert run("audit", "verify").exit_code == 0
    removed = run("keys", "remove", "1", "--yes")
    assert removed.exit_code == 0, removed.output
    assert "第 1 把" not in run("keys", "show").output
    assert history.changes.first().sealed["after"]["value"] == "甲"
    assert Entry.objects.filter(event="vault.key_removed", detail={"number": 1}).exists()


def test_the_role_of_the_application_leaves_them_and_the_old_key_stays(run, history, settings, monkeypatch):
    granting.grant(url_as(OWNER), url_as(APP))
    monkeypatch.setenv("DATABASE_URL", url_as(APP))
    answer = run("keys", "rotate")
    assert answer.exit_code == 0, answer.output
    assert "casefinding.caseevent.sealed：重新加密 0 条，1 条只有表的所有者能重新加密" in answer.output
    assert "第 1 把密钥：3 条（" in answer.output
    refused = run("keys", "remove", "1", "--yes")
    assert refused.exit_code == 1
    assert "还不能移除：3 条" in refused.output
    assert 1 in keys.read(settings.KEY_FILE).seal
    monkeypatch.setenv("ZHIHENG_OWNER_DATABASE_URL", url_as(OWNER))
    assert "第 1 把密钥：已无数据以它加密" in run("keys", "reseal").output


@pytest.mark.parametrize("number", ["1", "7"])
def test_the_newest_key_and_one_that_is_none_are_not_removed(run, number):
    answer = run("keys", "remove", number, "--yes")
    assert answer.exit_code == 1
    assert "没有可移除的" in answer.output


@pytest.mark.parametrize(
    "change",
    [
        "case_id = case_id, sealed = sealed || '\\x00'::bytea",  # another length
        "sealed = overlay(sealed placing '\\x0001'::bytea from 1)",  # the same key
        "sealed = overlay(sealed placing '\\x0009'::bytea from 1), {other} = 'y'",  # another column, too
    ],
)
@pytest.mark.parametrize(
    ("table", "other"),
    [("casefinding_caseevent", "to_state"), ("forms_answerchange", "item"), ("autofill_filling", "digest")],
)
def test_even_the_owner_changes_nothing_else_of_them(history, table, other, change):
    with pytest.raises(DatabaseError, match=REFUSED), connection.cursor() as cursor:
        cursor.execute(f"update {table} set {change.format(other=other)} where sealed is not null")


@pytest.mark.parametrize("table", [name.replace(".", "_") for name in FINAL])
def test_the_role_of_the_application_changes_nothing_at_all_of_them(history, table):
    granting.grant(url_as(OWNER), url_as(APP))
    with psycopg.connect(url_as(APP)) as app_connection, pytest.raises(psycopg.Error, match=REFUSED):
        app_connection.execute(f"update {table} set sealed = overlay(sealed placing '\\x0009'::bytea from 1)")


def test_every_table_that_refuses_changes_lets_its_owner_seal_it_again(db):
    """A new table of sealed rows that never change needs the same door."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, p.prosrc from pg_trigger t join pg_class c on c.oid = t.tgrelid"
            " join pg_proc p on p.oid = t.tgfoid where not t.tgisinternal and (t.tgtype & 16) > 0"
        )
        functions = cursor.fetchall()
    sealed = {field.model._meta.db_table for field in resealing.fields()}
    guarded = {table: source for table, source in functions if table in sealed}
    assert set(guarded) == {name.replace(".", "_") for name in FINAL}
    assert all("vault_is_only_resealed" in source for source in guarded.values())


@pytest.fixture
def kind_of_file(tmp_path, monkeypatch):
    """Some sealed files of a kind that the vault is told of, beside those of the product."""
    for number in range(3):
        with SealedWriter(tmp_path / f"{number}.sealed", about="tests.file") as file:
            file.write(b"content")
    monkeypatch.setattr(files, "_places", dict(files._places))
    files.register("tests.file", lambda: tmp_path.glob("*.sealed*"))
    return tmp_path


def test_files_are_sealed_again_with_everything_else(run, kind_of_file):
    (kind_of_file / "0.sealed.resealing").write_bytes(b"left behind by a crash")
    answer = run("keys", "rotate")
    assert answer.exit_code == 0, answer.output
    assert "文件：重新加密 3 个" in answer.output
    for number in range(3):
        assert files.key_of(kind_of_file / f"{number}.sealed") == 2
        with SealedReader(kind_of_file / f"{number}.sealed", about="tests.file") as file:
            assert file.read() == b"content"
    assert "文件：重新加密 0 个" in run("keys", "reseal").output
    assert [entry.detail["files"] for entry in Entry.objects.filter(event="vault.resealed").order_by("pk")] == [3, 0]


def test_somebody_whom_nobody_can_help_is_rescued_on_the_server(run):
    user = make_account("li", "security_administrator")
    answer = run("accounts", "reset", "li")
    assert answer.exit_code == 0, answer.output
    user.refresh_from_db()
    assert user.check_password(answer.output.strip().split("：")[-1])
    assert (user.must_change, user.has_totp) == (True, False)
    assert Entry.objects.filter(event="accounts.rescued", on_code="li").exists()
    assert run("accounts", "reset", "wang").exit_code == 2

"""zhiheng audit verify and zhiheng keys rotate, as an administrator runs them."""

import json

import pytest
from django.db import connection, transaction
from tests.cast import make_account
from typer.testing import CliRunner

from zhiheng.__main__ import app
from zhiheng.audit.models import Entry
from zhiheng.audit.recording import log
from zhiheng.audit.sealing import seal_waiting
from zhiheng.vault import files, keys
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
    yield lambda *arguments: CliRunner().invoke(app, arguments)
    keys.forget()


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

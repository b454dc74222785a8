"""Patients' data at rest: sealing, blind index, keys and their rotation, files."""

import json
import logging
import os

import pytest
from tests.cast import make_account

from zhiheng.accounts.models import User
from zhiheng.vault import files, keys, resealing
from zhiheng.vault.files import PIECE, SealedReader, SealedWriter
from zhiheng.vault.sealing import CannotOpen, blind, digest, key_number, seal, seal_bytes, unseal, unseal_bytes


@pytest.fixture
def key_file(settings, tmp_path):
    settings.KEY_FILE = tmp_path / "keyring.json"
    keys.make(settings.KEY_FILE)
    keys.forget()
    yield settings.KEY_FILE
    keys.forget()


# --- values


def test_a_value_opens_where_it_was_sealed(key_file):
    assert unseal(seal({"name": "张三"}, about="case"), about="case") == {"name": "张三"}


def test_a_sealed_value_shows_nothing_and_never_the_same_twice(key_file):
    first, second = seal("张三丰", about="case"), seal("张三丰", about="case")
    assert first != second
    assert "张三丰".encode() not in first


def test_a_value_does_not_open_elsewhere(key_file):
    with pytest.raises(CannotOpen, match=r"forms\.answers"):
        unseal(seal("张三", about="casefinding.case"), about="forms.answers")


@pytest.mark.parametrize("place", [0, 1, 2, 13, 14, 20, -1])
def test_a_value_with_one_bit_changed_does_not_open(key_file, place):
    sealed = bytearray(seal("张三丰", about="case"))
    sealed[place] ^= 1
    with pytest.raises(CannotOpen) as problem:
        unseal(bytes(sealed), about="case")
    assert "张三丰" not in str(problem.value)


@pytest.mark.parametrize("length", [0, 1, 10, 29, 33])
def test_a_value_cut_off_does_not_open(key_file, length):
    with pytest.raises(CannotOpen):
        unseal(seal("张三丰", about="case")[:length], about="case")


def test_the_blind_index_is_equal_for_equal_values_of_a_kind_alone(key_file):
    assert blind("name", "张三") == blind("name", "张三")
    assert len({blind("name", "张三"), blind("name", "张四"), blind("patient", "张三")}) == 3


def test_index_and_digest_depend_on_the_key(key_file, settings, tmp_path):
    before = blind("name", "张三"), digest("audit.seal", b"x")
    settings.KEY_FILE = tmp_path / "other.json"
    keys.make(settings.KEY_FILE)
    assert blind("name", "张三") != before[0]
    assert digest("audit.seal", b"x") != before[1]


# --- the keyring


def test_a_new_keyring_is_private_and_never_overwritten(key_file):
    assert key_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        keys.make(key_file)


def test_a_keyring_others_may_read_is_told(key_file, caplog):
    key_file.chmod(0o640)
    keys.forget()
    keys._warn_if_open.cache_clear()
    with caplog.at_level(logging.WARNING):
        keys.keyring()
    assert "chmod 600" in caplog.text


def test_a_missing_keyring_says_where_and_what_to_do(key_file):
    key_file.unlink()
    keys.forget()
    with pytest.raises(keys.KeyringError, match=f"{key_file}.*zhiheng init.*ZHIHENG_KEY_FILE"):
        keys.keyring()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"seal": {}, "index": ""}', '{"seal": {"1": "c2hvcnQ="}, "index": "c2hvcnQ="}']
)
def test_a_damaged_keyring_is_refused(key_file, text):
    key_file.write_text(text)
    keys.forget()
    with pytest.raises(keys.KeyringError, match="恢复"):
        keys.keyring()


def test_what_an_older_key_sealed_opens_after_a_rotation(key_file):
    old, index = seal("张三", about="case"), blind("name", "张三")
    assert keys.add(key_file) == 2
    new = seal("李四", about="case")
    assert (key_number(old), key_number(new)) == (1, 2)
    assert unseal(old, about="case") == "张三"
    assert unseal(new, about="case") == "李四"
    assert blind("name", "张三") == index
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_a_running_process_takes_up_a_key_that_another_added(key_file):
    keys.keyring()
    ring = keys.read(key_file)
    said = json.loads(key_file.read_text())
    said["seal"]["2"] = said["index"]
    key_file.with_suffix(".new").write_text(json.dumps(said))
    key_file.with_suffix(".new").replace(key_file)
    sealed = (2).to_bytes(2) + b"x" * 40
    with pytest.raises(CannotOpen, match="key 2, does not open"):
        unseal_bytes(sealed, about="case")  # known now, though the bytes are none that it sealed
    assert keys.keyring().newest == 2
    assert ring.newest == 1


def test_a_value_of_an_unknown_key_says_what_is_missing(key_file):
    with pytest.raises(CannotOpen, match="key 7, which this keyring lacks"):
        unseal_bytes((7).to_bytes(2) + b"x" * 40, about="case")


@pytest.mark.django_db
def test_stored_values_are_sealed_again_with_the_newest_key(key_file, monkeypatch):
    monkeypatch.setattr(resealing, "CHUNK", 2)
    users = [make_account(f"u{number}") for number in range(5)]
    keys.add(key_file)
    done = {each.field: each for each in resealing.reseal_all()}
    assert done["accounts.user.totp_secret"].resealed == 5
    assert {number_of(user) for user in users} == {2}
    assert User.objects.get(pk=users[0].pk).totp_secret == users[0].totp_secret
    assert sum(each.resealed for each in resealing.reseal_all()) == 0


def number_of(user):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select totp_secret from accounts_user where id = %s", [user.pk])
        return key_number(cursor.fetchone()[0])


@pytest.mark.django_db
def test_rows_that_never_change_keep_their_key_and_are_counted(key_file):
    from django.db import connection

    user = make_account("li")
    with connection.cursor() as cursor:
        cursor.execute(
            "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'final'; end $$;"
            "create trigger final before update on accounts_user for each row execute function refuse()"
        )
    keys.add(key_file)
    field = User._meta.get_field("totp_secret")
    done = resealing.reseal_field(field)
    assert (done.resealed, done.kept) == (0, 1)
    assert User.objects.get(pk=user.pk).totp_secret


# --- files


def write(path, content, about="ingestion.delivery"):
    with SealedWriter(path, about=about) as file:
        file.write(content)
    return path


def read(path, about="ingestion.delivery"):
    with SealedReader(path, about=about) as file:
        return file.read()


SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17]


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back_as_it_was(key_file, tmp_path, size):
    content = os.urandom(size)
    path = write(tmp_path / "f", content)
    assert read(path) == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert size < 32 or content[:32] not in path.read_bytes()


def pieces(path):
    raw, at = path.read_bytes(), 20
    found = []
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4])
        found.append(raw[at : at + 4 + size])
        at += 4 + size
    return raw[:20], found


@pytest.mark.parametrize(
    "change",
    [
        lambda p: [p[1], p[0], p[2]],  # two swapped
        lambda p: [p[0], p[2]],  # one left out
        lambda p: [p[0], p[1]],  # the last left out
        lambda p: [p[0], p[0], p[1], p[2]],  # one twice
        lambda p: [p[0], p[1], p[2][:-1]],  # cut in a piece
        lambda p: [p[0], p[1], p[2], b"\x00\x00"],  # something more
        lambda p: [p[0], p[1], p[2], p[2]],  # two ends
        lambda p: [p[0], b"\xff\xff\xff\xff" + p[1][4:], p[2]],  # a size that would fill the memory
        lambda p: [],
    ],
)
def test_a_file_that_was_tampered_with_does_not_open(key_file, tmp_path, change):
    path = write(tmp_path / "f", os.urandom(2 * PIECE + 5))
    head, parts = pieces(path)
    assert len(parts) == 3
    path.write_bytes(head + b"".join(change(parts)))
    with pytest.raises(CannotOpen):
        read(path)


def test_a_piece_of_another_file_does_not_open(key_file, tmp_path):
    first, second = (write(tmp_path / name, os.urandom(PIECE + 5)) for name in "ab")
    head, parts = pieces(first)
    first.write_bytes(head + parts[0] + pieces(second)[1][1])
    with pytest.raises(CannotOpen):
        read(first)


def test_a_file_does_not_open_elsewhere_nor_one_that_was_never_sealed(key_file, tmp_path):
    with pytest.raises(CannotOpen):
        read(write(tmp_path / "f", b"x"), about="another.place")
    (tmp_path / "plain").write_bytes(b"a plain file of some length")
    with pytest.raises(CannotOpen, match="not one that was sealed here"):
        read(tmp_path / "plain")


def break_off(path):
    with SealedWriter(path, about="ingestion.delivery") as file:
        file.write(b"x" * (PIECE + 1))
        raise OSError("the upload broke off")


def test_a_file_whose_writing_broke_off_is_not_taken_for_the_whole(key_file, tmp_path):
    with pytest.raises(OSError, match="broke off"):
        break_off(tmp_path / "f")
    with pytest.raises(CannotOpen):
        read(tmp_path / "f")


def test_a_file_is_sealed_again_with_the_newest_key(key_file, tmp_path):
    content = os.urandom(PIECE + 5)
    path = write(tmp_path / "f", content)
    keys.add(key_file)
    assert files.reseal(path, about="ingestion.delivery")
    assert not files.reseal(path, about="ingestion.delivery")
    assert read(path) == content


def test_bytes_open_as_bytes(key_file):
    assert unseal_bytes(seal_bytes(b"\x00\xff", about="f"), about="f") == b"\x00\xff"

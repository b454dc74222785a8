"""Compiled packs are kept by the hash of what they were made from, and never trusted blindly."""

import hashlib
import pickle
import shutil
import stat

import pytest

from zhiheng.packs import loading
from zhiheng.packs.caching import Cache, content_hash
from zhiheng.packs.loading import load_pack


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def compiled(monkeypatch):
    """Counts how often a pack was really compiled."""
    times = []
    original = loading.compile_pack
    monkeypatch.setattr(loading, "compile_pack", lambda *args, **kwargs: times.append(1) or original(*args, **kwargs))
    return times


def only_file(cache):
    (path,) = cache.folder.glob("*.pack")
    return path


def test_an_unchanged_pack_is_compiled_once(toy, cache, compiled):
    first, second = load_pack(toy(), cache=cache), load_pack(toy(), cache=cache)
    assert first.form.items == second.form.items
    assert first.content_hash == second.content_hash
    assert len(compiled) == 1


def test_the_folder_belongs_to_its_user_alone(toy, cache):
    load_pack(toy(), cache=cache)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("folder", "file"), [("toy", "form"), ("toy/examples", "first"), ("common", "aliases")], ids=lambda name: name
)
def test_a_changed_file_means_compiling_again(toy, packs, cache, compiled, folder, file):
    before = load_pack(toy(), cache=cache)
    path = packs / folder / f"{file}.yaml"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as opened:
        opened.write("aliases: {}\n" if file == "aliases" else "# a remark\n")
    after = load_pack(packs / "toy", cache=cache)
    assert before.content_hash != after.content_hash
    assert len(compiled) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: b"not a pack",
    ],
    ids=["empty", "cut", "one bit", "other"],
)
def test_a_damaged_file_is_made_again(toy, cache, compiled, damage):
    load_pack(toy(), cache=cache)
    path = only_file(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert load_pack(toy(), cache=cache).abbr == "TOY"
    assert len(compiled) == 2


class Harm:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize("planted", [Harm(), shutil.rmtree, pickle.loads], ids=["call", "function", "loads"])
def test_what_we_did_not_write_is_not_run(toy, cache, compiled, capsys, planted):
    load_pack(toy(), cache=cache)
    payload = pickle.dumps(planted)
    only_file(cache).write_bytes(hashlib.sha256(payload).hexdigest().encode() + payload)
    assert load_pack(toy(), cache=cache).abbr == "TOY"
    assert len(compiled) == 2
    assert capsys.readouterr().out == ""


def test_a_folder_that_others_can_write_is_not_used(toy, cache, compiled):
    load_pack(toy(), cache=cache)
    cache.folder.chmod(0o777)
    load_pack(toy(), cache=cache)
    assert len(compiled) == 2


def test_a_cache_that_cannot_be_written_is_no_error(toy, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert load_pack(toy(), cache=Cache(blocked / "cache")).abbr == "TOY"


def test_old_files_of_a_pack_are_forgotten(toy, write, cache):
    for number in range(8):
        toy()
        write("toy/examples", first=f"# {number}\n")
        load_pack(toy(), cache=cache)
    assert len(list(cache.folder.glob("*.pack"))) == 4


def test_the_hash_covers_names_and_contents(write):
    one = write("one", a="x: 1\n", b="y: 2\n")
    same = write("two", a="x: 1\n", b="y: 2\n")
    other = write("three", a="x: 1\n", c="y: 2\n")
    assert content_hash(one) == content_hash(same) != content_hash(other)

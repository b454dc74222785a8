"""What every reader promises, whatever it reads."""

import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from zhiheng.records.problems import Effect
from zhiheng.records.schema import ORIGIN, TABLES, TIME
from zhiheng.records.store import Records
from zhiheng.sources.base import Reading

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ABOUT_THE_BATCH = {"file_not_in_profile", "no_file"}


def rejects(reading: Reading) -> list:
    return [reject for reject in reading.rejects if reject.kind not in ABOUT_THE_BATCH]


def test_a_good_folder_is_read_without_rejects(reader, folder, read_folder):
    reading = read_folder(folder)
    assert rejects(reading) == []
    assert {name: table.num_rows for name, table in reading.tables.items() if table.num_rows} == reader.TABLES


def test_tables_have_the_canonical_schema(folder, read_folder):
    for name, table in read_folder(folder).tables.items():
        assert table.schema.equals(TABLES[name].schema), name


def test_every_row_says_where_it_came_from(folder, read_folder):
    for name, table in read_folder(folder).tables.items():
        for column in ORIGIN:
            assert table.column(column.name).null_count == 0, (name, column.name)
        keys = list(zip(table.column("source").to_pylist(), table.column("source_id").to_pylist(), strict=True))
        assert len(set(keys)) == len(keys), name


def test_every_time_says_how_exact_it_is(folder, read_folder):
    for name, table in read_folder(folder).tables.items():
        for column in TABLES[name].columns:
            if column.type == TIME:
                values = zip(table.column(column.name), table.column(f"{column.name}_precision"), strict=True)
                assert all(value.is_valid == precision.is_valid for value, precision in values), (name, column.name)


def test_every_file_is_accounted_for(folder, read_folder):
    reading = read_folder(folder)
    known = {file.name for file in reading.files} | {reject.file for reject in reading.rejects}
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} <= known


def test_reading_twice_has_one_effect(reader, folder, read_folder):
    records = Records()
    records.merge(read_folder(folder).tables)
    done = records.merge(read_folder(folder).tables)
    assert {name: (merged.new, merged.corrected) for name, merged in done.items()} == dict.fromkeys(done, (0, 0))
    assert {name: table.num_rows for name, table in records.tables.items() if table.num_rows} == reader.TABLES


def test_a_corrected_record_is_a_new_version_and_the_old_one_stays(reader, folder, read_folder):
    records = Records()
    records.merge(read_folder(folder).tables)
    reader.write_corrected(folder)
    done = records.merge(read_folder(folder).tables)
    assert sum(merged.corrected for merged in done.values()) == 1
    assert sum(merged.new for merged in done.values()) == 0
    corrected = next(name for name, merged in done.items() if merged.corrected)
    assert records.latest(corrected).num_rows == reader.TABLES[corrected]
    assert records.tables[corrected].num_rows == reader.TABLES[corrected] + 1


def test_a_bad_row_is_rejected_with_all_that_is_needed_to_mend_it_and_the_rest_goes_on(reader, folder, read_folder):
    expected = reader.write_bad_rows(folder)
    reading = read_folder(folder)
    for kind, found in expected.items():
        reject = next((reject for reject in reading.rejects if reject.kind == kind), None)
        assert reject, f"no reject of kind {kind} among {[one.kind for one in reading.rejects]}"
        assert reject.file
        assert reject.row
        assert found in reject.found
        assert CHINESE.search(reject.reason)
        assert CHINESE.search(reject.remedy)
        assert reject.effect in Effect
    for name, count in reader.TABLES.items():
        assert reading.tables[name].num_rows >= count, name


def test_an_unknown_column_is_reported_and_harmless(reader, folder, read_folder):
    reader.write_extra(folder)
    reading = read_folder(folder)
    assert rejects(reading) == []
    assert {name: table.num_rows for name, table in reading.tables.items() if table.num_rows} == reader.TABLES
    reported = next(file for file in reading.files if file.name == reader.FILE)
    assert "surprise" in repr(reported)


def bomb(stream: bytes, megabytes: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        file.write(stream)
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    return packed.getvalue()


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", content)
    return packed.getvalue()


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&c;&f;</a>'
)
DAMAGE = {
    "empty": lambda good: b"",
    "blank": lambda good: b"\n \n\n",
    "zeros": lambda good: bytes(4096),
    "a picture": lambda good: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "a zip": lambda good: zipped(good),
    "xml with entities": lambda good: ENTITIES,
    "latin-1": lambda good: b"caf\xe9;na\xefve;\xfcber\n" * 50,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_go_on(reader, folder, read_folder, damage):
    file = folder / reader.FILE
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    reading = read_folder(folder)
    about = [reject for reject in reading.rejects if reject.file == reader.FILE]
    assert about, "the damage went unnoticed"
    assert all(CHINESE.search(reject.reason) and CHINESE.search(reject.remedy) for reject in about)
    if reader.OTHER:
        assert reading.tables[reader.OTHER].num_rows == reader.TABLES[reader.OTHER]


def test_a_file_cut_anywhere_is_never_read_silently_wrong(reader, folder, read_folder):
    """Each cut either is noticed or left whole records only: no value is other than in the whole file."""
    file = folder / reader.FILE
    good = file.read_bytes()
    whole = {name: set(map(content, table.to_pylist())) for name, table in read_folder(folder).tables.items()}
    for cut in range(1, len(good) - 1, max(1, len(good) // 60)):
        file.write_bytes(good[:cut])
        reading = read_folder(folder)
        noticed = any(reject.file == reader.FILE for reject in reading.rejects)
        same = all(
            content(row) in whole.get(name, set())
            for name, table in reading.tables.items()
            for row in table.to_pylist()
        )
        assert noticed or same, f"cut after {cut} bytes: {good[max(0, cut - 40) : cut]!r}"


def content(row: dict) -> str:
    return json.dumps({name: str(value) for name, value in row.items()}, sort_keys=True)


HOSTILE = {
    "a gzip bomb": (".gz", lambda good: bomb(good, 600)),
    "a gzip bomb without a line": (".gz", lambda good: bomb(b"", 400)),
    "a cut gzip": (".gz", lambda good: gzip.compress(good * 3, mtime=0)[:-20]),
    "a gzip with broken content": (".gz", lambda good: gzip.compress(good, mtime=0)[:30] + b"\xff" * 200),
    "no gzip at all": (".gz", lambda good: good),
    "one endless line": ("", lambda good: good + b"x" * (60 << 20)),
    "an endless quote": ("", lambda good: good + b'"' + b"x,y\n" * (4 << 20)),
    "many quotes that do not close": ("", lambda good: good + b'"a\n' * 300_000),
    "deep nesting": ("", lambda good: b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    "many broken lines": ("", lambda good: good + b"\x00\xff{[,,\n" * 1_000_000),
    "many broken bytes": ("", lambda good: good + b"\xd6,\xd6,\xd6\n" * 1_000_000),
    "many short lines": ("", lambda good: good + b"1\n" * 4_000_000),
}

CHILD = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from zhiheng.sources import profile, read
import zhiheng.sources.files, zhiheng.records.store
plan = profile.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (500 << 20), resource.RLIM_INFINITY))
start = time.monotonic()
reading = read(plan, Path(sys.argv[2]), received_at=datetime(2025, 4, 1, tzinfo=UTC))
print(json.dumps({
    "seconds": time.monotonic() - start,
    "rejects": sorted({(reject.file, reject.kind) for reject in reading.rejects}),
    "rows": {name: table.num_rows for name, table in reading.tables.items()},
}))
"""


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_file_ends_in_a_clean_reject_within_10_seconds_and_500_mb(reader, folder, tmp_path, attack):
    suffix, make = HOSTILE[attack]
    file = folder / reader.FILE
    if suffix and file.suffix == suffix:
        suffix = ""
    hostile = file.with_name(file.name + suffix)
    content = make(file.read_bytes())
    file.unlink()
    hostile.write_bytes(content)
    plan = tmp_path / "profile.yaml"
    plan.write_text(reader.PROFILE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, plan, folder], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["seconds"] < 10
    name = hostile.relative_to(folder).as_posix()
    assert any(file == name for file, _ in result["rejects"]), result
    if reader.OTHER:
        assert result["rows"][reader.OTHER] == reader.TABLES[reader.OTHER]


def test_damaged_files_are_named_below_their_folder(reader, folder, read_folder):
    (folder / "unasked").mkdir()
    (folder / "unasked" / "readme.docx").write_bytes(b"PK\x03\x04")
    kinds = {(reject.file, reject.kind) for reject in read_folder(folder).rejects}
    assert ("unasked/readme.docx", "file_not_in_profile") in kinds
    assert not any(Path(file).is_absolute() for file, _ in kinds)

"""FHIR JSON is taken apart strictly, and what cannot be taken apart says where it stands."""

import gzip
import json
from pathlib import Path

import pytest

from zhiheng.records.problems import Problem
from zhiheng.sources.base import Limits, Unreadable
from zhiheng.sources.fhir.documents import Broken, Document, Found, parse

PATIENT = {"resourceType": "Patient", "id": "1"}
VISIT = {"resourceType": "Encounter", "id": "2"}


def read(folder: Path, name: str, content: bytes) -> list[tuple[str, str]]:
    """Return place and what stands there: a resource's type, or the kind of the problem."""
    path = folder / name
    path.write_bytes(content)
    parts = Document(path, name, Limits()).resources()
    return [
        (part.place, part.resource["resourceType"] if isinstance(part, Found) else part.problem.kind) for part in parts
    ]


def bundle(kind: str, *entries: object) -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)}).encode()


def test_a_single_resource_is_read(tmp_path):
    assert read(tmp_path, "one.json", json.dumps(PATIENT, indent=2).encode()) == [("", "Patient")]


@pytest.mark.parametrize("kind", ["collection", "transaction", "searchset", "batch", "history"])
def test_every_entry_of_a_bundle_is_read(tmp_path, kind):
    content = bundle(kind, {"resource": PATIENT}, {"fullUrl": "urn:uuid:2", "resource": VISIT})
    assert read(tmp_path, "b.json", content) == [("entry[1]", "Patient"), ("entry[2]", "Encounter")]


def test_ndjson_has_one_resource_or_bundle_a_line(tmp_path):
    lines = [json.dumps(PATIENT).encode(), b"", bundle("collection", {"resource": VISIT})]
    expected = [("第1行", "Patient"), ("第3行 entry[1]", "Encounter")]
    assert read(tmp_path, "b.ndjson", b"\r\n".join(lines)) == expected
    assert read(tmp_path, "b.ndjson.gz", gzip.compress(b"\n".join(lines), mtime=0)) == expected
    assert read(tmp_path, "b.json", b"\n".join(lines)) == expected  # NDJSON under the name of JSON


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    assert read(tmp_path, "one.json", b"\xef\xbb\xbf" + json.dumps(PATIENT).encode()) == [("", "Patient")]


def test_a_broken_line_does_not_stop_the_next(tmp_path):
    good = json.dumps(PATIENT).encode()
    content = b"\n".join([good, b'{"resourceType": "Pat', b"[1]", '{"resourceType":"甲"}'.encode("gbk"), good])
    assert read(tmp_path, "b.ndjson", content) == [
        ("第1行", "Patient"),
        ("第2行", "not_json"),
        ("第3行", "no_resource"),
        ("第4行", "not_utf8"),
        ("第5行", "Patient"),
    ]


def test_what_a_bundle_wants_deleted_is_reported(tmp_path):
    content = bundle("transaction", {"request": {"method": "DELETE", "url": "Condition/7"}}, {"resource": PATIENT}, 5)
    assert read(tmp_path, "b.json", content) == [
        ("entry[1]", "deletion"),
        ("entry[2]", "Patient"),
        ("entry[3]", "no_resource"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b'{"a": 1, "a": 2}', "repeated_name"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": 1', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 1}{"b": 2}', "several_documents"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b"[" * 65 + b"]" * 65, "too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b"[" + b'{"a": {}},' * 40 + b'{"a": [', "not_json"),
        (b"[" + b"{}," * 3_000_000 + b"{}]", "too_large"),
    ],
)
def test_json_is_read_strictly(text, kind):
    problem = parse(text)
    assert isinstance(problem, Problem)
    assert problem.kind == kind


@pytest.mark.parametrize(
    "text",
    [b"[" * 64 + b"]" * 64, b'{"a": "' + b"[{" * 500 + b'"}', rb'{"a": "\"[[\\", "b": {}}', b"[[],[]," * 0 + b"[1]"],
)
def test_brackets_in_texts_do_not_count_as_nesting(text):
    assert parse(text) == json.loads(text)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.xml", b'<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"/>', "xml_resource"),
        ("a.json", b"\xef\xbb\xbf  <Patient/>", "xml_resource"),
        ("a.json", b"resourceType,id\nPatient,1\n", "not_json"),
        ("a.json", b"", "empty_file"),
        ("a.ndjson", b" \n\n", "empty_file"),
        ("a.json.gz", b"{}", "broken_archive"),
        ("a.json.gz", gzip.compress(json.dumps(PATIENT).encode(), mtime=0)[:-9], "broken_archive"),
        ("a.ndjson.gz", gzip.compress(b"\n" * (40 << 20), mtime=0), "zip_bomb"),
        ("a.ndjson", b"x\n" * 5000, "not_fhir"),
    ],
)
def test_a_file_that_is_something_else_is_set_aside_as_a_whole(tmp_path, name, content, kind):
    with pytest.raises(Unreadable) as raised:
        read(tmp_path, name, content)
    assert raised.value.kind == kind


def test_a_line_too_long_is_set_aside_and_the_next_is_read(tmp_path):
    good = json.dumps(PATIENT).encode()
    content = b"\n".join([good, b'"' + b"x" * (33 << 20) + b'"', good])
    assert [kind for _, kind in read(tmp_path, "a.ndjson", content)] == ["Patient", "too_large", "Patient"]


def test_a_reading_can_pass_over_types_without_parsing_them(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"resourceType":"Observation", broken\n' + json.dumps(PATIENT), encoding="utf-8")
    parts = list(Document(path, path.name, Limits()).resources(frozenset({"Observation"})))
    assert not any(isinstance(part, Broken) for part in parts)
    assert [part.resource["resourceType"] for part in parts if isinstance(part, Found)] == ["", "Patient"]

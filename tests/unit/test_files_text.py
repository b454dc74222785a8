"""Text tables: encodings, delimiters, quotes, and what happens to lines that are not as they should be."""

import gzip
import json
from pathlib import Path

import pytest

from zhiheng.sources.base import Limits, Unreadable
from zhiheng.sources.files.delimited import Delimited
from zhiheng.sources.files.encoding import decide
from zhiheng.sources.files.lines import Lines
from zhiheng.sources.files.opening import opener

CHINESE = "住院号,科室,诊断\nZY1,心血管内科,急性ST段抬高型下壁心肌梗死\nZY2,骨科,双侧髋关节病，Ⅱ期；37.5℃\n"


def opened(path: Path, limits: Limits | None = None):
    limits = limits or Limits()
    return opener(path, limits, limits.deadline())


def file(tmp_path: Path, content: bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def table(path: Path, *, limits: Limits | None = None, **options):
    """Return header, rows with their line numbers, and problems as (line, kind)."""
    read = Delimited(opened(path, limits), limits or Limits(), len, **options)
    chunks = list(read.chunks())
    rows = [(number, row) for chunk in chunks for number, row in zip(chunk.numbers, chunk.rows, strict=True)]
    problems = [(number, problem.kind) for chunk in chunks for number, problem in chunk.problems]
    return read.header, rows, problems


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CHINESE.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + CHINESE.encode(), "utf-8-sig"),
        (CHINESE.encode("gb18030"), "gb18030"),
        (CHINESE.encode("utf-16"), "utf-16"),
        ("\ufeff".encode("utf-16-be") + CHINESE.encode("utf-16-be"), "utf-16"),
        (b"a,b\n1,2\n", "utf-8"),
        ("姓名\n㐂𠮷\n张三\n李四\n王五\n赵六\n".encode("gb18030"), "gb18030"),  # rare characters in names
        (("x" * 3_000_000 + "\n中文").encode("gb18030"), "gb18030"),  # decided on the whole, not on the beginning
        (("x" * 3_000_000 + "\n中文").encode(), "utf-8"),
    ],
)
def test_the_encoding_is_decided_on_the_whole_file(tmp_path, content, encoding):
    assert decide(opened(file(tmp_path, content))).encoding == encoding


@pytest.mark.parametrize("name", ["gb2312", "gbk"])
def test_published_samples_of_encodings(shared, name):
    folder = shared("data/hostile/encodings")
    assert decide(opened(folder / f"{name}.txt")).encoding == "gb18030"
    assert decide(opened(folder / f"{name}-utf8.txt")).encoding == "utf-8"
    assert (folder / f"{name}.txt").read_bytes().decode("gb18030") == (folder / f"{name}-utf8.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("café,naïve,über\n".encode("latin-1") * 20, "unknown_encoding"),
        ("東京,患者\n".encode("shift-jis") * 20, "unknown_encoding"),
        (CHINESE.encode("utf-16-le"), "wrong_type"),  # without a BOM
        (CHINESE.encode("utf-32"), "wrong_type"),
        (b"\x89PNG\r\n\x1a\n", "wrong_type"),
        (b"PK\x03\x04" + b"x" * 100, "wrong_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "wrong_type"),
        (gzip.compress(b"a,b\n", mtime=0), "wrong_type"),  # gzip without the name of one
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
    ],
)
def test_a_file_that_is_no_text_of_ours_is_set_aside_with_the_reason(tmp_path, content, kind):
    with pytest.raises(Unreadable) as problem:
        table(file(tmp_path, content))
    assert problem.value.kind == kind


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_line_with_a_cut_character_is_rejected_and_the_others_are_read(tmp_path, encoding):
    lines = [line.encode(encoding) for line in CHINESE.splitlines()] * 10
    lines[4] = b"ZY9," + "骨科".encode(encoding)[:-1] + b",x"
    header, rows, problems = table(file(tmp_path, b"\n".join(lines) + b"\n"))
    assert header == ["住院号", "科室", "诊断"]
    assert problems == [(5, "cut_character")]
    assert len(rows) == 28


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_cut_within_a_character_loses_only_its_last_line(tmp_path, encoding):
    content = CHINESE.strip().encode(encoding)
    content = content[: content.rfind("期".encode(encoding)) + 1]
    _, rows, problems = table(file(tmp_path, content))
    assert [row[0] for _, row in rows] == ["ZY1"]
    assert (3, "cut_character") in problems


def test_a_last_line_without_a_line_break_is_read_and_noted(tmp_path):
    _, rows, problems = table(file(tmp_path, b"a,b\n1,2"))
    assert rows == [(2, ["1", "2"])]
    assert problems == [(2, "no_final_newline")]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [("a,b;c\n", ","), ("a\tb,c\td\n", "\t"), ("a;b;c\n", ";"), ("a|b|c\n", "|"), ('"a;b",c\n', ","), ("a\n", ",")],
)
def test_the_delimiter_is_found_from_the_header(tmp_path, text, delimiter):
    path = file(tmp_path, text.encode())
    assert Delimited(opened(path), Limits(), lambda header: 0).delimiter == delimiter


def test_among_delimiters_the_one_that_shows_the_wanted_columns_wins(tmp_path):
    path = file(tmp_path, b"code|x,y,z|name\n")
    assert Delimited(opened(path), Limits(), lambda header: len({"code", "name"} & set(header))).delimiter == "|"


def test_in_gb18030_a_delimiter_inside_a_character_is_no_delimiter(tmp_path):
    # The second byte of 瑋 is "|".
    _, rows, problems = table(file(tmp_path, "号|姓名|科\n1|周瑋|骨科\n2|张三|内科\n3|李四|外科\n".encode("gb18030")))
    assert [row for _, row in rows] == [["1", "周瑋", "骨科"], ["2", "张三", "内科"], ["3", "李四", "外科"]]
    assert problems == []


def test_rows_carry_the_number_of_their_first_line(tmp_path):
    _, rows, _ = table(file(tmp_path, b'a,b\n1,"x\ny"\n\n2,z\n'))
    assert rows == [(2, ["1", "x\ny"]), (5, ["2", "z"])]


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ('a,b\n1,"open\n2,x\n3,y\n', ["2", "3"], [(2, "malformed_row")]),
        ('a,b\n1,"open\n2,x\n3,"y"\n', ["2", "3"], [(2, "malformed_row")]),
        ('a,b\n1,"x"y\n2,x\n', ["2"], [(2, "malformed_row")]),
        ("a,b\n1\n2,x\n3,y,z\n", ["2"], [(2, "wrong_width"), (4, "wrong_width")]),
        ('a,b\n1,5" nail\n2,x\n', ["1", "2"], []),  # a quote inside a field is a character
    ],
)
def test_a_broken_line_costs_only_itself(tmp_path, text, good, bad):
    _, rows, problems = table(file(tmp_path, text.encode()))
    assert ([row[0] for _, row in rows], problems) == (good, bad)


def test_rows_above_the_header_can_be_skipped(tmp_path):
    header, rows, _ = table(file(tmp_path, b"report\n\na,b\n1,2\n"), header_row=3)
    assert (header, rows) == (["a", "b"], [(4, ["1", "2"])])


def test_csv_spectrum(shared, tmp_path):
    folder = shared("data/hostile/csv-spectrum")
    for path in sorted((folder / "csvs").glob("*.csv")):
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text("utf-8"))
        content = path.read_bytes()
        if path.stem.endswith("_crlf") and b"\r" not in content:  # lost where the sample was checked out
            content = content.replace(b"\n", b"\r\n")
        header, rows, problems = table(file(tmp_path, content))
        assert [dict(zip(header, row, strict=True)) for _, row in rows] == expected, path.name
        assert {kind for _, kind in problems} <= {"no_final_newline"}, path.name


def test_naughty_strings_come_through_as_they_are(shared, tmp_path):
    strings = json.loads(shared("data/hostile/blns/blns.json").read_text("utf-8"))
    quoted = "".join(f'{at},"{text.replace(chr(34), chr(34) * 2)}"\n' for at, text in enumerate(strings))
    _, rows, problems = table(file(tmp_path, b"n,text\n" + quoted.encode()))
    assert [row[1] for _, row in rows] == strings
    assert problems == []


def test_gzip_is_unpacked_by_name(tmp_path):
    _, rows, _ = table(file(tmp_path, gzip.compress(CHINESE.encode("gb18030"), mtime=0), "a.csv.gz"))
    assert rows[0][1][1] == "心血管内科"


@pytest.mark.parametrize(
    ("content", "limits", "kind"),
    [
        (gzip.compress(b"a,b\n" * (10 << 20), mtime=0), Limits(), "zip_bomb"),
        (gzip.compress(b"a,b\n" * 1000, mtime=0), Limits(bytes=2000), "too_large"),
        (gzip.compress(b"a,b\n" * 1000, mtime=0)[:-10], Limits(), "broken_gzip"),
        (b"a,b\n", Limits(), "broken_gzip"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), Limits(seconds=-1), "too_slow"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 10, mtime=0), Limits(rows=5), "too_many_rows"),
    ],
)
def test_a_gzip_that_asks_for_too_much_is_set_aside(tmp_path, content, limits, kind):
    with pytest.raises(Unreadable) as problem:
        table(file(tmp_path, content, "a.csv.gz"), limits=limits)
    assert problem.value.kind == kind


def test_ndjson_rows_are_read_by_field_with_paths(tmp_path):
    lines = ['{"id": 1, "who": {"name": "张三"}, "extra": 0}', "", '{"id": 2}', "[1]", "{bad", '{"id": NaN}']
    path = file(tmp_path, "\n".join(lines).encode(), "a.ndjson")
    read = Lines(opened(path), Limits(), ["id", "who.name", "never"])
    (chunk,) = read.chunks()
    assert list(zip(chunk.numbers, chunk.rows, strict=True)) == [(1, [1, "张三", None]), (3, [2, None, None])]
    assert [(number, problem.kind) for number, problem in chunk.problems] == [
        (4, "malformed_row"),
        (5, "malformed_row"),
        (6, "malformed_row"),
    ]
    assert read.never_seen == {"never"}
    assert list(read.extra) == ["extra"]

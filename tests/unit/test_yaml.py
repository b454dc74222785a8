"""YAML as packs and profiles use it."""

from pathlib import Path

import pytest

from zhiheng.lib import yaml


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("y", "y"),
        ("n", "n"),
        ("on", "on"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("0123", "0123"),
        ("2022-09-01", "2022-09-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        (".inf", ".inf"),
        ("1e5", "1e5"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("36.1", 36.1),
        ("-0.5", -0.5),
    ],
)
def test_only_true_false_null_and_plain_numbers_are_not_text(written, value):
    found = yaml.loads(f"key: {written}").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_always_text():
    assert yaml.loads("{1: a, y: b, true: c, null: d}").data == {"1": "a", "y": "b", "true": "c", "null": "d"}


def test_every_key_and_value_knows_its_line():
    document = yaml.loads("a: 1\nlist:\n- x\n- name: y\n  deep:\n    z: 1\n", name="f.yaml")
    assert document.line() == 1
    assert document.line(("a",)) == 1
    assert document.line(("list",)) == 2
    assert document.line(("list", 0)) == 3
    assert document.line(("list", 1, "name")) == 4
    assert document.line(("list", 1, "deep", "z")) == 6
    assert document.where(("list", 1, "deep", "z")) == "f.yaml:6"


def test_a_place_that_does_not_exist_has_the_line_of_what_is_above_it():
    document = yaml.loads("a: 1\nb:\n  c: 1\n")
    assert document.line(("b", "missing")) == 2
    assert document.line(("list", 4)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 'f.yaml:3: "a" stands here twice. Keep one of them.'),
        ("a: [1, 2\nb: 3\n", "f.yaml:2: not valid YAML: did not find expected ',' or ']'."),
        ("a: &x 1\nb: *x\n", "f.yaml:1: anchors and aliases (& and *) are not used in packs. Repeat the value."),
        ("? [a, b]\n: 1\n", "f.yaml:1: a key must be a plain word."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text, message):
    with pytest.raises(yaml.YamlError) as error:
        yaml.loads(text, name="f.yaml")
    assert str(error.value) == message


def test_a_small_file_cannot_expand_to_a_large_one():
    levels = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(yaml.YamlError, match="anchors and aliases"):
        yaml.loads("\n".join(levels))


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path):
    path = tmp_path / "form.yaml"
    path.write_bytes("a: 1\nb: 质衡\n".encode("gb18030"))
    with pytest.raises(yaml.YamlError, match=r"form\.yaml:2: not UTF-8 text\. Save the file as UTF-8\."):
        yaml.load(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path):
    path = tmp_path / "form.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert yaml.load(path).data == {"a": 1}


def test_an_empty_file_has_no_value():
    document = yaml.loads("")
    assert document.data is None
    assert document.line(("a",)) == 1


@pytest.mark.parametrize(
    "value",
    ["", "a", "y", "true", "null", "12", "36.1", "0123", "- a", "a: b", "a #b", "a:", " a ", "'", '"', "a'b", "a\nb",
     "[a]", "{a}",
     "a, b", "*", "&x", "?", "#", "%", "@", "`", "中文：说明", "x = 'a'", "\\", "\t", "\u200b", "~", ">=", "| a",
     True, False, None, 3, 2.5],
)  # fmt: skip
@pytest.mark.parametrize("inside_braces", [False, True])
def test_a_written_value_reads_back_as_itself(value, inside_braces):
    written = yaml.write_scalar(value, inside_braces=inside_braces)
    text = f"{{k: {written}, l: 1}}" if inside_braces else f"k: {written}\nl: 1"
    assert yaml.loads(text).data == {"k": value, "l": 1}

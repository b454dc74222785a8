"""Patterns give in Python what they give in DuckDB, and are left to DuckDB where Python could take long."""

import duckdb
import pytest

from zhiheng.engine.fill.patterns import Match, Texts, _finder, required
from zhiheng.engine.fill.rules import Pattern

QUICK = "LVEF ([0-9]{1,2})%"
SLOW = r"LVEF\s*(?:约|为|[：:=])*\s*([0-9]{1,2})\s*(?:约|左右)?\s*%"  # Python could try it in too many ways


@pytest.fixture
def texts() -> Texts:
    return Texts(duckdb.connect())


@pytest.mark.parametrize("match", [QUICK, SLOW], ids=["in Python", "in DuckDB"])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("超声：LVEF 45%，余无殊", Match("45", "超声：LVEF 45%，余无殊")),
        ("复查LVEF 7%", Match("7", "复查LVEF 7%")),
        ("一二三四五六七八九十一二三四五六LVEF 45%", Match("45", "二三四五六七八九十一二三四五六LVEF 45%")),
        ("前一行\nLVEF 45%\n后一行", Match("45", "LVEF 45%")),  # a quotation ends with its line
        ("未测LVEF 45%", None),  # denied
        ("未测。LVEF 45%", Match("45", "未测。LVEF 45%")),  # by a neighbouring clause: not denied
        ("LVEF不详", None),
        ("", None),
    ],
)
def test_a_pattern_finds_and_quotes(texts, match, text, found):
    assert texts.look(Pattern(match, unless="未测", within=("text",)), text) == found


def test_a_group_that_catches_nothing_is_no_find(texts):
    assert texts.look(Pattern("阴性(可疑)?"), "阴性") == Match(None, "阴性")


def test_a_bracket_among_other_signs_is_no_group():
    assert Pattern("HP[（(]阳性").group == 0
    assert Pattern(r"HP\(([+-])\)").group == 1


def test_a_hostile_text_takes_no_time(texts):
    assert _finder(Pattern(SLOW)) is None  # left to DuckDB, whose RE2 no text makes slow
    assert texts.look(Pattern(SLOW), "LVEF" + " " * 20_000) is None
    assert texts.look(Pattern(SLOW), "LVEF" + " " * 20_000 + "约%") is None


@pytest.mark.parametrize(
    ("match", "parts"),
    [
        (r"GRACE(?:评分)?\s*([0-9]+)分", ("GRACE", "分")),
        (r"QRS波?宽{1,2}约[0-9]{2}ms", ("QRS", "约", "ms")),
        ("心衰|心力衰竭", ()),
        ("(?:心衰|心力衰竭)病史", ("病史",)),
        ("[甲乙]胎", ("胎",)),
        (r"a\(b", ("a", "b")),
        ("(?i)killip", ()),
        ("K(?i:illip)", ("K",)),
    ],
)
def test_what_every_match_contains(match, parts):
    assert required(match) == parts

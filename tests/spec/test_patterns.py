"""Regular expressions find the same text on every target."""

import pytest


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("c$", "abc", True),
        ("c$", "abc\n", False),  # Python's own $ stands before a last line break too
        ("a.c", "a\nc", False),
        ("a[^b]c", "a\nc", True),
        (r"a\sc", "a\x0bc", False),  # Python's own \s has the vertical tab
        (r"a\sc", "a\u3000c", False),
        (r"a[\s]c", "a\tc", True),
        (r"a\Sc", "a\x0bc", True),
        (r"^\d+$", "１２", False),
        (r"^\D$", "１", True),
        (r"^\w+$", "心", False),
        (r"^\W+$", "心肌", True),
        (r"\bEF\b", "LVEF EF 45", True),
        (r"\bEF\b", "LVEF45", False),
        (r"\bEF\b", "测EF值", True),
        ("心肌?梗", "心梗", True),
        ("^(?:a|ab)c$", "abc", True),
        ("^a{2,3}$", "aaaa", False),
        (r"^[a\-z]$", "-", True),
        ("^[a-]$", "-", True),
        (r"^[\[\]]$", "]", True),
        (r"^\.$", "x", False),
        (r"^[.]$", "x", False),
        ("it's", "it's", True),
        ("K", "\u212a", False),
        ("ß|ẞ", "ss", False),
    ],
)
def test_pattern(engine, pattern, text, found):
    quoted = pattern.replace("'", "''")
    assert engine.value(f"matches(x, '{quoted}')", x=text) is found


@pytest.mark.parametrize(
    ("pattern", "text", "number"),
    [
        (r"LVEF\s*[:：]?\s*(\d{1,3})\s*%", "心超：LVEF： 45 %，较前下降", 45),
        (r"(\d+)/(\d+)mmHg", "BP 120/80mmHg", 120),
        (r"\d+", "第 3 天 5 次", 3),
        (r"\d+?", "45", 4),
        (r"(a)|\d", "7 a", None),  # the first match has no group
        (r"(?:INR)\s*(\d\.\d+)", "INR 2.31", 2.31),
        (r"(\d+)", "无", None),
    ],
)
def test_extract_number_takes_the_first_group_of_the_first_match(engine, pattern, text, number):
    assert engine.value(f"extract_number(x, '{pattern}')", x=text) == number

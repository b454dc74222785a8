"""Only regular expressions that mean the same everywhere and stay quick are allowed."""

import re

import pytest

from zhiheng.engine.language import regex


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "1 to 500 characters"),
        ("a" * 501, "1 to 500 characters"),
        ("(a", '")" is missing'),
        ("a)", "a closing bracket without its opening one"),
        ("[a", "it ends too early"),
        ("[]", "[] is empty"),
        ("[b-a]", "is no range"),
        (r"[\d-z]", "is no range"),
        ("[[a]]", r"write \["),
        ("*a", "has nothing to repeat"),
        ("a**", "two repetitions follow each other"),
        ("a*+", "two repetitions follow each other"),
        ("a{2}{3}", "two repetitions follow each other"),
        ("a{", "a quantity such as"),
        ("a{x}", "a quantity such as"),
        ("a{3,2}", "the smaller number first"),
        ("a{0,1000}", "from 0 to 100"),
        ("^*", "what can be empty is repeated"),
        ("(a?)+", "what can be empty is repeated"),
        ("(|a)+", "what can be empty is repeated"),
        ("(?i)a", "no flags"),
        ("(?P<x>a)", "no flags, names"),
        ("(?=a)", "look-ahead"),
        ("(?<!a)", "look-ahead or look-behind"),
        (r"(a)\1", r'"\1" is unknown'),
        (r"\p{Han}", r'"\p" is unknown'),
        (r"\Z", r'"\Z" is unknown'),
        (r"\x41", r'"\x" is unknown'),
        ("a\\", "it ends too early"),
        ("a}", r"the character itself is \}"),
        ("(a+)+$", "too many ways"),
        ("(a|aa)+$", "too many ways"),
        ("(a|a){30}b", "too many ways"),
        (r"\d*\d*\d*\d*\d*x", "too many ways"),
    ],
)
def test_refused(pattern, why):
    with pytest.raises(regex.BadPattern) as refused:
        regex.check(pattern)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "python"),
    [
        ("a$", r"a\Z"),
        (r"\$", r"\$"),
        ("[$]", r"[\$]"),
        (r"a\s", r"a[\t\n\f\r ]"),
        (r"\d{1,3}?%", r"[0-9]{1,3}?%"),
        ("(?:心|肺)+?梗?", "(?:心|肺)+?梗?"),
    ],
)
def test_written_for_python(pattern, python):
    if "+?" in pattern:
        with pytest.raises(regex.BadPattern, match="too many ways"):
            regex.check(pattern)
        return
    assert regex.for_python(pattern) == python


@pytest.mark.parametrize(
    "pattern", [r"a\s*\s*\s*b", r".*a.*b.*c", r"(?:a|b|c){1,8}d", r"[^。]{0,100}[^。]{0,100}x", "(?:ab?c?){1,5}d"]
)
def test_what_is_allowed_comes_to_an_end_on_a_long_text(pattern):
    """Were one of them tried in every way, this would not end before everybody had gone home."""
    checked = regex.check(pattern)
    text = "a" + " " * 300 + "abcabcabc" * 40
    assert checked.ways <= regex.MOST_WAYS
    assert re.fullmatch(checked.python, text + "。") is None

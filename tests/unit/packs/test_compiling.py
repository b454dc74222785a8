"""Names of items in expressions, and applicability that is put together from its levels."""

import pytest

from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.packs.compiling import identifier, together

SCOPE = Scope([Field("x", Type.TEXT, ("a", "b")), Field("c", Type.TEXTS, ("a",)), Field("n", Type.NUMBER)])


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("CM-0-2-4-1", "cm_0_2_4_1"),
        ("STEMI-5-3-4-A", "stemi_5_3_4_a"),
        ("caseId", "caseid"),
        ("IDCard", "idcard"),
        ("HF-jump-2", "hf_jump_2"),
        ("AECOPD_1244", "aecopd_1244"),
        ("X-Ⅲ", "x_iii"),
    ],
)
def test_an_item_is_named_by_its_code_in_lower_case(code, name):
    assert identifier(code) == name


@pytest.mark.parametrize(
    "levels",
    [
        ("x = 'a'", "n > 3"),
        ("x = 'a' or n > 3", "has(c, 'a')"),
        ("x = 'a' and n > 3", "n < 9 or x is null", "has(c, 'a') is not true"),
        ("x = 'b'", "x = 'b'"),
        ("(x in ('a', 'b')) is not true", "(x = 'a' or n > 3) and has(c, 'a')"),
    ],
)
def test_levels_put_together_are_what_parsing_them_joined_would_give(levels):
    found = together([parse(level, SCOPE) for level in levels])
    assert found == parse(found.text, SCOPE)

"""Names and numbers for those who must not know whom they belong to."""

import pytest

from zhiheng.web.masking import mask_name, mask_number


@pytest.mark.parametrize(
    ("name", "masked"), [("张三", "张*"), ("欧阳娜娜", "欧*"), ("古丽米热·买买提", "古*"), ("", ""), (None, "")]
)
def test_mask_name_hides_all_but_the_first_character_and_the_length(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("10044611", "****4611"),
        ("110101199003078888", "****8888"),
        (20260001, "****0001"),
        ("1234567", "****"),  # the last four would be more than half of it
        ("12", "****"),
        ("", ""),
        (None, ""),
    ],
)
def test_mask_number_shows_four_characters_only_of_long_numbers(number, masked):
    assert mask_number(number) == masked

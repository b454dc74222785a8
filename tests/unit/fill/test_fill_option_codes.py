"""Which option of a national list a code is: the longest code at the beginning of a label that covers it."""

import pytest

from zhiheng.engine.fill.options import option_of_code
from zhiheng.engine.form import Item, ItemType, Option

ITEM = Item(
    code="CM-0-1-4-2",
    id="cm_0_1_4_2",
    label="主要手术操作",
    type=ItemType.CHOICE,
    options=(
        Option("d", "23.6x00 假牙置入"),
        Option("e", "23.6x00x002义齿种植"),
        Option("f", "23.6x00x003 义齿种植一期手术(种植体固定钉置入术)"),
        Option("g", "36.0700药物洗脱支架置入"),
    ),
)


@pytest.mark.parametrize(
    ("code", "option"),
    [
        ("23.6x00x003", "f"),  # both extensions of the code belong to it
        ("23.6x00x002", "e"),
        ("23.6x00", "d"),
        ("23.6x00x009", "d"),  # not listed: the code that it extends
        ("36.07", "g"),
        ("36.08", None),
    ],
)
def test_code_finds_the_most_exact_option(code: str, option: str | None) -> None:
    assert option_of_code(ITEM, code) == option

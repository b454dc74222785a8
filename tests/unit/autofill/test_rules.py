"""A proof finds its rule again, wherever the files of the pack lay when the case was filled."""

from types import SimpleNamespace

import pytest

from zhiheng.autofill.queries import rule_of

STORED = "f8b34632/common/fill.yaml#cm_0_1_1_1/1"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (STORED, True),
        ("packs/common/fill.yaml#cm_0_1_1_1/1", True),
        ("/opt/zhiheng/packs/common/fill.yaml#cm_0_1_1_1/1", True),
        ("packs/stemi/fill.yaml#cm_0_1_1_1/1", False),
        ("packs/common/fill.yaml#cm_0_1_1_1/2", False),
    ],
)
def test_a_rule_is_known_by_its_place_within_the_pack(said, found):
    rule = SimpleNamespace(id=STORED)
    pack = SimpleNamespace(fills=SimpleNamespace(plan=SimpleNamespace(rules=(rule,))))
    assert rule_of(pack, said) == (rule if found else None)

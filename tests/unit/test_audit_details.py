"""Entries of the trail are read by an administrator who knows no code: what they hold is told in words."""

import pytest
from django.utils.translation import override

from zhiheng.audit.details import in_words


def told(**facts):
    with override("zh-hans"):
        return list(in_words(facts.items()))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"way": "password"}, [("方式", "密码")]),
        ({"count": 23, "listing": "cases"}, [("列表", "病例列表"), ("条数", "23")]),
        ({"found_by": "name, record_number"}, [("按何查到", "姓名、病案号")]),
        ({"role": "quality_officer"}, [("角色", "质控员")]),
        ({"was_locked": True}, [("原已锁定", "是")]),
        ({"something_new": "as it is"}, [("something_new", "as it is")]),
    ],
)
def test_details_are_told_in_words_and_in_one_order(facts, words):
    assert told(**facts) == words


def test_of_a_long_list_some_are_named_and_the_others_counted():
    [(name, value)] = told(shown=", ".join(f"HF-26-{number:06}" for number in range(1, 9)))
    assert name == "所见"
    assert value == "HF-26-000001、HF-26-000002、HF-26-000003、HF-26-000004、HF-26-000005 等，另有 3 个"

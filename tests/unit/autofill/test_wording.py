"""A proof tells its rule to a doctor: by the names that records and forms have on the page, not those of a program."""

import pytest
from django.utils.translation import override

from zhiheng.autofill.wording import in_words, pattern_in_words


@pytest.mark.parametrize(
    ("table", "expression", "words"),
    [
        ("staff", "role = 'responsible_nurse'", "类别 = “责任护士”"),
        ("staff", "name", "姓名"),
        ("note", "kind <> 'operation'", "种类 ≠ “手术记录”"),
        ("exam", "modality = 'pathology' and time < cm_0_2_6_1", "种类 = “病理” 且 检查时间 < CM-0-2-6-1"),
        ("observation", "value_number is not null", "结果 有记录"),
        ("note", "text = 'it''s and not' or kind in ('order')", "正文 = “it's and not” 或 种类 属于 (“医嘱”)"),
        ("note", "somewhere_else", "somewhere_else"),
    ],
)
def test_an_expression_is_said_in_words(table, expression, words):
    with override("zh-hans"):
        assert in_words(expression, table) == words


def test_a_pattern_shows_gaps_instead_of_marks():
    with override("zh-hans"):
        assert pattern_in_words("ST段.{0,10}抬高|超急性.*T波") == "文本符合“ST段…抬高|超急性…T波”"

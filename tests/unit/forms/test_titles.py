"""Titles of sections stand on pages as people wrote them."""

import pytest

from zhiheng.forms.sheet import whole_titles


@pytest.mark.parametrize(
    ("path", "titles"),
    [
        (("基本信息", "其他相关信息"), ("基本信息", "其他相关信息")),
        (
            ("基本信息 （请参照出院", "住院病历首页信息填写）", "其他"),
            ("基本信息 （请参照出院/住院病历首页信息填写）", "其他"),
        ),
        (("检查（ECG）", "结果"), ("检查（ECG）", "结果")),
        (("第二阶段（20-40min) 静脉治疗", "治疗后（终止）"), ("第二阶段（20-40min) 静脉治疗", "治疗后（终止）")),
        (("手术（DBS", "手术并发症"), ("手术（DBS", "手术并发症")),  # nothing closes it: it is so in the facts
        ((), ()),
    ],
)
def test_a_title_that_was_parted_within_brackets_is_whole_again(path, titles):
    assert whole_titles(path) == titles

"""Near-miss suggestions."""

import pytest

from zhiheng.lib.suggest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("arival_time", ["admit_time", "arrival_time"], "arrival_time"),
        ("STEMI_1_1", ["stemi_1_1", "stemi_1_2"], "stemi_1_1"),
        ("lable", ["label", "table"], "label"),
        ("weather", ["admit_time", "arrival_time"], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_name_is_suggested(name, names, found):
    assert nearest(name, names) == found


def test_a_suggestion_is_a_sentence_with_the_choices():
    columns = ["arrival_time", "admit_time"]
    assert did_you_mean("arival_time", columns) == ' Did you mean "arrival_time"?'
    assert (
        did_you_mean("arival_time", columns, kind='Columns of "encounter"')
        == ' Did you mean "arrival_time"? Columns of "encounter": arrival_time, admit_time.'
    )
    assert did_you_mean("x", columns) == ""


def test_a_long_list_of_choices_is_cut():
    names = [f"item_{n}" for n in range(20)]
    assert did_you_mean("zzz", names, kind="Items").endswith("item_7, ....")

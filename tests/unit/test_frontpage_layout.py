"""The layouts of the front page know every field of their interface, and say of each what becomes of it."""

import csv
from collections import Counter

import pytest

from zhiheng.records.schema import FEE_CATEGORIES
from zhiheng.sources.frontpage import layout
from zhiheng.sources.profile import ProfileError, loads

SIZES = {"hqms": 811, "nhsr-pinyin": 232}
LISTS = {"hqms": "hqms_frontpage_fields.csv", "nhsr-pinyin": "nhsr_frontpage_pinyin_fields.csv"}


@pytest.mark.parametrize("name", SIZES)
def test_every_field_is_taken_or_says_why_not(name):
    one = layout.load(name)
    used, unused = one.used(), {field.field for field in one.fields.values() if field.unused}
    assert used & unused == set()
    assert used | unused == set(one.fields)
    assert len(used) + len(unused) == SIZES[name]


@pytest.mark.parametrize("name", SIZES)
def test_the_fields_are_those_of_the_interface_in_its_order(name, shared):
    with shared(f"codes/{LISTS[name]}").open(encoding="utf-8-sig", newline="") as file:
        official = [row["field"] for row in csv.DictReader(file)]
    fields = list(layout.load(name).fields)
    assert set(fields) == set(official)
    if name == "hqms":  # the list of the older layout has no order of its own
        assert fields == official


def test_the_names_and_the_required_fields_are_those_of_the_interface(shared):
    fields = layout.load("hqms").fields
    with shared("codes/hqms_frontpage_fields.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            field = fields[row["field"]]
            typing_slip = row["field"] == "C44x38"  # 其他手术作麻醉医师38 in the standard
            assert typing_slip or field.name == row["name_zh"].rstrip("：")
            assert field.required == (row["required"] == "必填"), row["field"]


@pytest.mark.parametrize(
    ("group", "count"),
    [("C06x{:02d}C", 40), ("C35x{:02d}C", 40), ("C48x{:02d}C", 5), ("A18x{:02d}", 5), ("F07x{:02d}C", 2)],
)
def test_repeated_fields_are_all_there(group, count):
    fields = layout.load("hqms").fields
    assert [group.format(number) in fields for number in range(1, count + 2)] == [True] * count + [False]


@pytest.mark.parametrize("name", SIZES)
def test_each_of_the_thirty_sums_has_its_category(name):
    charges = next(record.charges for record in layout.load(name).spec.records if record.charges)
    assert list(charges) == [category for category, _, _ in FEE_CATEGORIES]
    if name == "hqms":
        assert list(charges.values()) == [field for _, field, _ in FEE_CATEGORIES]


@pytest.mark.parametrize("name", SIZES)
def test_records_of_one_page_have_different_keys(name):
    keys = Counter((record.table, record.id) for record in layout.load(name).records)
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ("layout: hqsm", 'unknown layout "hqsm". Did you mean "hqms"?'),
        ("layout: hqms\n  rename: {住院号: A84}", 'the layout has no field "A84". Did you mean "A48"?'),
        ("layout: hqms\n  columns: {arival_time: 到院}", 'has no column "arival_time". Did you mean "arrive_time"?'),
        ("layout: hqms\n  domains: {RC14: {title: x}}", 'no field has the domain "RC14". Did you mean "RC014"?'),
        ("layout: hqms\n  tables: [diagnoses]", 'unknown table "diagnoses". Did you mean "diagnosis"?'),
    ],
)
def test_a_mistake_in_a_feed_is_named_with_its_remedy(feed, message):
    with pytest.raises(ProfileError) as caught:
        loads(f"name: x\nfeeds:\n- reader: frontpage\n  source: x\n  files: '*'\n  {feed}\n")
    assert message in str(caught.value)
    assert "profile.yaml:" in str(caught.value)

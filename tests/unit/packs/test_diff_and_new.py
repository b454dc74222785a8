"""Comparing two versions of a pack, and beginning a new one."""

import datetime

import pytest

from zhiheng.packs.caching import Cache
from zhiheng.packs.diff import Change, compare
from zhiheng.packs.loading import compile_pack, load_pack
from zhiheng.packs.new import scaffold

KEEP_NOTHING = Cache(None)
HEAD = "form: TOY\nsections:\n- section: 一\n  items:\n"
ITEM = "  - {item: A, label: 甲, type: choice, options: {y: 是, n: 否}}\n"


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (ITEM, ITEM, []),
        (ITEM, ITEM + "  - {item: B, label: 乙, type: text}\n", ["增加 条目 B：“乙”"]),
        (ITEM + "  - {item: B, label: 乙, type: text}\n", ITEM, ["删除 条目 B（原为 “乙”）"]),
        (ITEM, ITEM.replace("甲", "丙"), ["改变 条目 A 的 label：由 “甲” 改为 “丙”"]),
        (ITEM, ITEM.replace("n: 否", "n: 无"), ["改变 条目 A 的 options.n：由 “否” 改为 “无”"]),
        (ITEM, ITEM.replace(", n: 否", ""), ["删除 条目 A 的 options.n（原为 “否”）"]),
        (ITEM, ITEM.replace("n: 否", "n: 否, u: 不详"), ["增加 条目 A 的 options.u：“不详”"]),
        (ITEM, ITEM.replace("甲,", "甲, required: true,"), ["改变 条目 A 的 required：由 “False” 改为 “True”"]),
        (
            ITEM + "  - {item: B, label: 乙, type: text, show: a = 'y'}\n",
            ITEM + "  - {item: B, label: 乙, type: text, show: a = 'n'}\n",
            ["改变 条目 B 的 shown：由 “a = 'y'” 改为 “a = 'n'”"],
        ),
        (
            ITEM + "  - {item: B, label: 乙, type: number, limits: [{holds: b > 1, message: m}]}\n",
            ITEM + "  - {item: B, label: 乙, type: number, limits: [{holds: b > 2, message: m}]}\n",
            ["改变 条目 B 的 limits[b.limit_1].holds：由 “b > 1” 改为 “b > 2”"],
        ),
        (
            ITEM + "  - {item: B, label: 乙, type: text}\n",
            "  - {item: B, label: 乙, type: text}\n" + ITEM,
            ["改变 条目的次序：由 “A、B” 改为 “B、A”"],
        ),
    ],
)
def test_a_comparison_goes_item_by_item(toy, before, after, changes):
    old = load_pack(toy("old", form=HEAD + before), cache=KEEP_NOTHING)
    new = load_pack(toy("new", form=HEAD + after), cache=KEEP_NOTHING)
    assert [str(change) for change in compare(old, new)] == changes


def test_a_comparison_covers_pack_yaml_and_the_rule_files(toy):
    pack = 'pack: TOY\nname: n\nspecialty: s\nversion: "{}"\nvalid_from: 2022-09-01\n'
    find = """
        unit: encounter
        classes: [inpatient]
        source: {{text: s, confidence: provisional}}
        criteria:
          x: {{diagnosis: any, codes: [I21.0]}}
        include: x
        exclude:
        - {{id: long, when: length_of_stay_days > {}, reason: 住院过长}}
    """
    old = load_pack(toy("old", pack=pack.format("1"), find=find.format(90)), cache=KEEP_NOTHING)
    new = load_pack(toy("new", pack=pack.format("2"), find=find.format(91)), cache=KEEP_NOTHING)
    changes = compare(old, new)
    assert Change("changed", "pack.yaml", "version", "1", "2") in changes
    before, after = "length_of_stay_days > 90", "length_of_stay_days > 91"
    assert Change("changed", "find exclusions[long]", "when", before, after) in changes


def test_a_comparison_names_the_rules_that_changed_and_no_others(toy):
    form = HEAD + "  - {item: B, label: 乙, type: number}\n"
    check = "source: s\nchecks:\n- {{check: b_is_small, expect: b < {}, severity: hint, message: 乙过大}}\n"
    fill = "source: s\nfills:\n- {{item: B, from: encounter, value: {}, take: first}}\n"

    def made(name, most, column):
        return load_pack(toy(name, form=form, checks=check.format(most), fill=fill.format(column)), cache=KEEP_NOTHING)

    old = made("old", 5, "weight_kg")
    assert compare(old, made("same", 5, "weight_kg")) == []
    assert compare(old, made("new", 6, "height_cm")) == [
        Change("changed", "fills rules[B 1]", "value", "weight_kg", "height_cm"),
        Change("changed", "checks [b_is_small]", "expect", "b < 5", "b < 6"),
    ]


def test_a_new_pack_passes_its_check(packs):
    folder = scaffold("NEW-1", "新病种: 试", packs, today=datetime.date(2026, 11, 22))
    pack, report = compile_pack(folder)
    assert (report.problems, report.warnings) == ([], [])
    assert (pack.abbr, pack.name, pack.spec.status) == ("NEW-1", "新病种: 试", "draft")
    assert pack.spec.valid_from == datetime.date(2026, 1, 1)


def test_a_new_pack_uses_the_common_items_that_are_there(packs, write):
    write("common", items="items:\n- item: CM-4-3\n  label: 离院方式\n  type: text\n")
    pack, _ = compile_pack(scaffold("NEW", "新", packs))
    assert [item.code for item in pack.form.items] == ["CM-4-3", "NEW-1-1", "NEW-1-2"]


def test_a_new_pack_never_touches_one_that_exists(toy, packs):
    toy("toy")
    with pytest.raises(FileExistsError, match=r"toy is already there\. Choose another abbreviation"):
        scaffold("TOY", "新", packs)


@pytest.mark.parametrize("abbr", ["", "1A", "A B", "../A", "病"])
def test_an_abbreviation_is_letters_digits_and_hyphens(packs, abbr):
    with pytest.raises(ValueError, match="is no abbreviation"):
        scaffold(abbr, "新", packs)

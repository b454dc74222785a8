"""What is strange in a form that can run."""

import pytest

from zhiheng.packs.checking import unused_in_common
from zhiheng.packs.loading import compile_pack, default_root

LIST = "form: TOY\nsections:\n- section: 一\n  items:\n  - {item: A, label: a, type: choice, options: {y: 是, n: 否}}\n"


@pytest.mark.parametrize(
    ("entry", "warnings"),
    [
        ("  - {item: B, label: b, type: text, show: a = 'y'}\n", []),
        (
            "  - {item: B, label: b, type: text, show: a = 'z'}\n",
            ['item "B": "z" is no option of a (y, n). In: a = \'z\'', 'item "B": is never shown: it needs a any z'],
        ),
        (
            "  - {item: B, label: b, type: text, show: [a = 'y', a = 'n']}\n",
            ['item "B": is never shown: its conditions on a exclude each other'],
        ),
        (
            "  - {item: B, label: b, type: text, show: [a = 'y', a = 'n']}\n"
            "  - {item: C, label: c, type: text, show: b is not null}\n",
            [
                'item "B": is never shown: its conditions on a exclude each other',
                'item "C": is never shown: it needs b answered ',
            ],
        ),
        (
            "  - {item: B, label: b, type: choice}\n",
            ['item "B": is a choice without options: any text is taken as its answer.'],
        ),
        (
            "  - {item: B, label: b, type: text, required: true, hidden: true}\n",
            ['item "B": is required and hidden, and no rule shows it.'],
        ),
        (
            "  - {item: B, label: b, type: text, readonly: true}\n",
            ['item "B": is read-only, and neither a formula nor a rule answers it: it stays open to a person.'],
        ),
        ("  - {item: B, label: b, type: number, readonly: true, computed: '1'}\n", []),
        (
            "  - {item: B, label: b, type: choice, options: {y: 是}, default: UTD}\n",
            ['item "B": its default "UTD" is none of its options.'],
        ),
        (
            "  - {item: B, label: b, type: text, unresolved: ['limit: <= date']}\n",
            ['item "B": the national form has a rule that could not be resolved: limit: <= date'],
        ),
        (
            "  - {item: B, label: b, type: text, sets: [{when: b = 'x', item: A, to: \"'z'\"}]}\n",
            ['item "B": sets A to "z", which is none of its options (y, n).'],
        ),
        (
            "options:\n  spare: {y: 是}\n",
            ['option list "spare" is used by no item. Remove it.'],
        ),
    ],
)
def test_what_is_strange_is_a_warning_with_its_line(toy, entry, warnings):
    pack, report = compile_pack(toy(form=LIST + entry))
    assert pack is not None
    assert [each.message for each in report.warnings] == warnings
    assert all(each.line > 1 for each in report.warnings)


PAIR = (
    "  - {item: B, label: b, type: number, show: a = 'y'}\n"
    "  - {item: C, label: c, type: number, show: a = 'n'}\n"
    "  - {item: D, label: d, type: number, show: b is null}\n"
    "  - {item: E, label: e, type: number, show: a = 'y'}\n"
)


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("expect: b < e", None),
        ("expect: b < e, when: a = 'y'", None),
        ("expect: b < c", "its conditions on a exclude each other"),
        ("expect: 'e < coalesce(b, c)'", "its conditions on a exclude each other"),
        ("expect: b < e, when: a = 'n'", "its conditions on a exclude each other"),
        ("expect: b < d", "one of its items is hidden while another is answered: b"),
    ],
)
def test_a_check_of_items_that_are_never_shown_together_is_strange(toy, check, why):
    rule = f"{{check: order, severity: error, message: m, {check}}}"
    pack, report = compile_pack(toy(form=LIST + PAIR, checks=f"source: 测试\nchecks:\n- {rule}\n"))
    assert pack is not None, report.problems
    said = 'check "order": can never be judged, since it needs all items of expect'
    assert [str(each) for each in report.warnings] == ([f"packs/toy/checks.yaml:3: {said}: {why}."] if why else [])


def test_what_no_pack_uses_in_common_is_named(toy, write, packs):
    write(
        "common",
        items="items:\n- {item: CM-1, label: a, type: choice, options: used}\n- {item: CM-2, label: b, type: text}\n",
        options="options:\n  used: {y: 是}\n  spare: {n: 否}\n",
    )
    toy(form=LIST + "  - use: CM-1\n")
    assert [str(each) for each in unused_in_common(packs)] == [
        'packs/common/items.yaml:3: item "CM-2": is used by no pack. Remove it.',
        'packs/common/options.yaml:3: option list "spare" is used by no pack. Remove it.',
    ]


def test_our_own_common_has_nothing_unused():
    assert unused_in_common(default_root()) == []

"""A folder becomes a pack, or everything that is wrong with it is said."""

import datetime

import pytest

from zhiheng.engine.form import ItemType
from zhiheng.packs import loading
from zhiheng.packs.caching import Cache
from zhiheng.packs.loading import PackError, load_pack, load_packs

KEEP_NOTHING = Cache(None)
LIST = "form: TOY\nsections:\n- section: 一\n  items:\n"


def load(folder, **kwargs):
    return load_pack(folder, cache=KEEP_NOTHING, **kwargs)


def problems(folder, **kwargs):
    with pytest.raises(PackError) as error:
        load(folder, **kwargs)
    return str(error.value).splitlines()


def test_a_pack_has_its_form_its_name_and_its_validity(toy):
    pack = load(toy())
    assert (pack.abbr, pack.name, pack.version, pack.folder) == ("TOY", "玩具", "1", "toy")
    assert [(item.code, item.id, item.type) for item in pack.form.items] == [
        ("TOY-1", "toy_1", ItemType.CHOICE),
        ("TOY-2", "toy_2", ItemType.DATETIME),
    ]
    assert pack.form.items[1].shown.text == "toy_1 = 'y'"
    assert pack.form.items[1].section == ("一",)


@pytest.mark.parametrize(
    ("day", "version"),
    [("2022-08-31", None), ("2022-09-01", "1"), ("2024-12-31", "1"), ("2025-01-01", "2"), ("2030-01-01", "2")],
)
def test_a_case_takes_the_version_that_is_valid_at_its_discharge(toy, packs, day, version):
    head = "pack: TOY\nname: 玩具\nspecialty: 测试\n"
    toy("toy", pack=f'{head}version: "1"\nvalid_from: 2022-09-01\nvalid_until: 2024-12-31\n')
    toy("toy@2025", pack=f'{head}version: "2"\nvalid_from: 2025-01-01\n')
    loaded = load_packs(packs, cache=KEEP_NOTHING)
    found = loaded.for_discharge("toy", datetime.date.fromisoformat(day))
    assert (found.version if found else None) == version
    assert loaded.newest("TOY").version == "2"


def test_two_versions_cannot_be_valid_at_the_same_time(toy, packs):
    toy("toy")
    toy("toy@2")
    with pytest.raises(PackError, match=r"is valid at the same time as packs/toy. End the older version"):
        load_packs(packs, cache=KEEP_NOTHING)


def test_an_unknown_pack_is_refused_with_what_there_is(toy, packs):
    toy("toy")
    with pytest.raises(PackError, match=r'no pack "toi"\. Did you mean "toy"\? Packs: toy\.'):
        load_packs(packs, only=["toi"], cache=KEEP_NOTHING)
    with pytest.raises(KeyError, match=r'No pack "x"'):
        load_packs(packs, cache=KEEP_NOTHING).versions("x")


def test_shared_items_options_and_aliases_come_from_common(toy, write):
    write(
        "common",
        items="items:\n- {item: CM-1, label: 公共, type: choice, options: yes_no}\n",
        options="options:\n  yes_no: {y: 是, n: 否}\n",
        aliases="aliases: {shared: CM-1, elsewhere: CM-9}\n",
    )
    form = LIST + "  - use: CM-1\n  - {item: T, label: t, type: text, show: shared = 'y'}\n"
    pack = load(toy(form=form))
    assert [option.label for option in pack.form.items[0].options] == ["是", "否"]
    assert pack.form.items[0].alias == "shared"
    assert pack.form.items[1].shown.fields == ("cm_1",)


def test_what_a_section_needs_holds_for_everything_in_it(toy):
    form = """
        form: TOY
        sections:
        - section: 外
          items:
          - {item: A, label: a, type: choice, options: {y: 是}}
          - section: 内
            show: a = 'y'
            items:
            - {item: B, label: b, type: number}
            - {item: C, label: c, type: text, show: [b > 1, b < 9 or b > 20]}
    """
    items = {item.code: item for item in load(toy(form=form)).form.items}
    assert items["B"].shown.text == "a = 'y'"
    assert items["C"].shown.text == "a = 'y' and b > 1 and (b < 9 or b > 20)"
    assert items["C"].section == ("外", "内")


def test_amendments_are_added_to_the_national_options(toy):
    form = """
        form: TOY
        sections:
        - section: 一
          items: [{item: A, label: a, type: choice, options: {a: 2022年}}]
        amendments:
        - {item: A, add_options: {b: 2023年}, source: 公告, confidence: own}
    """
    assert [option.value for option in load(toy(form=form)).form.items[0].options] == ["a", "b"]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (
            LIST
            + "  - {item: A, label: a, type: text, show: arived = 'y'}\n  - {item: arrived, label: b, type: text}\n",
            'packs/toy/form.yaml:5: item "A": Unknown name "arived". Did you mean "arrived"? In: arived = \'y\'',
        ),
        (
            LIST + "  - item: A\n    label: a\n    type: text\n    lable: x\n",
            'packs/toy/form.yaml:8: item "A": unknown key "lable". Did you mean "label"? '
            "Keys here: item, label, type, alias, required, readonly, hidden, default, ....",
        ),
        (
            LIST + "  - item: A\n    label: a\n    type: chioce\n",
            "packs/toy/form.yaml:7: item \"A\": \"type\" is 'chioce'; it must be 'text', 'number', 'date', "
            "'datetime', 'choice' or 'choices'. Did you mean \"choice\"?",
        ),
        (
            LIST + "  - {item: A, label: a, type: choice, options: yes_on}\noptions:\n  yes_no: {y: 是}\n",
            'packs/toy/form.yaml:5: item "A": unknown option list "yes_on". Did you mean "yes_no"?',
        ),
        (
            LIST + "  - use: CM-1\n",
            'packs/toy/form.yaml:5: item "CM-1": is not in packs/common/items.yaml.',
        ),
        (
            LIST + "  - {item: A, label: a, type: text, options: {y: 是}}\n",
            'packs/toy/form.yaml:5: item "A": an item of type text has no options. Remove them or make it a choice.',
        ),
        (
            LIST + "  - {item: A, label: a, type: number, max_length: 5}\n",
            'packs/toy/form.yaml:5: item "A": an item of type number has no max_length. Remove it.',
        ),
        (
            LIST + "  - {item: A, label: a, type: text}\n  - {item: A, label: b, type: text}\n",
            'packs/toy/form.yaml:6: item "A": is already in this form. Keep one of them.',
        ),
        (
            LIST + "  - {item: A-1, label: a, type: text}\n  - {item: A_1, label: b, type: text}\n",
            'packs/toy/form.yaml:6: item "A_1": has the same name "a_1" as "A-1".',
        ),
        (
            LIST
            + "  - item: A\n    label: a\n    type: text\n    sets:\n    - {when: a = 'x', item: TYO, to: \"'y'\"}\n"
            "  - {item: TOY, label: b, type: text}\n",
            'packs/toy/form.yaml:9: item "A": sets the unknown item "TYO". Did you mean "TOY"?',
        ),
        (
            LIST + "  - {item: A, label: a, type: number, limits: [{holds: a > 'x', message: m}]}\n",
            'packs/toy/form.yaml:5: item "A": ">" takes number or date or datetime; found text (',
        ),
        (
            LIST + "  - {item: A, label: a, type: number, computed: \"'x'\"}\n",
            'packs/toy/form.yaml:5: item "A": ',
        ),
        (
            LIST + "  - {item: A, label: a, type: text, alias: b}\n  - {item: B, label: b, type: text}\n",
            'packs/toy/form.yaml:5: item "A": alias "b" is already taken.',
        ),
        (
            LIST + "  - {item: A, label: a, type: text}\naliases:\n  arrived_at: B\n",
            'packs/toy/form.yaml:7: alias "arrived_at" stands for the unknown item "B".',
        ),
        (
            LIST + "  - {item: A, label: a, type: text}\n"
            "amendments:\n- {item: B, add_options: {}, source: s, confidence: c}\n",
            'packs/toy/form.yaml:7: amendment of the unknown item "B".',
        ),
        (
            LIST + "  - {item: A, label: a, type: choice, options: {a: 是}}\n"
            "amendments:\n- {item: A, add_options: {a: 否}, source: s, confidence: c}\n",
            'packs/toy/form.yaml:7: amendment of "A" adds the option "a", which the national form has. Remove it.',
        ),
        ("form: OTHER\nsections: []\n", 'packs/toy/pack.yaml:1: form.yaml is of "OTHER", not "TOY".'),
        ("form: TOY\nsections:\n- section: 一\n", 'packs/toy/form.yaml:3: section "一": "items" is missing. Add it.'),
        ("form: TOY\nsections: [", "packs/toy/form.yaml:3: not valid YAML: "),
    ],
)
def test_a_form_that_cannot_run_is_refused_with_file_and_line(toy, form, found):
    (problem,) = problems(toy(form=form))
    assert problem.startswith(found)


@pytest.mark.parametrize(
    ("pack", "found"),
    [
        ("pack: TOY\n", ['packs/toy/pack.yaml:1: "name" is missing. Add it.']),
        (
            "pack: TOY\nname: n\nspecialty: s\nversion: 1\nvalid_from: 2022-09-01\n",
            ['packs/toy/pack.yaml:4: "version" must be text, found 1. Write it in quotes.'],
        ),
        (
            "pack: TOY\nname: n\nspecialty: s\nversion: '1'\nvalid_from: 2022-9-1\n",
            ["packs/toy/pack.yaml:5: \"valid_from\": '2022-9-1' is no date. Write it like 2022-09-01."],
        ),
        (
            "pack: TOY\nname: n\nspecialty: s\nversion: '1'\nvalid_from: 2022-09-01\nvalid_until: 2022-08-31\n",
            ["packs/toy/pack.yaml:1: valid_until 2022-08-31 is before valid_from 2022-09-01. Check both dates."],
        ),
        (
            "pack: TOY\nname: n\nspecialty: s\nversion: '1'\nvalid_from: 2022-09-01\nunit: encountr\n",
            [
                "packs/toy/pack.yaml:6: \"unit\" is 'encountr'; it must be 'encounter', 'outpatient_visit' "
                "or 'patient_year'. Did you mean \"encounter\"?"
            ],
        ),
    ],
)
def test_a_pack_yaml_that_cannot_be_used_is_refused(toy, pack, found):
    assert problems(toy(pack=pack))[: len(found)] == found


def test_all_mistakes_are_reported_at_once(toy):
    form = LIST + "  - {item: A, label: a, type: text, show: x = 1}\n  - {item: B, label: b, type: text, show: y = 1}\n"
    assert len(problems(toy(form=form))) == 2


def test_a_folder_without_a_form_is_refused(write):
    folder = write("toy", pack='pack: TOY\nname: n\nspecialty: s\nversion: "1"\nvalid_from: 2022-09-01\n')
    assert problems(folder) == ["packs/toy/form.yaml:1: this file is missing. A pack needs it."]


OVERLAY = "overlay: toy\nname: 本院补充\n"
ADDED = """
    form: TOY
    sections:
    - section: 本院
      items:
      - {item: OURS-1, label: 本院项, type: text, show: toy_1 = 'n'}
"""


def test_an_overlay_adds_items_and_shows_in_the_version(toy, write):
    overlay = write("../ours", pack=OVERLAY, form=ADDED)
    pack = load(toy(), overlays=[overlay])
    assert [item.code for item in pack.form.items] == ["TOY-1", "TOY-2", "OURS-1"]
    assert pack.version == "1+ours-1"


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (
            "form: TOY\nsections:\n- section: 一\n  items:\n  - {item: TOY-1, label: x, type: text}\n",
            'ours/form.yaml:5: item "TOY-1": is in the national form. An overlay adds items under codes of its own.',
        ),
        (
            "form: TOY\nsections:\n- section: 一\n  items:\n"
            "  - {item: O, label: x, type: text, sets: [{when: o = 'x', item: TOY-1, to: \"'y'\"}]}\n",
            'an overlay adds to the national form and does not answer its items ("TOY-1"). Remove the rule.',
        ),
        (
            "form: TOY\nsections: []\namendments:\n- {item: TOY-1, add_options: {}, source: s, confidence: c}\n",
            "ours/form.yaml:3: an overlay adds items and does not amend national ones.",
        ),
    ],
)
def test_an_overlay_never_edits_the_national_form(toy, write, form, found):
    overlay = write("../ours", pack=OVERLAY, form=form)
    (problem,) = problems(toy(), overlays=[overlay])
    assert found in problem


def test_overlays_find_their_packs_by_name(toy, write, packs):
    toy()
    overlay = write("../ours", pack=OVERLAY, form=ADDED)
    (pack,) = load_packs(packs, overlays=[overlay], cache=KEEP_NOTHING)
    assert pack.overlays == ("ours-1",)
    wrong = write("../wrong", pack="overlay: tooy\nname: x\n")
    with pytest.raises(PackError, match=r'overlay of the unknown pack "tooy". Did you mean "toy"'):
        load_packs(packs, overlays=[wrong], cache=KEEP_NOTHING)


def test_the_packs_that_come_with_zhiheng_are_found():
    assert (loading.default_root() / "stemi" / "pack.yaml").is_file()
    assert len(loading.pack_folders(loading.default_root())) >= 55

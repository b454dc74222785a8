"""A national template becomes form.yaml; what is identical in several is written once."""

import json

import pytest

from zhiheng.lib import yaml
from zhiheng.lib.models import read
from zhiheng.packs.compiling import Report
from zhiheng.packs.importing import import_form, import_forms, read_template
from zhiheng.packs.loading import PackError, load_common
from zhiheng.packs.specs.form import FormSpec
from zhiheng.packs.writing import form_yaml

HEAD = {"no": 1, "platform_disease_type": "T", "platform_form": "form-1", "snapshot": "2022-09 or earlier"}


def entry(code, name="名", kind="text", section=("一",), **more):
    return {"code": code, "name": name, "section": list(section), "type": kind, "required": True, **more}


def shows(code, value):
    return [{"item": code, "op": "==", "value": value, "effect": "show"}]


@pytest.fixture
def template(tmp_path):
    def written(abbr, *items):
        path = tmp_path / f"{abbr}.json"
        path.write_text(json.dumps({**HEAD, "abbr": abbr, "items": items}, ensure_ascii=False), encoding="utf-8")
        return path

    return written


def form_of(folder):
    form, problems = read(yaml.load(folder / "form.yaml"), FormSpec)
    assert problems == []
    return form


YES = [["y", "是"], ["n", "否"]]


def test_sections_nest_and_the_order_of_items_is_kept(template, packs):
    path = template(
        "TOY",
        entry("A", section=("一", "甲")),
        entry("B", section=("一", "甲")),
        entry("C", section=("一",)),
        entry("D", section=("一", "甲")),  # the section comes back
        entry("E", section=("二",)),
    )
    import_form(path, packs / "toy", packs / "common")
    first, second = form_of(packs / "toy").sections
    assert [entry.section if hasattr(entry, "section") else entry.item for entry in first.items] == ["甲", "C", "甲"]
    assert second.items[0].item == "E"


def test_what_all_items_of_a_section_need_is_said_once(template, packs):
    level = shows("A", "y")
    path = template(
        "TOY",
        entry("A", kind="choice", options=YES),
        entry("B", section=("二",), shown_when=[level]),
        entry("C", section=("二",), shown_when=[level, shows("A", "n")]),
    )
    import_form(path, packs / "toy", packs / "common")
    section = form_of(packs / "toy").sections[1]
    assert section.show == "a = 'y'"
    assert [entry.show for entry in section.items] == [None, "a = 'n'"]


def test_items_and_lists_that_three_forms_share_are_written_once(template, packs):
    same = entry("CM-1", "公共", "choice", options=YES)
    mine = [template(abbr, same, entry(f"{abbr}-1")) for abbr in ("ONE", "TWO", "THREE")]
    mine.append(template("FOUR", entry("CM-1", "别的", "choice", options=YES)))
    reports = import_forms(mine, packs)
    assert [(report.abbr, report.items, report.shared) for report in reports] == [
        ("ONE", 2, 1),
        ("TWO", 2, 1),
        ("THREE", 2, 1),
        ("FOUR", 1, 0),
    ]
    assert form_of(packs / "one").sections[0].items[0].use == "CM-1"
    assert form_of(packs / "four").sections[0].items[0].options == "yes_no"
    common = load_common(packs / "common", Report())
    assert common.items["CM-1"][0].label == "公共"
    assert common.options["yes_no"] == {"y": "是", "n": "否"}


def test_what_people_added_survives_a_second_import(template, packs):
    path = template("TOY", entry("A", kind="choice", options=YES), entry("B"))
    import_form(path, packs / "toy", packs / "common")
    file = packs / "toy" / "form.yaml"
    text = file.read_text(encoding="utf-8").replace("- item: B", "- item: B\n    alias: readable")
    amendment = "amendments:\n- {item: A, add_options: {u: 不详}, source: 公告, confidence: own}\n"
    file.write_text(text + "aliases: {asked: A}\n" + amendment, encoding="utf-8")
    import_form(path, packs / "toy", packs / "common")
    form = form_of(packs / "toy")
    assert form.aliases == {"asked": "A", "readable": "B"}
    assert form.amendments[0].add_options == {"u": "不详"}


def test_the_report_counts_and_names_what_was_not_translated(template, packs):
    path = template("TOY", entry("A", "天数", "number", computed="#{B}::-::#{143}"), entry("B", kind="datetime"))
    report = import_form(path, packs / "toy", packs / "common")
    assert str(report).splitlines()[0] == f"TOY: 2 items, 0 of them shared -> {packs / 'toy' / 'form.yaml'}"
    assert "A: 143 is a number of the platform's own" in str(report).splitlines()[1]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"items": []}, '"items": List should have at least 1 item after validation, not 0, found [].'),
        ({"no": "1"}, "\"no\" must be a whole number, found '1'."),
        ({"itms": []}, 'unknown key "itms". Did you mean "items"?'),
        ({"items": [{"code": "A"}]}, '"name" is missing. Add it.'),
        ({"items": [entry("A", kind="texts")]}, "\"type\" is 'texts'; it must be 'text', 'number', 'date'"),
        (
            {"items": [entry("A", shown_when=[[{"item": "A", "op": "=", "value": "a", "effect": "show"}]])]},
            "\"op\" is '='; it must be",
        ),
    ],
)
def test_a_template_of_another_shape_is_refused_with_its_line(tmp_path, change, problem):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({**HEAD, "abbr": "T", "items": [entry("A")], **change}, indent=1), encoding="utf-8")
    with pytest.raises(PackError) as error:
        read_template(path)
    assert problem in str(error.value)
    assert "t.json:" in str(error.value)


def test_a_written_form_reads_back_as_the_same_form(packs):
    text = """
form: TOY
edition: "2022-09"
aliases:
  asked: A
options:
  long: {a: '长,', 1: '1'}
sections:
- section: '一: 节'
  show: [a = 'y', b > 1]
  items:
  - use: CM-1
  - {item: A, label: '', type: choice, options: long, readonly: true, hidden: true, default: UTD, notes: 注, source: 源}
  - item: B
    label: "“引号” 'x' \\"y\\""
    type: text
    alias: bee
    max_length: 50
    options: null
    computed: a || 'x'
    sets: [{when: "a = 'y'", item: A, to: null}]
    limits: [{holds: b > 1, message: 应大于, severity: advisory, id: x.y, source: s}]
    unresolved: ['limit: <= date']
  - section: 内
    items: []
amendments:
- {item: A, add_options: {z: 末}, source: s, confidence: c}
"""
    form, problems = read(yaml.loads(text), FormSpec)
    assert problems == []
    again, problems = read(yaml.loads(form_yaml(form, "标题\n两行")), FormSpec)
    assert problems == []
    assert again == form

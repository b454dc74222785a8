"""Every decision explains itself: the rows that met a criterion, the words of a reason, why a visit is no case."""

import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from visits import Hospital, rules, spec

from zhiheng.engine.find import RulesError, find, in_order
from zhiheng.lib import models, yaml
from zhiheng.packs.specs.find import FindError, FindSpec, compile_find


def hospital():
    return (
        Hospital()
        .patient("P")
        .visit(
            "V", diagnoses=({"code": "I63.902", "name": "大面积脑梗死", "record_version": 3}, "I10"), admit_route=None
        )
        .visit("W", diagnoses=("I61.0",), admit_route="transfer", days=95)
        .visit("X", diagnoses=("I63.9",), encounter_class="emergency")
        .visit("Y", diagnoses=("I63.9",), days=None)
    )


def step(explanation, name):
    (found,) = [each for each in explanation.steps if each.id == name]
    return found


def test_evidence_is_the_very_row_and_version():
    (row,) = hospital().find([rules("STK")]).evidence("STK", "V")
    assert (row.criterion, row.table, row.source, row.source_id, row.record_version, row.code, row.name) == (
        "infarction",
        "diagnosis",
        "test",
        "diagnosis/0",
        3,
        "I63.902",
        "大面积脑梗死",
    )


def test_a_case_that_is_out_has_all_its_reasons_in_the_official_words():
    (case,) = [case for case in hospital().find([rules("ICH")]) if case.encounter_id == "W"]
    assert [said.text for said in case.reasons] == ["由外院诊疗后转入本院", "本次住院天数>90天"]


def test_the_decisions_are_also_a_table():
    row = hospital().find([rules("ICH")]).table().to_pylist()
    assert [(each["pack"], each["encounter_id"], each["decision"], each["excluded"]) for each in row] == [
        ("ICH", "W", "out", ["transferred_in", "stay_over_90_days"])
    ]


@pytest.mark.parametrize(
    ("pack", "visit", "decision", "name", "holds", "seen"),
    [
        ("STK", "V", "in", "infarction", True, ("I63.902 大面积脑梗死", "I10")),
        ("STK", "V", "in", "transferred_in", None, ("入院途径：无记录",)),
        ("STK", "V", "in", "stay_over_90_days", False, ("住院天数：7",)),
        ("STK", "V", "in", "trial", None, ()),  # only a person knows
        ("STK", "W", None, "infarction", False, ("I61.0",)),
        ("STK", "W", None, "include", False, ()),
        ("ICH", "W", "out", "stay_over_90_days", True, ("住院天数：95",)),
        ("STK", "X", None, "class", False, ("就诊类别：emergency",)),
        ("STK", "X", None, "infarction", True, ("I63.9",)),
        ("STK", "Y", None, "ended", False, ("出院时间：无记录",)),
        ("VTE", "V", None, "other_risk", None, ()),
    ],
)
def test_any_visit_is_explained_for_any_pack(pack, visit, decision, name, holds, seen):
    (explained,) = hospital().find([rules("STK"), rules("ICH"), rules("VTE")]).why_not(pack, visit)
    assert explained.decision == decision
    assert (step(explained, name).holds, step(explained, name).seen) == (holds, seen)


def test_an_explanation_shows_the_rows_behind_a_criterion():
    (explained,) = hospital().find([rules("STK")]).why_not("STK", "V")
    assert [row.source_id for row in step(explained, "infarction").evidence] == ["diagnosis/0"]


def test_what_is_not_there_is_named():
    found = hospital().find([rules("STK")])
    with pytest.raises(LookupError, match='No pack "XYZ" was searched'):
        found.why_not("XYZ", "V")
    with pytest.raises(LookupError, match='No visit "nowhere"'):
        found.why_not("STK", "nowhere")


def test_an_unknown_exclusion_says_what_is_missing():
    visit = Hospital().patient("P", None).visit("V", diagnoses=("I63.9",))
    (case,) = visit.find([rules("STK")])
    assert [said.text for said in case.questions] == ["现有记录无法判定“年龄<18岁”，请核实（涉及：年龄（岁））"]


def test_records_may_come_as_a_connection_and_with_tables_missing():
    tables = hospital().tables()
    con = duckdb.connect()
    for name in ("encounter", "diagnosis"):
        con.register(name, tables[name])
    assert [(case.encounter_id, case.decision.value) for case in find([rules("STK")], con)] == [("V", "undecided")]


# What cannot run --------------------------------------------------------------------------------------------


HEAD = "classes: [inpatient]\nsource: {text: t, confidence: own_knowledge}\n"
GOOD = "criteria:\n  a: {diagnosis: any, codes: [I63]}\ninclude: a\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("criteria:\n  a: {diagnosis: any, codes: [I6]}\ninclude: a\n", 4, '"I6" is no code'),
        ("criteria:\n  a: {diagnosis: any, codes: [I63]}\ninclude: b\n", 5, 'Unknown name "b"'),
        ("criteria:\n  a: {diagnosis: any, codes: [I63]}\ninclude: age_years\n", 5, "boolean"),
        (GOOD + "exclude:\n- {id: x, reason: r, when: lenght_of_stay_days > 3}\n", 7, 'mean "length_of_stay_days"'),
        (GOOD + "exclude:\n- {id: x, reason: r, when: a}\n- {id: x, reason: s, when: a}\n", 8, '"x" stands here twice'),
        (GOOD + "exclude:\n- {id: age, reason: r, when: a}\n", 7, "a meaning of its own"),
        ("criteria:\n  icu: {diagnosis: any, codes: [I63]}\ninclude: icu\n", 4, "name of a fact"),
        ("criteria:\n  a: {diagnosis: any, names: [x]}\ninclude: a\n", 5, "may only look at codes"),
        (
            "criteria:\n  a: {diagnosis: any, codes: [I63]}\ninclude: a and not prior_same_disease\n",
            5,
            "cannot be part",
        ),
        ("criteria:\n  a: {diagnosis: any, same_codes_as: b}\ninclude: a\n", 4, "names no criterion with codes"),
        (
            "criteria:\n  a: {diagnosis: any, codes: [I63], except: [I64]}\ninclude: a\n",
            4,
            "excepts I64, which it does not list",
        ),
    ],
)
def test_what_cannot_run_is_refused_with_its_line(text, line, message):
    document = yaml.loads(HEAD + text, name="find.yaml")
    found, problems = models.read(document, FindSpec)
    assert not problems
    with pytest.raises(FindError, match=message) as refused:
        compile_find(found, abbr="X", version="1")
    assert document.line(refused.value.location) == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("criteria:\n  a: {codes: [I63]}\ninclude: a\n", "Give exactly one"),
        ("criteria:\n  a: {diagnosis: any}\ninclude: a\n", "needs `codes:`"),
        ("criteria:\n  a: {procedure: first_two, codes: ['00.7']}\ninclude: a\n", "principal"),
        (GOOD + "age: {from: 18, reason: r}\n", "quotes"),
        (GOOD + "age: {from: 18 weeks, reason: r}\n", "is no age"),
        (GOOD + "age: {reason: r}\n", "needs `from:`"),
        (GOOD + "exclude:\n- {id: x, reason: r}\n", "exactly one of"),
        (GOOD + "exclude:\n- {id: x, reason: r, when: a, ask: q}\n", "exactly one of"),
        (GOOD + "exclude:\n- {id: x, reason: r, when: a, raise: a}\n", "belongs to a question"),
        (GOOD + "exclude:\n- {id: x, reasn: r, when: a}\n", 'Did you mean "reason"'),
    ],
)
def test_a_find_file_of_the_wrong_shape_is_refused(text, message):
    _, problems = models.read(yaml.loads(HEAD + text, name="find.yaml"), FindSpec)
    assert message in " ".join(map(str, problems))


def test_packs_that_yield_in_a_circle_are_refused():
    def yielding(abbr, other):
        return spec(GOOD + f"yields_to:\n- {{id: y, packs: [{other}], reason: r}}\n", abbr)

    with pytest.raises(RulesError, match="in a circle: A, B"):
        in_order([yielding("A", "B"), yielding("B", "A")])


def test_two_versions_valid_on_one_day_are_refused():
    versions = [
        spec(GOOD, version="1", valid_until=date(2025, 1, 1)),
        spec(GOOD, version="2", valid_from=date(2025, 1, 1)),
    ]
    with pytest.raises(RulesError, match="valid at the same time"):
        in_order(versions)

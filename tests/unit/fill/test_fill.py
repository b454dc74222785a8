"""What a fill rule takes from which rows, and what proves it."""

from collections.abc import Callable
from typing import Any

import pytest

Fill = Callable[..., Any]

DOSES = """
    medication:
    - {source_id: late, name: 阿司匹林肠溶片, kind: administration, start_time: 2025-03-02 14:20, dose: 100}
    - {source_id: early, name: 阿司匹林肠溶片, kind: administration, start_time: 2025-03-02 14:05, dose: 300}
    - {source_id: other, name: 硫酸氢氯吡格雷片, kind: administration, start_time: 2025-03-02 13:00, dose: 600}
    - {source_id: order, name: 阿司匹林肠溶片, kind: order, start_time: 2025-03-02 12:00}
"""
FIRST_DOSE = """
    fills:
    - item: t_1
      from: medication
      term: aspirin
      where: kind = 'administration'
      value: start_time
      take: first
"""


def test_the_first_row_that_meets_the_condition_gives_the_value(filled: Fill) -> None:
    assert filled(FIRST_DOSE, DOSES).values == {"T-1": "2025-03-02 14:05"}


def test_a_value_carries_the_row_that_proves_it_and_how_many_others_there_were(filled: Fill) -> None:
    (proof,) = filled(FIRST_DOSE, DOSES).evidence["T-1"]
    assert (proof.table, proof.source, proof.source_id, proof.record_version) == ("medication", "example", "early", 1)
    assert (proof.time, proof.excerpt, proof.candidates) == ("2025-03-02 14:05", "阿司匹林肠溶片 300.0", 2)
    assert proof.rule == "packs/toy/fill.yaml#t_1/1"


@pytest.mark.parametrize(
    ("take", "value", "found"),
    [
        ("first", "dose", 300),
        ("last", "dose", 100),
        ("min", "dose", 100),
        ("max", "dose", 300),
        ("count", None, 2),
    ],
)
def test_what_is_taken_of_several_rows(filled: Fill, take: str, value: str | None, found: float) -> None:
    rule = f"""
        fills:
        - item: t_2
          from: medication
          term: aspirin
          where: kind = 'administration'
          take: {take}
          {f"value: {value}" if value else ""}
    """
    assert filled(rule, DOSES).values == {"T-2": found}


ONLY = "fills: [{item: t_2, from: medication, term: aspirin, where: \"kind = 'administration'\", value: dose}]"


def test_only_takes_a_value_on_which_all_rows_agree(filled: Fill) -> None:
    same = DOSES.replace("dose: 100", "dose: 300")
    assert filled(ONLY, same).values == {"T-2": 300}


def test_only_refuses_rows_that_contradict_each_other(filled: Fill) -> None:
    result = filled(ONLY, DOSES)
    assert result.values == {}
    assert result.refused == {"T-2": "ambiguous"}


def test_all_collects_the_options_of_every_row_each_with_its_proof(filled: Fill) -> None:
    rule = """
        fills:
        - item: t_5
          from: medication
          where: kind = 'administration'
          take: all
          map: {aspirin: a, clopidogrel: b}
    """
    result = filled(rule, DOSES)
    assert sorted(result.values["T-5"]) == ["a", "b"]
    assert {proof.source_id for proof in result.evidence["T-5"]} == {"early", "other"}


def test_a_term_includes_the_members_of_the_terms_it_includes(filled: Fill) -> None:
    rule = FIRST_DOSE.replace("term: aspirin", "term: antiplatelet")
    assert filled(rule, DOSES).values == {"T-1": "2025-03-02 13:00"}


@pytest.mark.parametrize(
    "row",
    [
        "{code: B01AC06, code_system: ATC}",
        "{code: B01AC06, code_system: 'http://www.whocc.no/atc'}",
        "{name: 拜阿司匹林}",
        "{name: 本院代码X17, terms: [aspirin]}",
        "{name: X, codings: ['ATC|B01AC06']}",
    ],
)
def test_a_row_belongs_to_a_term_by_code_by_name_or_by_the_hospitals_word(filled: Fill, row: str) -> None:
    rule = "fills: [{item: t_3, from: medication, term: aspirin, take: any, answer: y}]"
    assert filled(rule, f"medication: [{row}]").values == {"T-3": "y"}


def test_the_first_term_of_a_map_that_a_row_belongs_to_gives_the_option(filled: Fill) -> None:
    rule = "fills: [{item: t_4, from: medication, take: first, map: {clopidogrel: b, antiplatelet: oth}}]"
    assert filled(rule, DOSES).values == {"T-4": "oth"}  # the order of 12:00 is the first row: aspirin
    assert filled(rule, DOSES.replace("2025-03-02 12:00", "2025-03-02 18:00")).values == {"T-4": "b"}


# Rows that do not count -----------------------------------------------------------------------------------------------

ANY = "fills: [{item: t_3, from: medication, term: aspirin, take: any, answer: y}]"


@pytest.mark.parametrize("denied", ["not_given: true", "status: cancelled", "status: planned"])
def test_what_was_not_given_never_counts_as_given(filled: Fill, denied: str) -> None:
    assert filled(ANY, f"medication: [{{name: 阿司匹林, {denied}}}]").values == {}


def test_a_rule_can_ask_for_what_was_not_given_and_why(filled: Fill) -> None:
    rule = """
        fills:
        - {item: t_7, from: medication, term: aspirin, negated: true, value: not_given_reason, take: first}
    """
    assert filled(rule, "medication: [{name: 阿司匹林, not_given: true, not_given_reason: 出血}]").values == {
        "T-7": "出血"
    }


def test_rows_of_other_visits_do_not_count(filled: Fill) -> None:
    records = """
        encounter: [{encounter_id: E1, patient_id: P1}, {encounter_id: E2, patient_id: P1}]
        medication: [{encounter_id: E2, name: 阿司匹林}]
    """
    assert filled(ANY, records).values == {}


LINKED = """
    encounter:
    - {encounter_id: E1, patient_id: P1, part_of_encounter_id: ED, admit_time: 2025-03-02 15:00}
    - {encounter_id: ED, patient_id: P1, encounter_class: emergency, admit_time: 2025-03-02 14:00}
    medication: [{encounter_id: ED, name: 阿司匹林, start_time: 2025-03-02 14:10}]
"""


def test_what_was_done_in_the_emergency_department_before_counts(filled: Fill) -> None:
    assert filled(ANY, LINKED).values == {"T-3": "y"}
    assert filled(ANY.replace("take: any", "take: any, visits: own"), LINKED).values == {}


def test_a_rule_can_ask_for_the_emergency_visit_itself(filled: Fill) -> None:
    rule = "fills: [{item: t_1, from: encounter, visits: emergency, value: admit_time}]"
    assert filled(rule, LINKED).values == {"T-1": "2025-03-02 14:00"}
    assert filled(rule.replace("visits: emergency, ", ""), LINKED).values == {"T-1": "2025-03-02 15:00"}


# Times ----------------------------------------------------------------------------------------------------------------


def test_a_time_known_only_by_its_day_is_refused_for_an_item_with_a_time(filled: Fill) -> None:
    result = filled(FIRST_DOSE, DOSES.replace("2025-03-02 14:05", "2025-03-02"))
    assert result.values == {}
    assert result.refused == {"T-1": "imprecise"}


def test_a_dose_known_only_by_its_day_does_not_let_a_later_dose_pass_for_the_first(filled: Fill) -> None:
    rule = FIRST_DOSE.replace("kind = 'administration'", "start_time >= t_10 and kind = 'administration'")
    known = {"T-10": "2025-03-02 14:00"}
    assert filled(rule, DOSES, known=known).values == {"T-1": "2025-03-02 14:05"}
    assert filled(rule, DOSES.replace("2025-03-02 14:05", "2025-03-02"), known=known).refused == {"T-1": "imprecise"}


def test_a_date_is_enough_for_an_item_with_a_date(filled: Fill) -> None:
    rule = FIRST_DOSE.replace("t_1", "t_6")
    assert filled(rule, DOSES.replace("2025-03-02 14:05", "2025-03-02")).values == {"T-6": "2025-03-02"}


def test_rows_without_a_time_come_after_all_others(filled: Fill) -> None:
    rule = FIRST_DOSE.replace("t_1", "t_2").replace("value: start_time", "value: dose")
    assert filled(rule, DOSES.replace("start_time: 2025-03-02 14:05, ", "")).values == {"T-2": 100}


@pytest.mark.parametrize("reverse", [False, True])
def test_among_equal_rows_the_smallest_natural_key_wins_whatever_their_order(filled: Fill, reverse: bool) -> None:
    records = """
        medication:
        - {source_id: b, name: 阿司匹林, start_time: 2025-03-02 14:05, dose: 2}
        - {source_id: a, name: 阿司匹林, start_time: 2025-03-02 14:05, dose: 1}
        - {source_id: c, name: 阿司匹林, start_time: 2025-03-02 14:05, dose: 3}
    """
    rule = "fills: [{item: t_2, from: medication, term: aspirin, value: dose, take: first}]"
    result = filled(rule, records, reverse=reverse)
    assert (result.values, result.evidence["T-2"][0].source_id) == ({"T-2": 1}, "a")


# Numbers and units ----------------------------------------------------------------------------------------------------


def observation(**more: str) -> str:
    row = {"name": "肌钙蛋白I", "value_number": "2350", "unit": "pg/mL"} | more
    return "observation: [{" + ", ".join(f"{key}: {value}" for key, value in row.items()) + "}]"


TROPONIN = "fills: [{item: t_2, from: observation, term: troponin, value: value_number, unit: ng/mL, take: first}]"


@pytest.mark.parametrize(
    ("number", "unit", "found"),
    [("2350", "pg/mL", 2.35), ("2.35", "ng/mL", 2.35), ("2.35", "ug/L", 2.35), ("2.35", "μg/l", 2.35)],
)
def test_values_are_converted_to_the_unit_of_the_item(filled: Fill, number: str, unit: str, found: float) -> None:
    assert filled(TROPONIN, observation(value_number=number, unit=unit)).values == {"T-2": found}


@pytest.mark.parametrize("unit", ["U/L", "单位", "''"])
def test_a_value_in_a_unit_that_cannot_be_converted_is_refused(filled: Fill, unit: str) -> None:
    result = filled(TROPONIN, observation(unit=unit))
    assert (result.values, result.refused) == ({}, {"T-2": "unit"})


def test_mass_becomes_substance_by_the_molar_mass_of_the_term(filled: Fill) -> None:
    rule = TROPONIN.replace("troponin", "cholesterol").replace("ng/mL", "mmol/L")
    values = filled(rule, observation(name="总胆固醇", value_number="200", unit="mg/dL")).values
    assert values["T-2"] == pytest.approx(5.172637, abs=1e-6)


def test_a_bound_is_no_value(filled: Fill) -> None:
    assert filled(TROPONIN, observation(comparator="'<'")).refused == {"T-2": "bound"}


def test_the_largest_is_not_told_while_one_value_cannot_be_compared(filled: Fill) -> None:
    rows = (
        "observation: [{name: 肌钙蛋白, value_number: 5, unit: ng/mL}, {name: 肌钙蛋白, value_number: 9, unit: 单位}]"
    )
    assert filled(TROPONIN.replace("take: first", "take: max"), rows).refused == {"T-2": "unit"}


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "four", "six"),
    [
        ("I21.100x001", "b", "2"),
        ("I21.100", "b", "1"),
        ("I21.1", "b", "1"),  # 四位码等同于补零的六位码
        ("I21.100x099", "b", "1"),
        ("i21.103", "b", "3"),
        ("I21.101", "b", None),
        ("I21.000", "a", None),
        ("I21.2", None, None),
    ],
)
def test_the_option_with_the_most_exact_code_is_taken(filled: Fill, code: str, four: str, six: str) -> None:
    rule = """
        fills:
        - {item: t_8, from: diagnosis, value: code, where: "role = 'principal'", map: options_by_code}
        - {item: t_9, from: diagnosis, value: code, where: "role = 'principal'", map: options_by_code}
    """
    result = filled(rule, f"diagnosis: [{{code: {code}, role: principal}}]")
    assert (result.values.get("T-8"), result.values.get("T-9")) == (four, six)
    missing = {item for item, option in (("T-8", four), ("T-9", six)) if option is None}
    assert {item for item, reason in result.refused.items() if reason == "no_option"} == missing


@pytest.mark.parametrize(
    ("code", "option"), [("36.0700", "4"), ("36.07", "4"), ("36.0700x004", "5"), ("36.0600", None)]
)
def test_procedure_codes_are_matched_as_exactly(filled: Fill, code: str, option: str | None) -> None:
    rule = "fills: [{item: t_9, from: procedure, value: code, map: options_by_code}]"
    assert filled(rule, f"procedure: [{{code: '{code}'}}]").values.get("T-9") == option


def test_a_value_outside_the_map_is_refused(filled: Fill) -> None:
    rule = "fills: [{item: t_3, from: encounter, value: discharge_mode, map: {died: y}}]"
    assert filled(rule, "encounter: [{encounter_id: E1, discharge_mode: home}]").refused == {"T-3": "no_option"}


def test_a_text_longer_than_the_item_allows_is_refused(filled: Fill) -> None:
    rule = "fills: [{item: t_7, from: encounter, value: department}]"
    assert filled(rule, "encounter: [{encounter_id: E1, department: 心血管内科}]").values == {"T-7": "心血管内科"}
    assert filled(rule, "encounter: [{encounter_id: E1, department: 心血管内科一区}]").refused == {"T-7": "too_long"}


# Absence --------------------------------------------------------------------------------------------------------------

ABSENT = "fills: [{item: t_3, from: medication, term: aspirin, take: any, answer: y, absent: n}]"
NONE_GIVEN = "medication: [{name: 氯吡格雷}, {name: 美托洛尔}]"


def test_the_absence_of_a_row_is_an_answer_only_where_the_table_is_declared_complete(filled: Fill) -> None:
    assert filled(ABSENT, NONE_GIVEN).values == {}
    assert filled(ABSENT, NONE_GIVEN, complete=("observation",)).values == {}
    assert filled(ABSENT, NONE_GIVEN, complete=("medication",)).values == {"T-3": "n"}


def test_an_absence_tells_among_how_many_rows_there_was_none(filled: Fill) -> None:
    (proof,) = filled(ABSENT, NONE_GIVEN, complete=("medication",)).evidence["T-3"]
    assert (proof.table, proof.source_id, proof.candidates, proof.examined) == ("medication", None, 0, 2)


def test_there_is_no_absence_while_a_row_might_still_serve(filled: Fill) -> None:
    rule = ABSENT.replace("take: any", 'where: "start_time >= t_10", take: any')
    known = {"T-10": "2025-03-02 14:00"}
    undated = "medication: [{name: 阿司匹林}]"
    earlier = "medication: [{name: 阿司匹林, start_time: 2025-03-01 08:00}]"
    assert filled(rule, undated, complete=("medication",), known=known).values == {}
    assert filled(rule, earlier, complete=("medication",), known=known).values == {"T-3": "n"}


def test_there_is_no_absence_while_an_item_that_the_rule_uses_is_unanswered(filled: Fill) -> None:
    rule = ABSENT.replace("take: any", 'where: "start_time >= t_10", take: any')
    assert filled(rule, "", complete=("medication",)).values == {}


# The first rule asks for a dose in time, the second for any dose at all: only it may say that there was none.
TWO_RULES = """
    fills:
    - item: t_3
      from: medication
      term: aspirin
      where: start_time >= timestamp '2025-03-02 14:00'
      take: any
      answer: y
    - {item: t_3, from: medication, term: clopidogrel, take: any, answer: y, absent: n}
"""


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ("{name: 美托洛尔}", {"T-3": "n"}),
        ("{name: 阿司匹林, start_time: 2025-03-01 08:00}", {"T-3": "n"}),
        ("{name: 阿司匹林}", {}),  # at what time nobody knows
        ("{name: 阿司匹林, start_time: 2025-03-02 15:00}", {"T-3": "y"}),
        ("{name: 氯吡格雷}", {"T-3": "y"}),
    ],
)
def test_no_rule_answers_with_an_absence_while_a_row_might_serve_another_rule_of_the_item(
    filled: Fill, rows: str, answer: dict[str, str]
) -> None:
    assert filled(TWO_RULES, f"medication: [{rows}]", complete=("medication",)).values == answer


def test_rows_that_might_serve_count_from_every_table_and_every_pass(filled: Fill) -> None:
    absent = "- {item: t_3, from: medication, term: clopidogrel, take: any, answer: y, absent: n}"
    rules = f"""
        fills:
        - {{item: t_3, from: procedure, where: "start_time >= t_10", take: any, answer: y}}
        {absent}
    """
    done = "procedure: [{name: 支架置入, start_time: 2025-03-02 13:00}]"
    complete, known = ("medication",), {"T-10": "2025-03-02 14:00"}
    assert filled(rules, done, complete=complete).values == {}
    assert filled(rules, done, complete=complete, known=known).values == {"T-3": "n"}
    assert filled(rules, "", complete=complete).values == {"T-3": "n"}


def test_there_is_no_absence_while_a_row_serves_another_rule_but_its_words_cannot_be_read(filled: Fill) -> None:
    rules = """
        fills:
        - {item: t_1, from: note, match: '给药时间：([^，。]*)', value: found, take: first}
        - {item: t_1, from: medication, term: aspirin, value: start_time, take: first, absent: 2025-03-02 14:00}
    """
    assert filled(rules, note("给药时间：不详。"), complete=("medication",)).values == {}
    assert filled(rules, note("未给药。"), complete=("medication",)).values == {"T-1": "2025-03-02 14:00"}


def test_rows_that_might_serve_another_item_do_not_count(filled: Fill) -> None:
    rules = TWO_RULES.replace("item: t_3", "item: t_4", 1).replace("answer: y", "answer: a", 1)
    assert filled(rules, "medication: [{name: 阿司匹林}]", complete=("medication",)).values == {"T-3": "n"}


# Patterns in texts ----------------------------------------------------------------------------------------------------

KILLIP = """
    fills:
    - item: t_4
      from: note
      match: 'Killip分级(Ⅰ|Ⅱ)级'
      unless: 否认
      map: {Ⅰ: a, Ⅱ: b}
      take: first
"""


def note(text: str) -> str:
    return f"note: [{{kind: admission, time: 2025-03-02 15:00, text: {text}}}]"


def test_a_pattern_in_a_note_gives_the_value_and_its_words_are_the_proof(filled: Fill) -> None:
    result = filled(KILLIP, note("查体：双肺呼吸音清，Killip分级Ⅱ级，心率88次。"))
    assert result.values == {"T-4": "b"}
    assert result.evidence["T-4"][0].excerpt == "查体：双肺呼吸音清，Killip分级Ⅱ级，心率88次。"


def test_a_pattern_that_the_words_around_deny_gives_nothing(filled: Fill) -> None:
    assert filled(KILLIP, note("否认Killip分级Ⅱ级。")).values == {}
    assert filled(KILLIP, note("未评估。")).values == {}


@pytest.mark.parametrize("end", ["。", "；", ";", "，", ",", "\\n", "\\r\\n"])
def test_a_neighbouring_clause_denies_nothing(filled: Fill, end: str) -> None:
    assert filled(KILLIP, note(f'"否认胸痛{end}Killip分级Ⅱ级"')).values == {"T-4": "b"}
    assert filled(KILLIP, note(f'"Killip分级Ⅱ级{end}否认胸痛"')).values == {"T-4": "b"}
    assert filled(KILLIP, note(f'"胸痛{end}否认Killip分级Ⅱ级{end}咳嗽"')).values == {}
    assert filled(KILLIP, note(f'"胸痛{end}Killip分级Ⅱ级患者否认{end}咳嗽"')).values == {}


def test_a_neighbouring_clause_is_quoted_all_the_same(filled: Fill) -> None:
    result = filled(KILLIP, note("否认胸痛。Killip分级Ⅱ级，心率88次。"))
    assert result.evidence["T-4"][0].excerpt == "否认胸痛。Killip分级Ⅱ级，心率88次。"


@pytest.mark.parametrize("written", ["2025-03-02 15:35", "2025/03/02 15:35", "2025年03月02日15时35分"])
def test_a_complete_time_written_in_a_text_becomes_a_time(filled: Fill, written: str) -> None:
    rule = "fills: [{item: t_1, from: note, match: '导丝通过时间：([^，。]+)', value: found, take: first}]"
    assert filled(rule, note(f"导丝通过时间：{written}，术程顺利。")).values == {"T-1": "2025-03-02 15:35"}


def test_a_clock_without_a_day_is_no_time(filled: Fill) -> None:
    rule = "fills: [{item: t_1, from: note, match: '导丝通过时间：([^，。]+)', value: found, take: first}]"
    assert filled(rule, note("导丝通过时间：15:35，术程顺利。")).values == {}


# Several rules, items and facts ---------------------------------------------------------------------------------------


def test_of_several_rules_for_an_item_the_first_that_finds_anything_decides(filled: Fill) -> None:
    rules = """
        fills:
        - {item: t_2, from: encounter, value: weight_kg}
        - {item: t_2, from: observation, value: value_number, take: first}
    """
    seen = "observation: [{name: 体重, value_number: 70}]"
    assert filled(rules, seen).values == {"T-2": 70}
    assert filled(rules, f"encounter: [{{encounter_id: E1, weight_kg: 68}}]\n{seen}").values == {"T-2": 68}


def test_a_refusal_is_not_passed_over_to_the_next_rule(filled: Fill) -> None:
    rules = """
        fills:
        - {item: t_1, from: encounter, value: arrive_time}
        - {item: t_1, from: encounter, value: admit_time}
    """
    visit = "encounter: [{encounter_id: E1, arrive_time: 2025-03-02, admit_time: 2025-03-02 15:00}]"
    result = filled(rules, visit)
    assert (result.values, result.refused) == ({}, {"T-1": "imprecise"})


TWO_PASSES = """
    fills:
    - {item: t_10, from: encounter, value: admit_time}
    - item: t_1
      from: medication
      where: start_time >= t_10
      value: start_time
      take: first
"""
ADMITTED = "encounter: [{encounter_id: E1, admit_time: 2025-03-02 14:10}]"


def test_a_rule_may_use_an_item_that_another_rule_fills(filled: Fill) -> None:
    assert (
        filled(TWO_PASSES, f"{ADMITTED}\n{DOSES.strip()}".replace("\n    ", "\n")).values["T-1"] == "2025-03-02 14:20"
    )


def test_an_answer_of_a_person_goes_before_a_proposal_for_the_rules_that_use_it(filled: Fill) -> None:
    records = f"{ADMITTED}\n{DOSES.strip()}".replace("\n    ", "\n")
    result = filled(TWO_PASSES, records, known={"T-10": "2025-03-02 14:00"})
    assert result.values == {"T-10": "2025-03-02 14:10", "T-1": "2025-03-02 14:05"}


def test_a_fact_serves_other_rules_and_is_no_answer(filled: Fill) -> None:
    rules = """
        facts:
        - {fact: second_drug_at, type: datetime, from: medication, term: clopidogrel, value: start_time, take: first}
        fills:
        - item: t_1
          from: medication
          term: aspirin
          where: start_time > second_drug_at
          value: start_time
          take: first
    """
    assert filled(rules, DOSES).values == {"T-1": "2025-03-02 14:05"}


def test_the_packs_own_rules_go_before_the_common_ones_and_may_leave_them_out(filled: Fill) -> None:
    common = "fills: [{item: t_2, from: encounter, value: height_cm}, {item: ABSENT-9, from: encounter, value: ward}]"
    visit = "encounter: [{encounter_id: E1, weight_kg: 68, height_cm: 171}]"
    assert filled("fills: []", visit, common=common).values == {"T-2": 171}
    own = "fills: [{item: t_2, from: encounter, value: weight_kg}]"
    assert filled(own, visit, common=common).values == {"T-2": 68}
    assert filled("without: {t_2: 口径不同}\nfills: []", visit, common=common).values == {}


@pytest.mark.parametrize(("label", "found"), [("n=否", "n"), ("n=不是", None)])
def test_a_common_answer_serves_only_forms_where_the_option_means_the_same(
    filled: Fill, label: str, found: str | None
) -> None:
    common = f"fills: [{{item: t_3, from: encounter, value: discharge_mode, map: {{home: {label}}}}}]"
    result = filled("fills: []", "encounter: [{encounter_id: E1, discharge_mode: home}]", common=common)
    assert result.values.get("T-3") == found


@pytest.mark.parametrize(
    "gives",
    [
        "value: discharge_mode, map: {home: n=否}",
        "take: any, answer: n=否",
        "value: discharge_mode, map: options_by_code",
    ],
)
def test_a_common_rule_that_gives_options_does_not_serve_forms_where_the_answer_is_written_out(
    filled: Fill, gives: str
) -> None:
    common = f"fills: [{{item: t_7, from: encounter, {gives}}}]"
    result = filled("fills: []", "encounter: [{encounter_id: E1, discharge_mode: home}]", common=common)
    assert (result.values, result.refused) == ({}, {})


def test_a_stay_before_of_the_same_person_is_known(filled: Fill) -> None:
    rule = "fills: [{item: t_2, from: encounter, value: days_since_previous_discharge}]"
    records = """
        encounter:
        - {encounter_id: E1, patient_id: P1, admit_time: 2025-03-20 08:00}
        - {encounter_id: E0, patient_id: P1, admit_time: 2025-02-01 08:00, discharge_time: 2025-03-01 10:00}
        - {encounter_id: E9, patient_id: P1, admit_time: 2025-04-01 08:00, discharge_time: 2025-04-02 10:00}
    """
    assert filled(rule, records).values == {"T-2": 19}


def test_filling_twice_gives_the_same_and_leaves_nothing_behind(filled: Fill) -> None:
    assert filled(FIRST_DOSE, DOSES).values == filled(FIRST_DOSE, DOSES).values


def test_rows_without_any_code_or_name_belong_to_no_term_and_still_serve_other_rules(filled: Fill) -> None:
    rules = """
        fills:
        - {item: t_3, from: exam, term: aspirin, take: any, answer: y}
        - {item: t_1, from: exam, value: time, take: first}
    """
    assert filled(rules, "exam: [{modality: ecg, time: 2025-03-02 14:09}]").values == {"T-1": "2025-03-02 14:09"}

"""find.yaml of every pack says what the announcements say; every difference is listed here with its reason."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from visits import ABBRS, rules

from zhiheng.engine.find import Rules

PROVISIONAL = ("APTE", "ARDS", "EAR", "SAP")
HASHES = Path(__file__).parent / "find_facts.json"

# Codes that stand in an inclusion and not in the list of the announcement, or the other way round.
CODE_DEVIATIONS = {
    "HF": {"I50"},  # the facts keep the second diagnosis of the pair apart
    "PT": {"04.42", "04.03", "04.04", "40.29"},  # the facts keep the accompanying procedures apart
}
AGES = {"年龄<18岁", "年龄≥18岁或<2岁", "年龄<18个月或>8岁", "年龄>18岁"}
# Exclusions of ours beside those of the announcement: their source says so.
OUR_OWN = {"not_first", "not_initial", "reported_in_full", "infarction_secondary", "mental_disorder_secondary"}
# Written as a rule between packs.
BETWEEN_PACKS = {"prophylaxis_in_dvt", "reported_elsewhere"}


@pytest.fixture(scope="session")
def diseases(shared):
    return {each["abbr"]: each for each in json.loads(shared("national/diseases.json").read_text(encoding="utf-8"))}


def included(rules: Rules, table: str) -> set[str]:
    """Return the codes of the inclusion, ranges of whole categories written out."""
    codes = [
        code
        for each in rules.criteria
        if each.id in rules.include.fields and each.table == table
        for code in each.listed
    ]
    return {single for code in codes for single in written_out(code)}


def written_out(code: str) -> list[str]:
    low, _, high = code.partition("-")
    if not high:
        return [code]
    assert low[0] == high[0]
    return [f"{low[0]}{number:02}" for number in range(int(low[1:]), int(high[1:]) + 1)]


@pytest.mark.parametrize("abbr", [abbr for abbr in ABBRS if abbr not in (*PROVISIONAL, "VTE")])
def test_the_codes_are_those_of_the_announcement(abbr, diseases):
    found = included(rules(abbr), "diagnosis") | included(rules(abbr), "procedure")
    listed = {*diseases[abbr]["icd10"], *diseases[abbr]["icd9cm3"]}
    assert found ^ listed == CODE_DEVIATIONS.get(abbr, set())


@pytest.mark.parametrize("abbr", [abbr for abbr in ABBRS if abbr not in PROVISIONAL])
def test_every_exclusion_of_the_announcement_is_there_in_its_words(abbr, diseases):
    reasons = {each.reason for each in rules(abbr).exclusions if each.id not in OUR_OWN}
    own = {each.reason for each in rules(abbr).exclusions if each.id in OUR_OWN}
    official = set(diseases[abbr]["exclusions"])
    assert (official - AGES) - reasons - own == set()
    assert reasons - official - AGES == set()


@pytest.mark.parametrize("abbr", [abbr for abbr in ABBRS if abbr not in PROVISIONAL])
def test_the_age_is_that_of_the_announcement(abbr, diseases):
    facts = diseases[abbr]
    (text,) = [each.when.text for each in rules(abbr).exclusions if each.id == "age"] or [""]
    low, high = facts["age_min_years"], facts["age_max_years_exclusive"]
    assert ("age_years < 18)" in text and "not" not in text) == (low == 18)
    assert ("age_years < 2)" in text) == (low == 2)
    assert ("age_months < 18" in text) == (low == 1.5)
    assert ("not (age_years < 18)" in text) == (high == 18)
    assert ("not (age_years < 9)" in text) == (high == 9)
    assert (text == "") == (low is None and high is None)


@pytest.mark.parametrize("abbr", [abbr for abbr in ABBRS if abbr not in PROVISIONAL])
def test_the_source_is_dated_as_the_announcement(abbr, diseases):
    assert rules(abbr).origin.text == f"国家平台公告 {diseases[abbr]['announcement_date'][:10]}"


def test_every_exclusion_is_decided_asked_or_seen_to_and_every_rule_has_a_source():
    for abbr in ABBRS:
        for each in rules(abbr).exclusions:
            assert each.when or each.ask or each.by_unit or each.packs, (abbr, each.id)
            assert each.origin.text, (abbr, each.id)
            assert each.origin.confidence in ("announcement", "own_knowledge"), (abbr, each.id)
            assert not each.ask or each.ask.endswith("？"), (abbr, each.id)


def test_packs_yield_only_to_packs_that_exist():
    assert {other for abbr in ABBRS for other in rules(abbr).yields_to} <= set(ABBRS)


def test_the_newer_four_are_provisional():
    assert {abbr for abbr in ABBRS if rules(abbr).status == "provisional"} == set(PROVISIONAL)
    assert {abbr: sorted(included_listed(abbr)) for abbr in PROVISIONAL} == {
        "APTE": ["I26.9"],
        "ARDS": ["J80", "J81", "J95.8", "O99.5"],
        "EAR": ["39.71", "39.73", "39.78"],
        "SAP": ["K85.0-K85.9"],
    }


def included_listed(abbr: str) -> set[str]:
    return {code for each in rules(abbr).criteria if each.id in rules(abbr).include.fields for code in each.listed}


def digest(abbr: str) -> str:
    """Return a hash of everything that decides who is a case, so that a change is seen where the facts are absent."""
    found = rules(abbr)
    told = {
        "unit": found.unit,
        "classes": found.classes,
        "include": found.include.text,
        "criteria": [
            [c.id, c.table, c.position, c.listed, c.names, c.present_on_admission, c.earlier] for c in found.criteria
        ],
        "rules": [
            [e.id, e.reason, [x.text for x in e.expressions], e.ask, e.by_unit, e.packs, e.unknown_only_asks]
            for e in found.exclusions
        ],
        "consider": [[c.id, c.ask, c.raised and c.raised.text] for c in found.considers],
    }
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def test_nothing_changed_unnoticed():
    """After a wanted change, and with the facts at hand, write the file again: python tests/packs/test_find_facts.py"""
    assert {abbr: digest(abbr) for abbr in ABBRS} == json.loads(HASHES.read_text(encoding="utf-8"))


if __name__ == "__main__":
    HASHES.write_text(json.dumps({abbr: digest(abbr) for abbr in ABBRS}, indent=1) + "\n", encoding="utf-8")

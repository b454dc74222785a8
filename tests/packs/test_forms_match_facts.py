"""Every form of the packs says what the national facts say, item by item.

`facts.json` holds a hash of each item of the facts, so that these tests also fail where the facts are absent.
To record a new edition of the facts, run this file with Python and review the difference.
"""

import copy
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from zhiheng.packs import facts

REPOSITORY = Path(__file__).resolve().parents[2]
PACKS = REPOSITORY / "packs"
SHARED = Path(os.environ.get("ZHIHENG_SHARED", REPOSITORY.parent / "shared")) / "national" / "forms"
RECORDED = Path(__file__).with_name("facts.json")
KNOWN: dict[str, dict[str, str]] = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
FORMS = sorted(KNOWN)
with_facts = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the national facts are not at {SHARED}")


@cache
def ours(abbr: str) -> dict[str, facts.Canonical]:
    return facts.canonical_pack(PACKS / abbr.lower())


@cache
def theirs() -> dict[str, dict[str, Any]]:
    read = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(SHARED.glob("*.json")))
    return {form["abbr"]: form for form in read}


def test_all_55_forms_and_their_11719_items_are_there():
    assert len(FORMS) == 55
    assert sum(len(items) - 1 for items in KNOWN.values()) == 11_719
    assert {path.parent.name for path in PACKS.glob("*/form.yaml")} >= {abbr.lower() for abbr in FORMS}


@pytest.mark.parametrize("abbr", FORMS)
def test_a_form_has_not_drifted_from_the_recorded_facts(abbr):
    found = facts.fingerprints(ours(abbr))
    assert {code for code in {**found, **KNOWN[abbr]} if found.get(code) != KNOWN[abbr].get(code)} == set()


@with_facts
@pytest.mark.parametrize("abbr", FORMS)
def test_a_form_differs_from_the_facts_in_nothing(abbr):
    assert [str(each) for each in facts.differences(ours(abbr), theirs()[abbr])] == []


@with_facts
def test_the_recorded_hashes_are_those_of_the_facts():
    assert {abbr: facts.fingerprints(facts.canonical_facts(form)) for abbr, form in theirs().items()} == KNOWN


def stemi_item(form: dict[str, Any], code: str) -> dict[str, Any]:
    return next(item for item in form["items"] if item["code"] == code)


def changed(code, change):
    def apply(form):
        change(stemi_item(form, code))

    return apply


@with_facts
@pytest.mark.parametrize(
    ("aspect", "change"),
    [
        ("name", changed("CM-4-3", lambda item: item.update(name="离院方式"))),
        ("section", changed("CM-4-3", lambda item: item.update(section=["别处"]))),
        ("type", changed("CM-4-3", lambda item: item.update(type="choices"))),
        ("required", changed("CM-4-3", lambda item: item.update(required=False))),
        ("readonly", changed("CM-4-3", lambda item: item.update(readonly=True))),
        ("hidden", changed("CM-4-3", lambda item: item.update(hidden_by_default=True))),
        ("max_length", changed("CM-0-1-1-1", lambda item: item.update(max_length=51))),
        ("options", changed("CM-4-3", lambda item: item["options"].reverse())),
        ("options", changed("CM-4-3", lambda item: item["options"][0].__setitem__(1, "别的"))),
        ("options", changed("CM-4-3", lambda item: item["options"].pop())),
        ("shown", changed("STEMI-0-4-1", lambda item: item["shown_when"].pop())),
        ("shown", changed("STEMI-0-4-6", lambda item: item["shown_when"][0][0].update(value="b"))),
        ("shown", changed("STEMI-0-4-6", lambda item: item["shown_when"][0][0].update(effect="hide"))),
        ("shown", changed("STEMI-0-4-6", lambda item: item["shown_when"][0][0].update(op="!="))),
        ("shown", changed("STEMI-3-1-10", lambda item: item["shown_when"][-1][0].update(op=">="))),
        ("shown", changed("STEMI-3-1-10", lambda item: item["shown_when"][-1][0].update(value="31"))),
        ("shown", changed("STEMI-3-1-10", lambda item: item["shown_when"][1].pop())),
        ("shown", changed("STEMI-5-3-4-B-1", lambda item: item["shown_when"][2][0].update(op="!="))),
        ("sets", changed("STEMI-3-0-1-dump", lambda item: item["sets"].reverse())),
        ("sets", changed("STEMI-3-0-1-dump", lambda item: item["sets"][0].update(to="a"))),
        ("sets", changed("STEMI-3-0-1-dump", lambda item: item["sets"][0].update(set="CM-4-3"))),
        ("sets", changed("STEMI-3-0-1-dump", lambda item: item["sets"][0].update(value="23"))),
        ("sets", changed("CM-0-2-2-1", lambda item: item["sets"][0].update(to="a"))),
        ("computed", changed("age", lambda item: item.update(computed="#{CM-0-2-4-2}::-::#{CM-0-2-1-1}"))),
        ("computed", changed("CM-0-2-1-4", lambda item: item.update(computed="#{CM-0-2-1-3}::/::#{CM-0-2-1-3-1}"))),
        ("computed", changed("STEMI-111", lambda item: item.update(computed="#{STEMI-3-2-4-3}::+::#{STEMI-3-2-4-2}"))),
        ("limits", changed("CM-0-2-1-3", lambda item: item["limits"][0].update(value="1"))),
        ("limits", changed("CM-0-2-4-2", lambda item: item["limits"][0].update(op=">="))),
        ("limits", changed("CM-0-2-4-2", lambda item: item["limits"][0].update(item="CM-0-2-3-2"))),
        ("limits", changed("CM-0-2-4-2", lambda item: item["calculated_limits"][0].update(value="23"))),
        ("limits", changed("CM-0-2-4-2", lambda item: item["calculated_limits"][0].update(unit="d"))),
        ("limits", changed("CM-6-1", lambda item: item["calculated_limits"][0]["left"].pop())),
        ("default", changed("CM-4-3", lambda item: item.update(computed="a"))),
        ("order", lambda form: form["items"].reverse()),
        ("item", lambda form: form["items"].pop()),
    ],
)
def test_whatever_changes_in_the_facts_is_noticed(aspect, change):
    form = copy.deepcopy(theirs()["STEMI"])
    change(form)
    found = {each.aspect for each in facts.differences(ours("STEMI"), form)}
    assert aspect in found
    before, after = facts.fingerprints(facts.canonical_facts(form)), KNOWN["STEMI"]
    assert before != after


@with_facts
def test_a_difference_names_form_item_and_both_sides():
    form = copy.deepcopy(theirs()["STEMI"])
    stemi_item(form, "CM-4-3")["required"] = False
    (difference,) = facts.differences(ours("STEMI"), form)
    assert str(difference) == "STEMI CM-4-3 required: the facts say False, the pack has True"


if __name__ == "__main__":
    recorded = {abbr: facts.fingerprints(facts.canonical_facts(form)) for abbr, form in theirs().items()}
    lines = [f"{json.dumps(abbr)}: {json.dumps(hashes, ensure_ascii=False)}" for abbr, hashes in recorded.items()]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

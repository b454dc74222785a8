"""Every form, evaluated by the product and by a second interpreter of the national facts: both must agree.

Run this file as a script to write `evaluations.json` again after a form has changed on purpose.
"""

import copy
import hashlib
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from zhiheng.engine.form import Form, evaluate
from zhiheng.lib import models, yaml
from zhiheng.packs.compiling import Common, Report, compile_form
from zhiheng.packs.loading import default_root, load_common, pack_folders
from zhiheng.packs.specs.form import FormSpec

sys.path.insert(0, str(Path(__file__).parent))
from answers import Aim, Answers, generate, hints_of_facts, hints_of_form
from interpreter import Interpreter

SHARED = Path(os.environ.get("ZHIHENG_SHARED") or Path(__file__).parents[3] / "shared")
FACTS = SHARED / "national" / "forms"
GOLDEN = Path(__file__).parent / "evaluations.json"
ROUNDS = 30
GOLDEN_ROUNDS = 12
ROOT = default_root()
FOLDERS = [folder.name for folder in pack_folders(ROOT)]
with_facts = pytest.mark.skipif(not FACTS.is_dir(), reason=f"the national facts are not at {FACTS}")


@cache
def common() -> Common:
    return load_common(ROOT / "common", Report())


@cache
def form_of(folder: str) -> Form:
    """The form alone: what fills, checks and counts it is not in question here."""
    report = Report()
    document = yaml.load(ROOT / folder / "form.yaml")
    spec, _ = models.read(document, FormSpec)
    assert spec is not None
    form = compile_form(spec, document, common(), report)
    assert form is not None, report.problems
    return form


@cache
def facts_by_abbr() -> dict[str, Any]:
    forms = [json.loads(path.read_text("utf-8")) for path in sorted(FACTS.glob("*.json"))]
    return {form["abbr"]: form for form in forms}


def by_ours(form: Form, answers: Answers) -> dict[str, Any]:
    evaluation = evaluate(form, answers)
    names = {limit.id for item in form.items for limit in item.limits}
    return {
        "shown": list(evaluation.shown),
        "values": {code: plain(value) for code, value in evaluation.values.items()},
        "missing": list(evaluation.missing),
        "wrong": dict(Counter(finding.item for finding in evaluation.findings if finding.rule in names)),
        "both": [finding.item for finding in evaluation.findings if finding.rule == "alternative"],
    }


def by_the_facts(interpreter: Interpreter, answers: Answers) -> dict[str, Any]:
    outcome = interpreter.outcome(answers)
    return {
        "shown": outcome.shown,
        "values": {code: plain(value) for code, value in outcome.values.items()},
        "missing": outcome.missing,
        "wrong": dict(outcome.wrong),
        "both": outcome.both,
    }


def plain(value: Any) -> Any:
    """A value in which only what matters differs: numbers to six places, also where a text item shows a number."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return value
    return round(float(value), 6) if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", str(value)) else value


def samples(facts: dict[str, Any], interpreter: Interpreter, rounds: int = ROUNDS) -> Iterator[Answers]:
    """Random answers, then answers aimed at each item that those did not show, and at each rule that sets an item."""
    chance = random.Random(f"{facts['abbr']} 2022")
    hints, aim = hints_of_facts(facts), Aim(facts, chance)
    unseen = dict.fromkeys(interpreter.items)
    for _ in range(rounds):
        answers = generate(hints, chance, chance.choice((0.4, 0.8, 0.97)))
        yield answers
        for code in interpreter.outcome(answers).shown:
            unseen.pop(code, None)
    for code in list(unseen):
        answers = generate(hints, chance, 0.8)
        aim.at_item(code, answers)
        yield answers
    for rule in [rule for item in facts["items"] for rule in item.get("sets", [])]:
        answers = generate(hints, chance, 0.8)
        aim.at_item(rule["set"], answers)
        aim.at_rule(rule, answers)
        yield answers


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """Item by item, what the two say."""
    said = []
    for what in ("shown", "missing", "both"):
        for code in sorted(set(ours[what]) ^ set(theirs[what])):
            said.append(f"{what}: {code} only in {'ours' if code in ours[what] else 'the facts'}")
        if not said and ours[what] != theirs[what]:
            said.append(f"{what}: not in the same order")
    for what in ("values", "wrong"):
        for code in sorted(set(ours[what]) | set(theirs[what])):
            if ours[what].get(code) != theirs[what].get(code):
                said.append(f"{what}: {code} ours {ours[what].get(code)!r}, the facts {theirs[what].get(code)!r}")
    return "\n".join(said)


@with_facts
@pytest.mark.parametrize("folder", FOLDERS)
def test_both_interpreters_agree_on_every_item(folder):
    form = form_of(folder)
    facts = facts_by_abbr()[form.abbr]
    interpreter = Interpreter(facts)
    for number, answers in enumerate(samples(facts, interpreter), 1):
        found = difference(by_ours(form, answers), by_the_facts(interpreter, answers))
        assert not found, f"{form.abbr}, sample {number}:\n{found}"


@with_facts
def test_every_form_of_the_facts_has_a_pack():
    assert {form_of(folder).abbr for folder in FOLDERS} == set(facts_by_abbr())


@with_facts
@pytest.mark.parametrize("abbr", ["STEMI", "APL"])
def test_the_samples_reach_nearly_every_item(abbr):
    facts = facts_by_abbr()[abbr]
    interpreter = Interpreter(facts)
    shown = {code for answers in samples(facts, interpreter) for code in interpreter.outcome(answers).shown}
    assert len(shown) >= 0.98 * len(interpreter.items)


# -- one changed rule must not go unnoticed


def _rules(facts: Any, kind: str, test: Callable[[Any, Any], bool] = lambda item, rule: True) -> Iterator[Any]:
    for item in facts["items"]:
        listed = item.get(kind, [])
        for rule in [rule for level in listed for rule in level] if kind == "shown_when" else listed:
            if test(item, rule):
                yield item, rule


def _types(facts: Any) -> dict[str, Any]:
    return {item["code"]: item for item in facts["items"]}


def another_option(facts: Any, code: str, value: str) -> str:
    return next(option for option, _ in _types(facts)[code]["options"] if option != value)


def mutate_show_value(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "shown_when", lambda _, r: r["effect"] == "show" and r["op"] == "=="):
        if len(_types(facts)[rule["item"]].get("options", [])) > 1 and rule["value"] != "def":
            yield item["code"], lambda rule=rule: rule.update(value=another_option(facts, rule["item"], rule["value"]))


def mutate_hide_value(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "shown_when", lambda _, r: r["effect"] == "hide" and r["op"] == "=="):
        options = [option for option, _ in _types(facts)[rule["item"]].get("options", [])]
        if len(options) > 1 and rule["value"] in options:
            yield item["code"], lambda rule=rule: rule.update(value=another_option(facts, rule["item"], rule["value"]))


def mutate_effect(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "shown_when"):
        effect = "hide" if rule["effect"] == "show" else "show"
        yield item["code"], lambda rule=rule, effect=effect: rule.update(effect=effect)


def mutate_op(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "shown_when", lambda _, r: r["op"] in ("==", "!=")):
        op = "!=" if rule["op"] == "==" else "=="
        yield item["code"], lambda rule=rule, op=op: rule.update(op=op)


def mutate_second_bound(facts: Any) -> Iterator[Any]:
    for item in facts["items"]:
        for level in item.get("shown_when", []):
            # Beside `== e`, a hide rule for a to d changes nothing.
            if len(level) == 1 and level[0].get("and_op") == "<=":
                yield item["code"], lambda rule=level[0]: rule.update(and_value=rule["value"])


def mutate_threshold(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "shown_when", lambda _, r: r["op"] in (">", "<", ">=")):
        if _types(facts)[rule["item"]]["type"] == "number" and float(rule["value"]):
            yield item["code"], lambda rule=rule: rule.update(op="<=" if rule["op"] in (">", ">=") else ">")


def mutate_level(facts: Any) -> Iterator[Any]:
    for item in facts["items"]:
        if len(item.get("shown_when", [])) > 1:
            yield item["code"], lambda item=item: item["shown_when"].pop()


def mutate_sets_to(facts: Any) -> Iterator[Any]:
    for _, rule in _rules(facts, "sets"):
        options = [option for option, _ in _types(facts)[rule["set"]].get("options", [])]
        if len(options) > 1 and rule["to"] in options:
            yield rule["set"], lambda rule=rule: rule.update(to=another_option(facts, rule["set"], rule["to"]))


def mutate_sets_when(facts: Any) -> Iterator[Any]:
    for _, rule in _rules(facts, "sets", lambda _, r: r["op"] == "=="):
        options = [option for option, _ in _types(facts)[rule["item"]].get("options", [])]
        if len(options) > 1:
            yield rule["set"], lambda rule=rule: rule.update(value=another_option(facts, rule["item"], rule["value"]))


def mutate_sets_target(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "sets", lambda _, r: "#" in r["to"]):
        yield rule["set"], lambda item=item, rule=rule: item["sets"].remove(rule)


def mutate_computed(facts: Any) -> Iterator[Any]:
    for item in facts["items"]:
        if "::-::#" in item.get("computed", "") or "::/::#" in item.get("computed", ""):
            left, op, right = item["computed"].split("::")
            yield item["code"], lambda item=item, new=f"{right}::{op}::{left}": item.update(computed=new)


def mutate_limit_value(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "limits", lambda i, r: "value" in r and i["type"] == "number"):
        yield item["code"], lambda rule=rule: rule.update(value=str(float(rule["value"]) + 1))


def mutate_limit_op(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "limits", lambda _, r: "item" in r and r["item"] in _types(facts)):
        op = {"<": ">", "<=": ">", ">": "<", ">=": "<"}[rule["op"]]
        yield item["code"], lambda rule=rule, op=op: rule.update(op=op)


def mutate_calculated_limit(facts: Any) -> Iterator[Any]:
    for item, rule in _rules(facts, "calculated_limits", lambda _, r: "value" in r):
        yield item["code"], lambda rule=rule: rule.update(left=rule["right"], right=rule["left"])


def mutate_required(facts: Any) -> Iterator[Any]:
    for item in facts["items"]:
        yield item["code"], lambda item=item: item.update(required=not item["required"])


def mutate_alternative(facts: Any) -> Iterator[Any]:
    partner = Interpreter(facts).partner
    for item, rule in _rules(facts, "shown_when", lambda i, r: partner[i["code"]] == r["item"]):
        if rule["op"] == "==":
            yield item["code"], lambda rule=rule: rule.update(op="!=")


MUTATIONS = [found for name, found in sorted(vars().items()) if name.startswith("mutate_")]
SAMPLED = 4


def noticed(facts: Any, changed: Any, code: str, form: Form) -> bool:
    """Whether samples, half of them aimed at the item whose rule has changed, show a difference."""
    chance = random.Random(f"{facts['abbr']} {code}")
    interpreter, hints, aim = Interpreter(changed), hints_of_facts(facts), Aim(facts, chance)
    setting = [rule for item in facts["items"] for rule in item.get("sets", []) if rule["set"] == code]
    for number in range(400):
        answers = generate(hints, chance, chance.choice((0.5, 0.9, 1)))
        if number % 2:
            aim.at_item(code, answers)
        if number % 4 == 3 and setting:
            aim.at_rule(chance.choice(setting), answers)
        if by_ours(form, answers) != by_the_facts(interpreter, answers):
            return True
    return False


@with_facts
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda found: found.__name__)
def test_a_changed_rule_is_noticed(mutation):
    chance = random.Random(mutation.__name__)
    left = SAMPLED
    for folder in chance.sample(FOLDERS, len(FOLDERS)):
        form = form_of(folder)
        facts = facts_by_abbr()[form.abbr]
        changed = copy.deepcopy(facts)
        candidates = list(mutation(changed))
        if not candidates:
            continue
        code, change = chance.choice(candidates)
        change()
        assert noticed(facts, changed, code, form), f"{form.abbr} {code}: nobody noticed"
        left -= 1
        if not left:
            return
    assert left < SAMPLED, "no form has such a rule"


# -- where the facts are absent: what was agreed stays so


def digest(folder: str) -> str:
    """A hash of what follows from seeded answers to a form."""
    form = form_of(folder)
    chance = random.Random(f"{form.abbr} golden")
    hints = hints_of_form(form)
    outcomes = [by_ours(form, generate(hints, chance, share)) for share in (0.4, 0.8, 1) * (GOLDEN_ROUNDS // 3)]
    text = json.dumps(outcomes, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("folder", FOLDERS)
def test_evaluations_have_not_drifted(folder):
    assert json.loads(GOLDEN.read_text("utf-8")).get(folder) == digest(folder), (
        f"The form of {folder} gives other results than agreed. If that is meant, and the comparison with the "
        f"national facts passes, run: python {Path(__file__).name}"
    )


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({folder: digest(folder) for folder in FOLDERS}, indent=1) + "\n", "utf-8")

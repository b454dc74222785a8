"""Answers to a form, generated from a seed and biased to trigger its rules."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Answers = dict[str, Any]
OFFSETS = (  # minutes: around each other, and around what limits and formulas ask for
    *(0, 1, -1, 29, 30, 31, 59, 60, 61, 89, 90, 91, 120, 121, 240, 241, 360, 480, 719, 720, 721, 1439, 1440, 1441),
    *(2880, 4320, 4321, -60, -1440, 3 * 1440, 28 * 1440, 89 * 1440, 90 * 1440, 91 * 1440, 366 * 1440),
)
CLOCK = ("06:59", "07:00", "07:59", "08:00", "14:59", "15:59", "16:00", "22:59", "23:59", "00:00")


@dataclass
class Hint:
    """What a generator should know of an item: `mentioned` are the values that rules speak of."""

    code: str
    type: str
    options: list[str]
    mentioned: list[str] = field(default_factory=list)

    @property
    def can_be_answered(self) -> bool:
        return bool(self.options) or self.type not in ("choice", "choices")


def hints_of_facts(form: Mapping[str, Any]) -> dict[str, Hint]:
    """Hints from the national facts."""
    hints = {
        item["code"]: Hint(item["code"], item["type"], [option for option, _ in item.get("options", [])])
        for item in form["items"]
    }
    for item in form["items"]:
        for rule in [*(rule for level in item.get("shown_when", []) for rule in level), *item.get("sets", [])]:
            if rule["item"] in hints:
                hints[rule["item"]].mentioned += [rule["value"], *([rule["and_value"]] if "and_value" in rule else [])]
        for limit in item.get("limits", []):
            if "value" in limit:
                hints[item["code"]].mentioned.append(limit["value"])
    return hints


def hints_of_form(form: Any) -> dict[str, Hint]:
    """Hints from a compiled form: every literal of an expression is a hint for every item that it names."""
    hints = {
        item.code: Hint(item.code, str(item.type), [option.value for option in item.options]) for item in form.items
    }
    for item in form.items:
        expressions = [item.shown, item.computed, *(rule.when for rule in item.sets), *(x.holds for x in item.limits)]
        for expression in filter(None, expressions):
            quoted, plain = re.findall(r"'([^']*)'", expression.text), re.sub(r"'[^']*'", "", expression.text)
            literals = [*quoted, *re.findall(r"(?<![a-z0-9_.])\d+(?:\.\d+)?(?![a-z0-9_.])", plain)]
            for name in expression.fields:
                hints[form.by_id[name].code].mentioned += literals
    return hints


def generate(hints: Mapping[str, Hint], chance: random.Random, share: float = 0.7) -> Answers:
    """Answers to about `share` of the items."""
    base = datetime(2021, 3, 1) + timedelta(days=chance.randrange(400), minutes=chance.randrange(1440))
    times = [base + timedelta(minutes=chance.choice(OFFSETS)) for _ in range(6)]
    times.append(datetime.combine(base, datetime.strptime(chance.choice(CLOCK), "%H:%M").time()))
    return {
        code: value(hint, times, chance)
        for code, hint in hints.items()
        if chance.random() < share and hint.can_be_answered
    }


def value(hint: Hint, times: list[datetime], chance: random.Random) -> Any:
    known = [option for option in hint.mentioned if option in hint.options]
    if hint.type == "choice":
        return chance.choice(known if known and chance.random() < 0.7 else hint.options)
    if hint.type == "choices":
        pool = known if known and chance.random() < 0.6 else hint.options
        return chance.sample(pool, chance.randint(1, len(set(pool)))) if len(set(pool)) == len(pool) else [pool[0]]
    if hint.type == "number":
        return number(hint, chance)
    if hint.type == "datetime":
        return chance.choice(times).strftime("%Y-%m-%d %H:%M")
    if hint.type == "date":
        return day(times, chance).isoformat()
    return chance.choice(["文字", "24", "无", "a"])


def number(hint: Hint, chance: random.Random) -> float:
    bounds = [float(text) for text in hint.mentioned if re.fullmatch(r"-?\d+(\.\d+)?", text)]
    if bounds and chance.random() < 0.8:
        return chance.choice(bounds) + chance.choice((0, 0, 1, -1, 0.5, -0.01))
    return chance.choice((0, 1, 2, 5, 30, 60, 100.5, chance.randrange(500), -1))


def day(times: list[datetime], chance: random.Random) -> date:
    near = chance.choice(times).date()
    if chance.random() < 0.5:
        return near + timedelta(days=chance.choice((0, 0, 1, -1, 28, -300)))
    return near - timedelta(days=chance.choice((365, 366, 13 * 365, 14 * 365, 30 * 365, 55 * 365 + 13, 66 * 365)))


def aim(form: Mapping[str, Any], code: str, answers: Answers, chance: random.Random, depth: int = 8) -> None:
    """Change `answers` so that the item of the facts is probably shown and answered by what its rules need."""
    item = _items(form).get(code)
    if item is None or depth == 0:
        return
    for level in item.get("shown_when", []):
        shows = [rule for rule in level if rule["effect"] == "show" and rule["op"] == "==" and rule["value"] != "def"]
        for rule in level:
            if rule["effect"] == "hide" and chance.random() < 0.8:
                _avoid(form, rule, answers, chance)
        if shows:
            rule = chance.choice(shows)
            _satisfy(form, rule, answers)
            aim(form, rule["item"], answers, chance, depth - 1)


def _satisfy(form: Mapping[str, Any], rule: Mapping[str, Any], answers: Answers) -> None:
    trigger = _items(form).get(rule["item"])
    if trigger is not None:
        answers[rule["item"]] = [rule["value"]] if trigger["type"] == "choices" else rule["value"]


def _avoid(form: Mapping[str, Any], rule: Mapping[str, Any], answers: Answers, chance: random.Random) -> None:
    trigger = _items(form).get(rule["item"])
    if trigger is None or trigger["type"] not in ("choice", "choices"):
        answers.pop(rule["item"], None)
        return
    others = [option for option, _ in trigger["options"] if (option == rule["value"]) == (rule["op"] == "!=")]
    if not others:
        answers.pop(rule["item"], None)
        return
    taken = chance.choice(others)
    answers[rule["item"]] = [taken] if trigger["type"] == "choices" else taken


def _items(form: Mapping[str, Any]) -> dict[str, Any]:
    if "by_code" not in form:
        form["by_code"] = {item["code"]: item for item in form["items"]}  # type: ignore[index]
    return form["by_code"]  # type: ignore[no-any-return]

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
    return {code: value(hint, times, chance) for code, hint in hints.items() if chance.random() < share}


def value(hint: Hint, times: list[datetime], chance: random.Random) -> Any:
    known = [option for option in hint.mentioned if option in hint.options]
    if hint.type == "choice" and hint.options:
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


class Aim:
    """Changes answers to a form of the facts so that an item is probably shown, or a rule probably true."""

    def __init__(self, form: Mapping[str, Any], chance: random.Random) -> None:
        self.items = {item["code"]: item for item in form["items"]}
        self.chance = chance

    def at_item(self, code: str, answers: Answers, depth: int = 8) -> None:
        """Meet one show rule of each level, and with it what the item of that rule needs; miss most hide rules."""
        item = self.items.get(code)
        if item is None or depth == 0:
            return
        for level in item.get("shown_when", []):
            shows = [rule for rule in level if rule["effect"] == "show" and rule["value"] != "def"]
            for rule in level:
                if rule["effect"] == "hide" and self.chance.random() < 0.8:
                    self._miss(rule, answers)
            if shows:
                self.at_rule(self.chance.choice(shows), answers, depth - 1)

    def at_rule(self, rule: Mapping[str, Any], answers: Answers, depth: int = 8) -> None:
        """Meet a rule, and with it what its item needs."""
        item = self.items.get(rule["item"])
        if item is None:
            return
        if item["type"] == "text" and "::+::" in item.get("computed", ""):
            self._spell(item, rule["value"], answers)
        elif item["type"] in ("choice", "choices"):
            self._choose(item, [o for o in options(item) if fits(options(item), o, rule)], answers)
        elif item["type"] == "number" and rule["value"] != "def":
            step = {">": 0.5, "<": -0.5}.get(rule["op"], 0) * self.chance.choice((1, 5))
            answers[rule["item"]] = float(rule["value"]) + step
        self.at_item(rule["item"], answers, depth - 1)

    def _spell(self, item: Mapping[str, Any], text: str, answers: Answers) -> None:
        """Give the parts of a joined text the answers that spell `text`; `def` spells an unanswered one."""
        first, last = re.findall(r"#\{([^}]+)\}", item["computed"])
        letter = "def" if text.endswith("def") else text[-1:]
        for code, part in ((first, text.removesuffix(letter)), (last, letter)):
            if "::+::" in self.items[code].get("computed", ""):
                self._spell(self.items[code], part, answers)
            elif part == "def":
                answers.pop(code, None)
                continue
            elif part in options(self.items[code]):
                answers[code] = part
            self.at_item(code, answers, 3)

    def _miss(self, rule: Mapping[str, Any], answers: Answers) -> None:
        item = self.items.get(rule["item"])
        others = [o for o in options(item or {}) if not fits(options(item or {}), o, rule)]
        if item is not None and item["type"] in ("choice", "choices"):
            self._choose(item, others, answers)
        elif item is not None and item["type"] == "number":
            away = {">=": -1, ">": -1, "<": 1}.get(rule["op"], 0) * self.chance.choice((0, 1, 7))
            answers[rule["item"]] = float(rule["value"]) + away

    def _choose(self, item: Mapping[str, Any], values: list[str], answers: Answers) -> None:
        """Take one of the values; of several choices keep those that do not contradict."""
        if not values:
            answers.pop(item["code"], None)
        elif item["type"] == "choice":
            answers[item["code"]] = self.chance.choice(values)
        else:
            kept = [option for option in answers.get(item["code"], []) if option in values or len(values) == 1]
            answers[item["code"]] = list(dict.fromkeys([*kept, self.chance.choice(values)]))


def options(item: Mapping[str, Any]) -> list[str]:
    return [option for option, _ in item.get("options", [])]


def fits(known: list[str], option: str, rule: Mapping[str, Any]) -> bool:
    """Roughly whether an option meets the first bound of a rule."""
    if rule["op"] in ("==", "!="):
        return (option == rule["value"]) == (rule["op"] == "==")
    bound = known.index(rule["value"]) if rule["value"] in known else -1
    return known.index(option) >= bound

"""A second, deliberately simple interpreter of the national facts, against which the compiled forms are held.

It reads `forms/*.json` itself and shares no code with the product: no generated Python, no expressions, no order of
dependency, only recursion. Read it beside the README of the facts. Slow is fine; clever is not.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Value = Any  # str, float, date, datetime, list[str] or None for unanswered
REFERENCE = re.compile(r"#\{([^}]+)\}")
TIME_OF_DAY = re.compile(r"\{date\} (\d\d:\d\d)")
WHERE_THE_NAME_IS_SILENT = {
    "STEMI-3-0-1-dump": "hours",  # sets 发病≤12小时 at 12
    "STEMI-3-1-7-1": "minutes",  # below 1440, asks at 30
    "STK-2-4-5-1": "minutes",  # door to needle, asks at 60
    "HF-2-2-dump": "hours",  # sets 大于24小时 at 24, and so the next four
    "HF-jump-2": "hours",
    "HF-jump-3": "hours",
    "HF-5-3-1-r": "hours",
    "HF-5-7-3-r": "hours",
    "CABG-3-3-4": "minutes",  # 体外循环持续时间, which MVR asks in minutes
    "ASD-3-4-4-r": "hours",  # sets ≥24小时 at 24
    "CM-1-6-1-dump": "hours",  # sets 24, 48 and 72 hours
    "CAC-8-2-3-r": "hours",  # sets 入院≤4h at 4
    "HBIPS-9-1-8": "hours",  # sets 大于24小时 at 24
    "age": "years",
}


@dataclass(frozen=True)
class Outcome:
    """`wrong` counts, by item, the limits that do not hold; `both` are hidden alternatives that have an answer."""

    shown: list[str]
    values: dict[str, Value]
    missing: list[str]
    wrong: Counter[str]
    both: list[str]


class Interpreter:
    """One form of the facts; `outcome` says what follows from answers."""

    def __init__(self, form: Mapping[str, Any]) -> None:
        self.items: dict[str, Any] = {item["code"]: item for item in form["items"]}
        self.place = {code: number for number, code in enumerate(self.items)}
        self.setters: dict[str, list[Any]] = {code: [] for code in self.items}
        for item in form["items"]:
            for rule in item.get("sets", []):
                self.setters[rule["set"]].append((item["code"], rule))
        self.partner = {code: self._partner(code) for code in self.items}

    def outcome(self, answers: Mapping[str, Any]) -> Outcome:
        self.answers = {code: self._read(code, answers[code]) for code in self.items if code in answers}
        self.known: dict[str, tuple[bool, Value]] = {}
        shown = [code for code in self.items if self._settled(code)[0]]
        values = {code: self._settled(code)[1] for code in self.items if self._settled(code)[1] is not None}
        missing = [code for code in shown if self.items[code]["required"] and code not in values]
        wrong = Counter({code: self._broken(code) for code in values if self._broken(code)})
        both = [code for code in self.items if code not in shown and self._loses(code)]
        return Outcome(shown, values, missing, wrong, both)

    # -- circles: two items that depend on each other; the one that stands first in the form goes first

    def _partner(self, code: str) -> str | None:
        mutual = [other for other in self._needs(code) if other != code and code in self._needs(other)]
        return mutual[0] if mutual else None

    def _needs(self, code: str) -> set[str]:
        item = self.items[code]
        needs = {rule["item"] for level in item.get("shown_when", []) for rule in level}
        needs |= {rule["item"] for _, rule in self.setters[code]}
        return {need for need in needs if need in self.items}

    def _settled(self, code: str) -> tuple[bool, Value]:
        if code not in self.known:
            other = self.partner[code]
            if other is None:
                self.known[code] = self._judge(code, self._value)
            else:
                first, second = sorted((code, other), key=self.place.__getitem__)
                self._settle_pair(first, second)
        return self.known[code]

    def _settle_pair(self, first: str, second: str) -> None:
        def given(other: str, value: Value) -> Callable[[str], Value]:
            return lambda code: value if code == other else self._value(code)

        self.known[first] = self._judge(first, given(second, None))
        answered = self.known[first][1]
        self.known[second] = self._judge(second, given(first, answered))
        if answered is None:
            self.known[first] = self._judge(first, given(second, self.known[second][1]))

    def _loses(self, code: str) -> bool:
        other = self.partner[code]
        if other is None or self.answers.get(code) is None or self._value(other) is None:
            return False
        return self._judge(code, lambda c: None if c == other else self._value(c))[0]

    # -- one item

    def _value(self, code: str) -> Value:
        return self._settled(code)[1] if code in self.items else None

    def _judge(self, code: str, value: Callable[[str], Value]) -> tuple[bool, Value]:
        item = self.items[code]
        for level in item.get("shown_when", []):
            shows = [rule for rule in level if rule["effect"] == "show"]
            hides = [rule for rule in level if rule["effect"] == "hide"]
            if (shows and not any(self._true(rule, value) for rule in shows)) or any(
                self._true(rule, value) for rule in hides
            ):
                return False, None
        return True, self._taken(code, value)

    def _taken(self, code: str, value: Callable[[str], Value]) -> Value:
        item = self.items[code]
        put = [(owner, rule) for owner, rule in self.setters[code] if self._true(rule, value)]
        if put and item["type"] == "choices":
            chosen = [rule["to"] for _, rule in put]  # in the facts always one option, never another item
            return [option for option, _ in item["options"] if option in chosen] or None
        if put:
            return self._to(code, *put[-1], value)
        computed = item.get("computed")
        if computed is not None and self._is_formula(code):
            return self._computed(code, computed, value)
        is_word = computed is not None and "#{" not in computed
        if is_word and item.get("readonly") and self.answers.get(code) is None:
            return self._read(code, computed)
        return self.answers.get(code)

    def _to(self, code: str, owner: str, rule: Any, value: Callable[[str], Value]) -> Value:
        reference = REFERENCE.fullmatch(str(rule["to"]))
        if reference:  # a number of the platform's own stands for the item that carries the rule
            taken = value(reference[1] if reference[1] in self.items else owner)
            options = [option for option, _ in self.items[code].get("options", [])]
            return taken if not options or taken in options else None
        return self._read(code, str(rule["to"]))

    # -- rules

    def _true(self, rule: Any, value: Callable[[str], Value]) -> bool:
        held = self._compares(rule["item"], value(rule["item"]), rule["op"], rule["value"])
        if held and "and_op" in rule:
            held = self._compares(rule["item"], value(rule["item"]), rule["and_op"], rule["and_value"])
        return held

    def _compares(self, code: str, found: Value, op: str, bound: str) -> bool:
        if bound == "def":
            return (found is None) == (op == "==")
        if bound == "":  # only ever `!=` and `>`: it is answered
            return found is not None
        if found is None:
            return op == "!="
        item = self.items[code]
        options = [option for option, _ in item.get("options", [])]
        if bound not in options and bound.upper() in options:
            bound = bound.upper()  # Cap-1-2-2 is compared with `k` and has the option `K`
        if bound not in options and op in (">", ">=") and not self._is_numeric(code):
            return True  # stands before every option: it is answered
        if item["type"] == "choices":
            return self._contains(found, op, bound, options)
        if item["type"] == "choice" and op in (">", ">=", "<", "<="):
            return ORDER[op](options.index(found), options.index(bound) if bound in options else -1)
        if TIME_OF_DAY.match(bound):
            return ORDER[op](found.strftime("%H:%M"), TIME_OF_DAY.match(bound)[1])
        if self._is_numeric(code):
            return ORDER[op](float(found), float(bound))
        return ORDER[op](found, bound)

    def _contains(self, found: list[str], op: str, bound: str, options: list[str]) -> bool:
        if op in ("==", "!="):
            return (bound in found) == (op == "==")
        return any(ORDER[op](options.index(one), options.index(bound)) for one in found)

    def _is_numeric(self, code: str) -> bool:
        return self.items[code]["type"] == "number" or (self._is_formula(code) and not self._is_joined(code))

    # -- formulas

    def _is_formula(self, code: str) -> bool:
        """Whether it can be computed: a formula that names a node of the platform's own is none to us."""
        return bool(self._parts(code)) and all(part in self.items for part in self._parts(code))

    def _parts(self, code: str) -> list[str]:
        return REFERENCE.findall(self.items[code].get("computed", ""))

    def _is_joined(self, code: str) -> bool:
        types = {self.items[part]["type"] for part in self._parts(code) if part in self.items}
        return self.items[code]["type"] in ("text", "choice") and bool(types & {"choice", "text"})

    def _computed(self, code: str, formula: str, value: Callable[[str], Value]) -> Value:
        parts = self._parts(code)
        found = [value(part) for part in parts]
        if self._is_joined(code) and len(parts) > 1:
            return "".join("def" if one is None else str(one) for one in found)
        if any(one is None for one in found):
            return None
        if len(parts) == 1 and formula == f"#{{{parts[0]}}}":
            return found[0]
        if any(isinstance(one, date) for one in found):
            return passed(found[1], found[0], self._unit(code))
        return arithmetic(formula.replace("::", ""), value)

    def _unit(self, code: str) -> str:
        if code in WHERE_THE_NAME_IS_SILENT:
            return WHERE_THE_NAME_IS_SILENT[code]
        name = self.items[code]["name"]
        for word, unit in (("小时", "hours"), ("(h)", "hours"), ("天", "days"), ("月", "months"), ("分", "minutes")):
            if word in name:
                return unit
        raise AssertionError(f"{code} {name}: say in which unit the time between two items is counted")

    # -- limits

    def _broken(self, code: str) -> int:
        item = self.items[code]
        return sum(self._breaks(code, limit) for limit in item.get("limits", [])) + sum(
            self._sum_breaks(limit) for limit in item.get("calculated_limits", [])
        )

    def _breaks(self, code: str, limit: Any) -> bool:
        found = self._value(code)
        kind = self.items[code]["type"]
        if "item" in limit:
            bound = self._value(limit["item"])
            if bound is None:
                return False
            if isinstance(found, datetime) != isinstance(bound, datetime) and isinstance(found, date):
                found, bound = moment(found), moment(bound)
            return not ORDER[limit["op"]](found, bound)
        if kind == "choices" and limit["op"] == "==":
            return limit["value"] not in found
        if kind == "choices":
            return not ORDER[limit["op"]](len(found), float(limit["value"]))
        return not ORDER[limit["op"]](found, float(limit["value"]))

    def _sum_breaks(self, limit: Any) -> bool:
        operands = [self._value(code) for code in (*limit["left"], *limit["right"])]
        bound = self._value(limit["item"]) if "item" in limit else float(limit["value"])
        if bound is None or any(operand is None for operand in operands):
            return False
        if limit["op"] == "+":
            found = round(sum(operands), 6)
        else:
            found = passed(operands[1], operands[0], {"h": "hours", "d": "days"}[limit["unit"]])
        return not ORDER[limit["compare"]](found, bound)

    # -- answers

    def _read(self, code: str, raw: Any) -> Value:
        """The answer in JSON form as a value; an answer of the wrong kind is no answer."""
        item = self.items[code]
        options = [option for option, _ in item.get("options", [])]
        if raw in (None, "", [], "def"):
            return None
        if item["type"] == "choices":
            return list(dict.fromkeys(raw)) if all(one in options for one in raw) else None
        if item["type"] == "choice":
            return raw if raw in options or not options else None
        if item["type"] == "number":
            return float(raw) if re.fullmatch(r"-?\d+(\.\d+)?", str(raw)) else None
        if item["type"] == "date":
            return datetime.strptime(raw, "%Y-%m-%d").date()
        if item["type"] == "datetime":
            return datetime.strptime(raw, "%Y-%m-%d %H:%M")
        return raw


ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def moment(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


def day_of(time: date) -> date:
    return time.date() if isinstance(time, datetime) else time


def passed(start: date, end: date, unit: str) -> float:
    """The time from start to end: whole minutes, exact hours, calendar days, completed months and years."""
    if unit == "days":
        return (day_of(end) - day_of(start)).days
    if unit in ("months", "years"):
        a, b = day_of(start), day_of(end)
        months = (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day)
        return months if unit == "months" else months // 12
    seconds = (moment(end) - moment(start)).total_seconds()
    return int(seconds / 60) if unit == "minutes" else seconds / 3600


def arithmetic(formula: str, value: Callable[[str], float]) -> float | None:
    """`#{A}*10000/#{B}+2` by schoolbook rules; a division by zero has no answer."""
    tokens = re.findall(r"#\{[^}]+\}|[\d.]+|[-+*/]", formula)
    numbers = [value(token[2:-1]) if token.startswith("#") else float(token) for token in tokens[::2]]
    terms, signs = [numbers[0]], ["+"]
    for op, number in zip(tokens[1::2], numbers[1:], strict=True):
        if op == "*":
            terms[-1] *= number
        elif op == "/" and number == 0:
            return None
        elif op == "/":
            terms[-1] /= number
        else:
            terms.append(number)
            signs.append(op)
    return sum(term if sign == "+" else -term for sign, term in zip(signs, terms, strict=True))

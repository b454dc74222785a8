"""Translate the rules of a national form template into expressions of the pack language.

Rules of a template are two-valued: an unanswered item compares as `def`. Every condition below is true exactly when its
rule is true, and unknown or false otherwise; `_fails` writes the opposite, true exactly when the rule is not true.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from zhiheng.engine.form import ItemType

from .compiling import identifier
from .specs.form import ItemSpec, LimitSpec, SetsSpec
from .specs.template import CalculatedLimit, LimitRule, Rule, SetRule, ShowRule, TemplateItem

Said = TypeVar("Said")

UNANSWERED = "def"
NUMBER = re.compile(r"-?\d+(\.\d+)?")
REFERENCE = re.compile(r"#\{([^}]+)\}")
TIME_OF_DAY = re.compile(r"\{date\} (\d\d):59")
ORDER: dict[str, Callable[[int, int], bool]] = {
    ">=": lambda place, bound: place >= bound,
    "<=": lambda place, bound: place <= bound,
    ">": lambda place, bound: place > bound,
    "<": lambda place, bound: place < bound,
}
TIMES = ("date", "datetime")
# The facts name no unit for a time between two items. Where neither the item's name nor what it sets tells it:
DECIDED_UNITS = {
    "CABG-3-3-4": "minutes",  # 体外循环持续时间: MVR asks for the same in minutes
    "STK-2-4-5-1": "minutes",  # door to needle: its name and the indicator count minutes
}
FUNCTIONS = {"minutes": "minutes_between", "hours": "hours_between", "days": "days_between"}
AGES = {"years": "age_in_years", "months": "age_in_months"}


class Untranslatable(ValueError):
    """A rule that names what does not exist, or that the pack language cannot say."""


@dataclass(frozen=True)
class Untranslated:
    """One rule that stays as it was written, and why."""

    item: str
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.item}: {self.reason}: {self.rule}"


@dataclass(frozen=True)
class Translation:
    """An item in pack language, the levels of its applicability apart, and what could not be said."""

    item: ItemSpec
    levels: tuple[str, ...]
    section: tuple[str, ...]
    untranslated: tuple[Untranslated, ...]


class Translator:
    """Translates the items of one template."""

    def __init__(self, items: Sequence[TemplateItem], units: Mapping[str, str] = DECIDED_UNITS) -> None:
        self.items = {item.code: item for item in items}
        self.units = units

    def item(self, item: TemplateItem) -> Translation:
        """Return one item; what cannot be translated is kept in `unresolved`."""
        open_rules: list[Untranslated] = []

        def attempt(rule: str, translate: Callable[[], Said]) -> Said | None:
            try:
                return translate()
            except Untranslatable as problem:
                open_rules.append(Untranslated(item.code, rule, str(problem)))
                return None

        levels = [
            attempt(f"shown_when: {'; '.join(map(_said, level))}", partial(self.level, level))
            for level in item.shown_when
            if level
        ]
        sets = [attempt(f"sets: {_said(rule)}", partial(self.sets, rule, item)) for rule in item.sets]
        limits = [attempt(f"limit: {_said(rule)}", partial(self.limit, rule, item)) for rule in item.limits]
        limits += [
            attempt(f"calculated limit: {_said(rule)}", partial(self.calculated_limit, rule))
            for rule in item.calculated_limits
        ]
        is_formula = item.computed is not None and "#{" in item.computed
        computed = attempt(f"computed: {item.computed}", partial(self.computed, item)) if is_formula else None
        spec = ItemSpec(
            item=item.code,
            label=item.name,
            type=item.type_,
            alias=None,
            required=item.required,
            readonly=item.readonly,
            hidden=item.hidden_by_default,
            default=None if is_formula else item.computed,
            max_length=item.max_length if item.type_ == "text" else None,
            options={option[0]: option[1] for option in item.options} or None,
            computed=computed,
            sets=[rule for rule in sets if rule],
            limits=[limit for limit in limits if limit],
            unresolved=[each.rule for each in open_rules],
        )
        return Translation(spec, tuple(level for level in levels if level), tuple(item.section), tuple(open_rules))

    # -- applicability

    def level(self, rules: Sequence[ShowRule]) -> str:
        """A level holds when it has no show rule or one of them is true, and none of its hide rules is true."""
        shows = self._together([rule for rule in rules if rule.effect == "show"])
        hides = self._together([rule for rule in rules if rule.effect == "hide"])
        parts = [self._holds(group) for group in shows]
        either = [" or ".join(parts)] if parts else []
        nots = [self._fails(group) for group in hides]
        if len(parts) > 1 and nots:
            either = [f"({either[0]})"]
        return " and ".join(
            [*either, *(f"({each})" if " or " in each and (either or len(nots) > 1) else each for each in nots)]
        )

    def _together(self, rules: Sequence[Rule]) -> list[list[Rule]]:
        """Group rules that ask for several options of the same item."""
        groups: dict[object, list[Rule]] = {}
        for number, rule in enumerate(rules):
            plain = rule.op == "==" and rule.and_op is None and rule.value != UNANSWERED
            key = rule.item if plain and self._referred(rule.item).type_ in ("choice", "choices") else number
            groups.setdefault(key, []).append(rule)
        return list(groups.values())

    def _holds(self, rules: Sequence[Rule]) -> str:
        if len(rules) > 1:
            return self._one_of(rules[0].item, [rule.value for rule in rules])
        rule = rules[0]
        parts = self._bounds(rule)
        return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"

    def _fails(self, rules: Sequence[Rule]) -> str:
        if len(rules) > 1:
            return _not_true(self._one_of(rules[0].item, [rule.value for rule in rules]))
        rule = rules[0]
        item = self._referred(rule.item)
        if rule.and_op and rule.and_value is not None and not self._is_ordered(item, rule):
            return f"{self._not(item, rule.op, rule.value)} or {self._not(item, rule.and_op, rule.and_value)}"
        if rule.and_op:
            return _not_true(self._bounds(rule)[0])
        return self._not(item, rule.op, rule.value)

    def when(self, rule: Rule) -> str:
        """Return the condition of one rule."""
        return " and ".join(self._bounds(rule))

    def _bounds(self, rule: Rule) -> list[str]:
        item = self._referred(rule.item)
        if rule.and_op is None or rule.and_value is None:
            return [self._condition(item, rule.op, rule.value)]
        if self._is_ordered(item, rule):
            chosen = [
                value
                for value in self._in_order(item, rule.op, rule.value)
                if value in self._in_order(item, rule.and_op, rule.and_value)
            ]
            return [self._one_of(item.code, chosen)]
        first, second = self._condition(item, rule.op, rule.value), self._condition(item, rule.and_op, rule.and_value)
        # `has(x, 'a')` says already that x is answered.
        return [first] if second.endswith("is not null") and "is not true" not in first else [first, second]

    def _condition(self, item: TemplateItem, op: str, value: str) -> str:
        name = identifier(item.code)
        if value == UNANSWERED:
            return f"{name} is {'null' if op == '==' else 'not null'}"
        if self._means_answered(item, op, value):
            return f"{name} is not null"
        if op == "!=":
            return self._not(item, "==", value)
        if item.type_ in ("choice", "choices"):
            return self._one_of(item.code, [value] if op == "==" else self._in_order(item, op, value))
        if item.type_ == "number":
            return f"{name} {_sql(op)} {_number(value)}"
        if item.type_ == "text":
            if op == "==":
                return f"{name} = {_text(value)}"
            return f"number({name}) {op} {_number(value)}"
        if (clock := TIME_OF_DAY.fullmatch(value)) and op == "<=" and item.type_ == "datetime":
            return f"hour_of({name}) <= {int(clock[1])}"
        raise Untranslatable(f'a {item.type_} is compared with "{value}"')

    def _not(self, item: TemplateItem, op: str, value: str) -> str:
        name = identifier(item.code)
        if value == UNANSWERED or self._means_answered(item, op, value):
            answered = self._condition(item, op, value).endswith("is not null")
            return f"{name} is {'null' if answered else 'not null'}"
        if op == "!=":
            return self._condition(item, "==", value)
        if op == "==" and item.type_ in ("choice", "text"):
            return f"{name} is distinct from {_text(value)}"
        if op == "==" and item.type_ == "number":
            return f"{name} is distinct from {_number(value)}"
        return _not_true(self._condition(item, op, value))

    def _means_answered(self, item: TemplateItem, op: str, value: str) -> bool:
        """`> 0`, `>= 0`, `> ''` and `!= ''` on what is no number: the bound stands before every answer."""
        if item.type_ == "number" or op in ("==", "<", "<="):
            return False
        if value == "":
            return True
        if op == "!=":
            return False
        if item.type_ in ("choice", "choices"):
            return self._place(item, value) is None
        return value == "0"

    def _is_ordered(self, item: TemplateItem, rule: Rule) -> bool:
        return item.type_ == "choice" and rule.op in ORDER and rule.and_op in ORDER

    def _in_order(self, item: TemplateItem, op: str, value: str) -> list[str]:
        bound = self._place(item, value)
        if bound is None:
            raise Untranslatable(f'"{value}" is no option of {item.code}, so that nothing can be compared with it')
        return [option for place, (option, _) in enumerate(item.options) if ORDER[op](place, bound)]

    def _place(self, item: TemplateItem, value: str) -> int | None:
        options = [option for option, _ in item.options]
        if value in options:
            return options.index(value)
        # Cap-1-2-2 is compared with `k` and has the option `K`.
        alike = [place for place, option in enumerate(options) if option.lower() == value.lower()]
        return alike[0] if len(alike) == 1 else None

    def _one_of(self, code: str, values: Sequence[str]) -> str:
        name, listed = identifier(code), ", ".join(map(_text, values))
        if self._referred(code).type_ == "choices":
            return f"{'has' if len(values) == 1 else 'has_any'}({name}, {listed})"
        return f"{name} = {listed}" if len(values) == 1 else f"{name} in ({listed})"

    def _referred(self, code: str) -> TemplateItem:
        found = self.items.get(code)
        if found is None:
            raise Untranslatable(f'the template has no item "{code}"')
        return found

    # -- derived values

    def sets(self, rule: SetRule, owner: TemplateItem) -> SetsSpec:
        """Return a rule that answers another item."""
        target = self._referred(rule.set_)
        return SetsSpec(when=self.when(rule), item=rule.set_, to=self._to(rule.to, target, owner))

    def _to(self, value: str, target: TemplateItem, owner: TemplateItem) -> str | None:
        if value == UNANSWERED:
            return None
        if reference := REFERENCE.fullmatch(value):
            # A number of the platform's own nodes: in every rule that has one, it is the item that owns the rule.
            copied = self.items.get(reference[1], owner)
            if _kind(copied) != _kind(target):
                raise Untranslatable(f"{copied.code} ({copied.type_}) cannot answer {target.code} ({target.type_})")
            return identifier(copied.code)
        if target.type_ == "number":
            return _number(value)
        if target.type_ in TIMES:
            raise Untranslatable(f'"{value}" cannot answer {target.code} ({target.type_})')
        return _text(value)

    def computed(self, item: TemplateItem) -> str:
        """Return the formula of an item."""
        formula = (item.computed or "").replace("::", "")
        parts = [self._referred_number(code) for code in REFERENCE.findall(formula)]
        if len(parts) == 2 and all(part.type_ in TIMES for part in parts):
            between = self._between(item, later=parts[0], earlier=parts[1])
            # Six decimals of an hour are milliseconds: enough for rules that read the number back from the text.
            return f"text(round_half_up({between}, 6))" if item.type_ == "text" else between
        if any(part.type_ in TIMES for part in parts):
            raise Untranslatable("a time is calculated with what is no time")
        numbers = all(part.type_ == "number" for part in parts)
        said = re.sub(r"([-+*/])", r" \1 ", REFERENCE.sub("\0", formula)).strip()
        if numbers or len(parts) == 1:
            names = iter(parts)
            return self._wrapped(re.sub("\0", lambda _: identifier(next(names).code), said), item, parts)
        if set(said) <= set("\0+ "):
            return " || ".join(f"coalesce({identifier(part.code)}, 'def')" for part in parts)
        raise Untranslatable("a formula over what is neither number nor text")

    def _wrapped(self, said: str, item: TemplateItem, parts: Sequence[TemplateItem]) -> str:
        if item.type_ == "text" and parts[0].type_ == "number":
            return f"text({said})"
        return said

    def _referred_number(self, code: str) -> TemplateItem:
        if code not in self.items and re.fullmatch(r"([A-Za-z]+_)?\d+", code):
            raise Untranslatable(f"{code} is a number of the platform's own; the template does not say of which item")
        return self._referred(code)

    def _between(self, item: TemplateItem, *, later: TemplateItem, earlier: TemplateItem) -> str:
        unit = self.unit(item)
        names = identifier(earlier.code), identifier(later.code)
        if unit in AGES:
            return f"{AGES[unit]}({names[0]}, {names[1]})"
        if unit != "days":
            names = _moment(earlier), _moment(later)
        return f"{FUNCTIONS[unit]}({names[0]}, {names[1]})"

    def unit(self, item: TemplateItem) -> str:
        """Return the unit of a time between two items: from its name, from what it sets, or as decided."""
        name = item.name
        if name.startswith("年龄"):
            return "months" if "月" in name else "years"
        if item.code in self.units:
            return self.units[item.code]
        if found := _unit_word(name):
            return found
        for limit in item.limits:
            if limit.value == "1440":  # minutes of a day
                return "minutes"
        for rule in item.sets:
            target = self._referred(rule.set_)
            if found := _unit_word(" ".join([target.name, *(label for _, label in target.options)])):
                return found
        raise Untranslatable("the template does not say in which unit the time is counted")

    # -- limits

    def limit(self, rule: LimitRule, item: TemplateItem) -> LimitSpec:
        """Return a limit on an answer, with a message of our own."""
        name, label = identifier(item.code), _label(item)
        if rule.item is not None:
            other = self._referred(rule.item)
            left, right = (
                (name, identifier(other.code)) if _kind(item) == _kind(other) else (_moment(item), _moment(other))
            )
            return LimitSpec(holds=f"{left} {_sql(rule.op)} {right}", message=_relation(item, rule.op, other))
        value = rule.value or ""
        if item.type_ == "choices" and NUMBER.fullmatch(value):
            return LimitSpec(
                holds=f"count_of({name}) {_sql(rule.op)} {_number(value)}",
                message=f"“{label}”选择的项数应{_WORDS[rule.op]} {value}",
            )
        if item.type_ == "choices" and rule.op == "==" and value in dict(item.options):
            return LimitSpec(
                holds=f"has({name}, {_text(value)})", message=f"“{label}”应包括“{dict(item.options)[value]}”"
            )
        if item.type_ == "number" and NUMBER.fullmatch(value):
            return LimitSpec(
                holds=f"{name} {_sql(rule.op)} {_number(value)}", message=f"“{label}”应{_WORDS[rule.op]} {value}"
            )
        raise Untranslatable(f'a {item.type_} is limited by "{value}"')

    def calculated_limit(self, rule: CalculatedLimit) -> LimitSpec:
        """Return a limit on a difference of two times or on a sum."""
        left, right = [self._referred(code) for code in rule.left], [self._referred(code) for code in rule.right]
        if rule.op == "-" and rule.unit in ("h", "d") and len(left) == len(right) == 1 and rule.value is not None:
            function = "hours_between" if rule.unit == "h" else "days_between"
            names = (
                (_moment(right[0]), _moment(left[0]))
                if rule.unit == "h"
                else (identifier(right[0].code), identifier(left[0].code))
            )
            unit = "小时" if rule.unit == "h" else "天"
            return LimitSpec(
                holds=f"{function}({names[0]}, {names[1]}) {_sql(rule.compare)} {_number(rule.value)}",
                message=f"从“{_label(right[0])}”到“{_label(left[0])}”应{_WORDS[rule.compare]} {rule.value} {unit}",
            )
        if rule.op == "+" and rule.unit == "double" and rule.item is not None:
            total = self._referred(rule.item)
            parts = [*left, *right]
            listed = "、".join(f"“{_label(part)}”" for part in parts[:MOST_LISTED])
            listed += f"等 {len(parts)} 项" if len(parts) > MOST_LISTED else ""
            # Sums of doubles miss the last bit: 0.1 + 0.2 is more than 0.3.
            summed = f"round_half_up({' + '.join(identifier(part.code) for part in parts)}, {DECIMALS_OF_SUMS})"
            return LimitSpec(
                holds=f"{summed} {_sql(rule.compare)} {identifier(total.code)}",
                message=f"{listed}之和应{_WORDS[rule.compare]}“{_label(total)}”",
            )
        raise Untranslatable("a calculation of an unknown kind")


MOST_LISTED = 4
DECIMALS_OF_SUMS = 6
_WORDS = {"==": "等于", "!=": "不等于", ">=": "大于或等于", "<=": "小于或等于", ">": "大于", "<": "小于"}
_LATER = {"==": "等于", "!=": "不同于", ">=": "不早于", "<=": "不晚于", ">": "晚于", "<": "早于"}


def _relation(item: TemplateItem, op: str, other: TemplateItem) -> str:
    words = _LATER if item.type_ in TIMES else _WORDS
    return f"“{_label(item)}”应{words[op]}“{_label(other)}”"


def _label(item: TemplateItem) -> str:
    return item.name.strip() or item.code


def _unit_word(text: str) -> str | None:
    for words, unit in (
        (("小时", "(h)", "（h）"), "hours"),
        (("天",), "days"),
        (("分钟", "(分)", "（分）"), "minutes"),
    ):
        if any(word in text for word in words):
            return unit
    return "hours" if re.search(r"\d\s*h", text) else None


def _kind(item: TemplateItem) -> str:
    # Text and one option are both texts; a date is not yet a moment.
    return {"choice": ItemType.TEXT.value}.get(item.type_, item.type_)


def _moment(item: TemplateItem) -> str:
    """A date compared with a time stands for its first minute."""
    name = identifier(item.code)
    return f"at_time({name}, '00:00')" if item.type_ == "date" else name


def _not_true(condition: str) -> str:
    return f"{condition} is not true" if condition.startswith("has") else f"({condition}) is not true"


def _text(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def _number(value: str) -> str:
    if not NUMBER.fullmatch(value):
        raise Untranslatable(f'"{value}" is no number')
    return re.sub(r"\.0+$", "", value)


def _sql(op: str) -> str:
    return {"==": "=", "!=": "<>"}.get(op, op)


def _said(rule: Rule | LimitRule | CalculatedLimit) -> str:
    if isinstance(rule, CalculatedLimit):
        bound = rule.value or rule.item
        return f"{'+'.join(rule.left)} {rule.op} {'+'.join(rule.right)} {rule.compare} {bound} {rule.unit}"
    if isinstance(rule, LimitRule):
        return f"{rule.op} {rule.value if rule.item is None else rule.item}"
    second = f" and {rule.and_op} {rule.and_value}" if rule.and_op else ""
    effect = f"{rule.effect} " if isinstance(rule, ShowRule) else ""
    derived = f" -> {rule.set_} = {rule.to}" if isinstance(rule, SetRule) else ""
    return f"{effect}{rule.item} {rule.op} {rule.value}{second}{derived}"

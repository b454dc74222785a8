"""Compare the forms of the packs with the national facts, by meaning, and report every difference.

Both sides are brought into one canonical form: the facts straight from their JSON, the pack from its compiled
expressions. Nothing here uses the importer. Hashes of the canonical facts are kept with the tests, so that a form that
has drifted is noticed where the facts themselves are absent.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhiheng.engine.form import Item, Limit, Sets
from zhiheng.engine.language.types import Call, Literal, Node, Reference
from zhiheng.lib import models, yaml

from . import conditions
from .compiling import Report, Written, compile_form, identifier, written_items
from .conditions import Condition
from .loading import PackError, file_name, load_common
from .specs.form import FormSpec

REFERENCE = re.compile(r"#\{([^}]+)\}")
TOKEN = re.compile(r"#\{[^}]+\}|\d+(?:\.\d+)?|[-+*/]")
CLOCK = re.compile(r"\{date\} (\d\d):59")
HASH_LENGTH = 10
BETWEEN = {"minutes_between", "hours_between", "days_between", "age_in_years", "age_in_months"}

Canonical = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One respect in which a form is not what the facts say."""

    form: str
    item: str
    aspect: str
    fact: object
    found: object

    def __str__(self) -> str:
        return f"{self.form} {self.item} {self.aspect}: the facts say {self.fact!r}, the pack has {self.found!r}"


def compare(folder: Path, facts: Mapping[str, Any]) -> list[Difference]:
    """Return every difference between the form in a pack's folder and a form of the facts."""
    return differences(canonical_pack(folder), facts)


def differences(ours: Mapping[str, Canonical], facts: Mapping[str, Any]) -> list[Difference]:
    """Return every difference between a canonical form and a form of the facts."""
    theirs = canonical_facts(facts)
    abbr = str(facts["abbr"])
    found = []
    if list(ours) != list(theirs):
        found.append(Difference(abbr, "", "order", list(theirs), list(ours)))
    for code in {**theirs, **ours}:
        fact, item = theirs.get(code), ours.get(code)
        if fact is None or item is None:
            found.append(
                Difference(abbr, code, "item", "present" if fact else "absent", "present" if item else "absent")
            )
            continue
        found += [Difference(abbr, code, key, fact[key], item[key]) for key in fact if fact[key] != item[key]]
    return found


def fingerprints(canonical: Mapping[str, Canonical]) -> dict[str, str]:
    """Return a hash for each item, and one for their order."""
    found = {code: _hash(item) for code, item in canonical.items()}
    return {"": _hash(list(canonical)), **found}


def canonical_pack(folder: Path) -> dict[str, Canonical]:
    """Return the national original of a pack's form (without amendments) in canonical form, by code."""
    report = Report()
    document = yaml.load(folder / "form.yaml", name=file_name(folder / "form.yaml"))
    spec, problems = models.read(document, FormSpec)
    if spec is None:
        raise PackError(problems)
    common = load_common(folder.parent / "common", report)
    original = spec.model_copy(update={"amendments": []})
    form = compile_form(original, document, common, report)
    if form is None:
        raise PackError(report.problems)
    written = written_items(original, document, common, Report())
    return {item.code: _item(item, said) for item, said in zip(form.items, written, strict=True)}


def canonical_facts(facts: Mapping[str, Any]) -> dict[str, Canonical]:
    """Return a form of the facts in canonical form, by code."""
    items = {item["code"]: item for item in facts["items"]}
    return {code: _fact(item, items) for code, item in items.items()}


# -- our side --------------------------------------------------------------------------------------------------------


def _item(item: Item, said: Written) -> Canonical:
    return {
        "name": item.label,
        "section": list(item.section),
        "type": item.type.value,
        "required": item.required,
        "readonly": item.readonly,
        "hidden": item.hidden_by_default,
        "max_length": item.max_length,
        "options": [[option.value, option.label] for option in item.options],
        "default": said.spec.default,
        "shown": conditions.written(conditions.from_expression(item.shown)) if item.shown else [],
        "sets": [_sets(rule) for rule in item.sets],
        "computed": _computed(item, said),
        "limits": sorted(
            [_limit(limit) for limit in item.limits] + [rule for rule in _unresolved(said) if rule[0] == "limit"],
            key=str,
        ),
    }


def _sets(rule: Sets) -> list[Any]:
    when = conditions.written(conditions.from_expression(rule.when))
    return [when, rule.target, _term(rule.to.node) if rule.to else None]


def _computed(item: Item, said: Written) -> Any:
    if item.computed:
        return _term(item.computed.node)
    return next((rule for rule in _unresolved(said) if rule[0] == "computed"), None)


def _limit(limit: Limit) -> list[Any]:
    node = limit.holds.node
    assert isinstance(node, Call)
    if node.name == "has":
        return ["=", _term(node.operands[0]), _term(node.operands[1])]
    return [node.name, *map(_term, node.operands)]


def _unresolved(said: Written) -> Iterator[list[Any]]:
    for rule in said.spec.unresolved:
        kind, _, text = rule.partition(": ")
        yield [kind, text]


def _term(node: Node) -> Any:
    if isinstance(node, Reference):
        return f"#{node.name}"
    if isinstance(node, Literal):
        return float(node.value) if isinstance(node.value, int | float) else node.value
    if node.name in BETWEEN:
        # The facts name no unit; which one was decided stands in the documentation and in the interpreter's table.
        unit = {"hours_between": "h", "days_between": "d"}.get(node.name, "")
        return ["between", _term(node.operands[0]), _term(node.operands[1]), unit]
    if node.name in ("text", "at_time", "coalesce", "round_half_up"):
        return _term(node.operands[0])
    return [node.name, *map(_term, node.operands)]


# -- the facts -------------------------------------------------------------------------------------------------------


def _fact(item: Mapping[str, Any], items: Mapping[str, Any]) -> Canonical:
    computed = item.get("computed")
    formula = computed if computed is not None and "#{" in computed else None
    limits = [_fact_limit(rule, item, items) for rule in item.get("limits", [])]
    limits += [_fact_calculation(rule) for rule in item.get("calculated_limits", [])]
    return {
        "name": item["name"],
        "section": list(item["section"]),
        "type": item["type"],
        "required": item["required"],
        "readonly": item.get("readonly", False),
        "hidden": item.get("hidden_by_default", False),
        "max_length": item.get("max_length"),
        "options": [list(option) for option in item.get("options", [])],
        "default": None if formula else computed,
        "shown": conditions.written(conditions.both(*(_level(level, items) for level in item.get("shown_when", [])))),
        "sets": [_fact_sets(rule, item, items) for rule in item.get("sets", [])],
        "computed": _fact_computed(formula, items) if formula else None,
        "limits": sorted(limits, key=str),
    }


def _level(rules: Sequence[Mapping[str, Any]], items: Mapping[str, Any]) -> Condition:
    shows = [_rule(rule, items) for rule in rules if rule["effect"] == "show"]
    hides = [conditions.opposite(_rule(rule, items)) for rule in rules if rule["effect"] == "hide"]
    return conditions.both(*([conditions.either(*shows)] if shows else []), *hides)


def _rule(rule: Mapping[str, Any], items: Mapping[str, Any]) -> Condition:
    first = _bound(items[rule["item"]], rule["op"], rule["value"])
    if "and_op" not in rule:
        return first
    second = _bound(items[rule["item"]], rule["and_op"], rule["and_value"])
    one, other = (_only_options(each) for each in (first, second))
    if one is not None and other is not None:
        return conditions.any_of(identifier(rule["item"]), *(one & other))
    return conditions.both(first, second)


def _bound(item: Mapping[str, Any], op: str, value: str) -> Condition:
    name, kind = identifier(item["code"]), item["type"]
    options = [option for option, _ in item.get("options", [])]
    if value == "def":
        return conditions.answered(name, is_so=op == "!=")
    if op == "==" and kind != "number":
        return conditions.any_of(name, value)
    if kind == "number":
        return conditions.compared(name, op.replace("==", "="), float(value))
    alike = [place for place, option in enumerate(options) if option.lower() == value.lower()]
    if value == "" or (kind != "number" and op in (">", ">=") and value == "0" and not alike):
        return conditions.answered(name)
    if op == "!=":
        return conditions.opposite(conditions.any_of(name, value))
    if kind in ("choice", "choices"):
        place = options.index(value) if value in options else alike[0]
        inside = {">=": options[place:], ">": options[place + 1 :], "<=": options[: place + 1], "<": options[:place]}[
            op
        ]
        return conditions.any_of(name, *inside)
    if clock := CLOCK.fullmatch(value):
        return conditions.compared(f"hour of {name}", op, float(clock[1]))
    return conditions.compared(name, op, float(value))


def _only_options(condition: Condition) -> set[str] | None:
    atoms = [atom for clause in condition for atom in clause]
    return set(atoms[0].values) if len(atoms) == 1 and atoms[0].kind == "any" and len(atoms[0].values) > 1 else None


def _fact_sets(rule: Mapping[str, Any], owner: Mapping[str, Any], items: Mapping[str, Any]) -> list[Any]:
    value: Any = rule["to"]
    if value == "def":
        value = None
    elif reference := REFERENCE.fullmatch(value):
        copied = reference[1] if reference[1] in items else owner["code"]
        value = f"#{identifier(copied)}"
    elif items[rule["set"]]["type"] == "number":
        value = float(value)
    return [conditions.written(_rule(rule, items)), identifier(rule["set"]), value]


def _fact_computed(formula: str, items: Mapping[str, Any]) -> Any:
    parts = REFERENCE.findall(formula)
    if any(part not in items for part in parts):
        return ["computed", formula]
    kinds = {items[part]["type"] for part in parts}
    if kinds <= {"date", "datetime"} and len(parts) == 2:
        # Unit unknown to the facts: the pack's own is accepted here.
        return _Between(f"#{identifier(parts[1])}", f"#{identifier(parts[0])}")
    if len(parts) > 1 and kinds & {"text", "choice"}:
        return ["||", *(f"#{identifier(part)}" for part in parts)]
    return _arithmetic(TOKEN.findall(formula.replace("::", "")))


class _Between(list[Any]):
    """A time between two items in whichever unit."""

    def __init__(self, earlier: str, later: str) -> None:
        super().__init__(["between", earlier, later, ""])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and other[:3] == self[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None


def _arithmetic(tokens: list[str]) -> Any:
    """Read a formula with the usual precedence, from left to right."""
    for ops in ("+-", "*/"):
        for place in range(len(tokens) - 1, 0, -1):
            if tokens[place] in ops:
                left, right = _arithmetic(tokens[:place]), _arithmetic(tokens[place + 1 :])
                if tokens[place] == "+" and isinstance(left, list) and left[0] == "+":
                    return [*left, right]
                return [tokens[place], left, right]
    (token,) = tokens
    reference = REFERENCE.fullmatch(token)
    return f"#{identifier(reference[1])}" if reference else float(token)


def _fact_limit(rule: Mapping[str, Any], item: Mapping[str, Any], items: Mapping[str, Any]) -> list[Any]:
    name, op = f"#{identifier(item['code'])}", rule["op"].replace("==", "=")
    if "item" in rule:
        if rule["item"] not in items:
            return ["limit", f"{rule['op']} {rule['item']}"]
        return [op, name, f"#{identifier(rule['item'])}"]
    if item["type"] != "choices":
        return [op, name, float(rule["value"])]
    if rule["op"] == "==":
        return ["=", name, rule["value"]]
    return [op, ["count_of", name], float(rule["value"])]


def _fact_calculation(rule: Mapping[str, Any]) -> list[Any]:
    left, right = ([f"#{identifier(code)}" for code in rule[side]] for side in ("left", "right"))
    bound = float(rule["value"]) if "value" in rule else f"#{identifier(rule['item'])}"
    if rule["op"] == "-":
        return [rule["compare"], ["between", right[0], left[0], rule["unit"]], bound]
    return [rule["compare"], ["+", *left, *right], bound]


def _hash(canonical: object) -> str:
    said = json.dumps(_without_unit(canonical), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:HASH_LENGTH]


def _without_unit(canonical: Any) -> Any:
    """Leave out of a computed time the unit, which the facts do not name."""
    if (
        isinstance(canonical, dict)
        and isinstance(computed := canonical.get("computed"), list)
        and computed[0] == "between"
    ):
        return {**canonical, "computed": computed[:3]}
    return canonical

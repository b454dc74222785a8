"""Say item by item and rule by rule what changed between two versions of a pack."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from itertools import count
from typing import Any, Literal

from pydantic import BaseModel

from zhiheng.engine.form import Form, Item
from zhiheng.engine.language import Expression

from .loading import Pack

Kind = Literal["added", "removed", "changed"]
NAMES = ("code", "id", "name", "item", "check", "indicator", "unit")  # what a rule is called, first found
WORDS = {"added": "增加", "removed": "删除", "changed": "改变"}


@dataclass(frozen=True)
class Change:
    """One thing that is different; `aspect` is empty where a whole item or rule came or went."""

    kind: Kind
    what: str
    aspect: str = ""
    before: object = None
    after: object = None

    def __str__(self) -> str:
        head = f"{WORDS[self.kind]} {self.what}" + (f" 的 {self.aspect}" if self.aspect else "")
        if self.kind == "added":
            return f"{head}：{_shown(self.after)}"
        if self.kind == "removed":
            return f"{head}（原为 {_shown(self.before)}）"
        return f"{head}：由 {_shown(self.before)} 改为 {_shown(self.after)}"


def compare(old: Pack, new: Pack) -> list[Change]:
    """Return every difference, in the order of pack.yaml, the form and the rule files."""
    changes = [*_aspects("pack.yaml", _flat(old.spec), _flat(new.spec))]
    changes += _forms(old.form, new.form)
    for name in {**old.parts, **new.parts}:
        changes += _parts(name, old.parts.get(name), new.parts.get(name))
    return changes


def _forms(old: Form, new: Form) -> Iterator[Change]:
    before, after = ({item.code: item for item in form.items} for form in (old, new))
    for code, item in before.items():
        if code not in after:
            yield Change("removed", f"条目 {code}", before=item.label)
    for code, item in after.items():
        if code not in before:
            yield Change("added", f"条目 {code}", after=item.label)
        elif before[code] != item:
            yield from _aspects(f"条目 {code}", _item(before[code]), _item(item))
    kept = [code for code in before if code in after]
    moved = [code for code in after if code in before]
    if kept != moved:
        yield Change("changed", "条目的次序", before=kept, after=moved)


def _item(item: Item) -> dict[str, object]:
    said = _flat({field.name: getattr(item, field.name) for field in fields(item) if field.name != "options"})
    return {**said, **{f"options.{option.value}": option.label for option in item.options}}


def _parts(name: str, old: object, new: object) -> Iterator[Change]:
    before, after = (_grouped(_flat(_rules(name, part))) for part in (old, new))
    for what in {**before, **after}:
        title = f"{name} {what}".strip()
        if what not in after:
            yield Change("removed", title, before=_brief(before[what]))
        elif what not in before:
            yield Change("added", title, after=_brief(after[what]))
        else:
            yield from _aspects(title, before[what], after[what])


def _rules(name: str, part: Any) -> object:
    """Return what a part says: what is worked out from its rules for running them is left aside."""
    if part is None:
        return None
    if name == "find":
        return replace(part, version="", valid_from=datetime.date.min, valid_until=None)  # these are pack.yaml's
    if name == "fills":
        return {**_fills(part.plan.rules), "terms": tuple(part.terms.by_name.values()), "units": tuple(part.units)}
    return tuple(part)


def _fills(rules: Iterable[Any]) -> dict[str, object]:
    """Call fill rules by their item: their own identifiers say in which folder they stand."""
    found: dict[str, object] = {}
    for rule in rules:
        number = next(each for each in count(1) if f"rules[{rule.item} {each}]" not in found)
        found[f"rules[{rule.item} {number}]"] = replace(rule, id="")
    return found


def _grouped(flat: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Put together what belongs to one rule: "checks[x].message" is the message of "checks[x]"."""
    groups: dict[str, dict[str, object]] = {}
    for path, value in flat.items():
        what, closed, aspect = path.partition("]")
        key = what + closed if closed else ""
        groups.setdefault(key, {})[aspect.lstrip(".") if closed else path] = value
    return groups


def _aspects(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for aspect in {**before, **after}:
        if aspect not in after:
            yield Change("removed", what, aspect, before=before[aspect])
        elif aspect not in before:
            yield Change("added", what, aspect, after=after[aspect])
        elif before[aspect] != after[aspect]:
            yield Change("changed", what, aspect, before[aspect], after[aspect])


def _flat(value: object) -> dict[str, object]:
    return dict(_leaves(value, ""))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Take a value apart down to texts and numbers; rules in a list are called by their own names."""
    if value is None or value == () or value == []:
        return
    if isinstance(value, Expression):
        yield path, value.text
    elif isinstance(value, Form | type):
        return  # compared by itself
    elif isinstance(value, Enum):
        yield path, value.value
    elif isinstance(value, BaseModel):
        yield from _inside({name: getattr(value, name) for name in type(value).model_fields}, path)
    elif is_dataclass(value):
        yield from _inside({field.name: getattr(value, field.name) for field in fields(value)}, path)
    elif isinstance(value, Mapping):
        yield from _inside({str(key): each for key, each in value.items()}, path)
    elif isinstance(value, list | tuple | set | frozenset):
        for number, each in enumerate(sorted(value, key=str) if isinstance(value, set | frozenset) else value):
            yield from _leaves(each, f"{path}[{_name(each, number)}]")
    else:
        yield path, value if isinstance(value, str | int | float | bool) else str(value)


def _inside(parts: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    for key, each in parts.items():
        yield from _leaves(each, f"{path}.{key}" if path else key)


def _name(value: Any, number: int) -> str:
    for name in NAMES:
        found = getattr(value, name, None)
        if isinstance(found, str):
            return found
        if isinstance(found, Item):
            return found.code
    return str(number + 1)


def _brief(rule: Mapping[str, object]) -> str:
    return next((str(rule[key]) for key in ("message", "reason", "name", "label") if key in rule), "")


def _shown(value: object) -> str:
    if value == "" or value is None:
        return "空"
    text = "、".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"“{text}”" if len(text) <= 120 else f"“{text[:117]}...”"

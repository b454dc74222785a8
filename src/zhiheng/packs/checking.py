"""Look for what is strange in a form that can run: items nobody can reach or answer, rules that can never be true."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from zhiheng.engine.form import Form, Item, ItemType
from zhiheng.engine.language import Expression
from zhiheng.engine.language.types import Literal, Reference
from zhiheng.lib import models, yaml
from zhiheng.lib.models import Problem

from .compiling import Place, Report, Written
from .conditions import Atom, Condition, both, from_expression
from .specs.form import CommonItemsSpec, CommonOptionsSpec, FormSpec, ItemSpec, SectionSpec, UseSpec


def inspect_form(form: Form, written: Sequence[Written], spec: FormSpec, root: Place, report: Report) -> None:
    """Add a warning for everything strange."""
    places = {each.spec.item: each for each in written}
    answered_by_rules = {rule.target for item in form.items for rule in item.sets}
    items = {item.id: item for item in form.items}
    unreachable = _unreachable(form)
    for item in form.items:
        said = places.get(item.code)
        if said is None:
            continue  # a hospital's own item
        for message in _strange(item, said, answered_by_rules, unreachable):
            report.warning(said.place, f'item "{item.code}": {message}')
    for rule, place in _rules(form, places):
        if (misfit := _never_fits(rule, items)) is not None:
            report.warning(place, misfit)
    used = {name for each in written if isinstance(name := each.spec.options, str)}
    for name in spec.options:
        if name not in used:
            report.warning(root.at("options", name), f'option list "{name}" is used by no item. Remove it.')


def never_judged(expect: Expression, when: Expression | None, form: Form) -> str | None:
    """Return why no answers let a check be judged: its items must all be shown and answered, and `when` must hold."""
    items = {item.id: item for item in form.items}
    shown = [items[name].shown for name in expect.fields if name in items]
    conditions = [found for each in shown if (found := _condition(each)) is not None]
    if when is not None and (found := _condition(when)) is not None:
        conditions.append(found)
    together = both(*conditions)
    for clause in sorted(together, key=sorted):
        if clause and all(atom.kind == "unanswered" and atom.item in expect.fields for atom in clause):
            return "one of its items is hidden while another is answered: " + " or ".join(
                sorted(atom.item for atom in clause)
            )
    return _impossible(together, items, {})


def unused_in_common(root: Path) -> list[Problem]:
    """Return the shared items and option lists that no pack below `root` uses."""
    used_items, used_lists = set[str](), set[str]()
    for path in root.glob("*/form.yaml"):
        form, _ = models.read(yaml.load(path), FormSpec)
        for section in form.sections if form else ():
            for entry in _entries(section):
                if isinstance(entry, UseSpec):
                    used_items.add(entry.use)
                elif isinstance(entry.options, str):
                    used_lists.add(entry.options)
    return [*_unused(root, used_items, used_lists)]


def _unused(root: Path, used_items: set[str], used_lists: set[str]) -> Iterator[Problem]:
    items = yaml.load(root / "common" / "items.yaml", name="packs/common/items.yaml")
    shared, _ = models.read(items, CommonItemsSpec)
    for number, item in enumerate(shared.items if shared else ()):
        if item.item not in used_items:
            message = f'item "{item.item}": is used by no pack. Remove it.'
            yield Problem(items.file, items.line(("items", number)), message)
        elif isinstance(item.options, str):
            used_lists.add(item.options)
    lists = yaml.load(root / "common" / "options.yaml", name="packs/common/options.yaml")
    named, _ = models.read(lists, CommonOptionsSpec)
    for name in named.options if named else ():
        if name not in used_lists:
            message = f'option list "{name}" is used by no pack. Remove it.'
            yield Problem(lists.file, lists.line(("options", name)), message)


def _entries(section: SectionSpec) -> Iterator[ItemSpec | UseSpec]:
    for entry in section.items:
        if isinstance(entry, SectionSpec):
            yield from _entries(entry)
        else:
            yield entry


def _strange(item: Item, said: Written, answered_by_rules: set[str], unreachable: Mapping[str, str]) -> Iterator[str]:
    if item.id in unreachable:
        yield f"is never shown: {unreachable[item.id]}"
    if item.type in (ItemType.CHOICE, ItemType.CHOICES) and not item.options:
        yield "is a choice without options: any text is taken as its answer."
    if item.required and item.hidden_by_default and item.shown is None:
        yield "is required and hidden, and no rule shows it."
    if item.readonly and item.computed is None and item.default is None and item.id not in answered_by_rules:
        yield "is read-only, and neither a formula nor a rule answers it: it stays open to a person."
    values = [option.value for option in item.options]
    if item.default is not None and values and item.default not in values:
        yield f'its default "{item.default}" is none of its options.'
    for rule in said.spec.unresolved:
        yield f"the national form has a rule that could not be resolved: {rule}"


def _rules(form: Form, places: Mapping[str, Written]) -> Iterator[tuple[tuple[Item, str, Expression], Place]]:
    for item in form.items:
        for number, rule in enumerate(item.sets):
            if rule.to is not None and item.code in places:
                yield (item, rule.target, rule.to), places[item.code].place.at("sets", number, "to")


def _never_fits(rule: tuple[Item, str, Expression], items: Mapping[str, Item]) -> str | None:
    owner, target, to = rule
    options = [option.value for option in items[target].options]
    if isinstance(to.node, Literal) and options and to.node.value not in options:
        listed = ", ".join(options)
        code = items[target].code
        return f'item "{owner.code}": sets {code} to "{to.node.value}", which is none of its options ({listed}).'
    if (
        isinstance(to.node, Reference)
        and options
        and (differing := differing_labels(items[to.node.name], items[target]))
    ):
        value, one, other = differing[0]
        said = f'"{other}"' if other else "no option"
        return f'item "{owner.code}": copies its "{value}" ({one}) to {items[target].code}, where it is {said}.'
    return None


def differing_labels(source: Item, target: Item) -> list[tuple[str, str, str]]:
    """Return the options that mean something else (or nothing: "") in the item they are copied to."""
    labels = {option.value: option.label for option in target.options}
    return [
        (option.value, option.label, labels.get(option.value, ""))
        for option in source.options
        if labels.get(option.value) != option.label
    ]


def _unreachable(form: Form) -> dict[str, str]:
    """Return the items that no answers can show, and why."""
    items = {item.id: item for item in form.items}
    shown = {item.id: condition for item in form.items if (condition := _condition(item.shown)) is not None}
    found: dict[str, str] = {}
    # An item that depends on an unreachable one is so too: repeat until nothing new is found.
    while True:
        fresh = {
            name: why
            for name, condition in shown.items()
            if name not in found and (why := _impossible(condition, items, found)) is not None
        }
        if not fresh:
            return found
        found.update(fresh)


def _condition(expression: Expression | None) -> Condition | None:
    if expression is None:
        return None
    try:
        return from_expression(expression)
    except (ValueError, AssertionError):
        return None  # a hospital's own condition may say more than national ones do


def _impossible(condition: Condition, items: Mapping[str, Item], unreachable: Mapping[str, str]) -> str | None:
    required: dict[str, set[str]] = {}
    for clause in condition:
        if all(_cannot_hold(atom, items, unreachable) for atom in clause):
            return "it needs " + " or ".join(
                sorted(f"{atom.item} {atom.kind} {', '.join(atom.values)}" for atom in clause)
            )
        if len(clause) == 1 and (atom := next(iter(clause))).kind == "any":
            if items[atom.item].type is not ItemType.CHOICE:
                continue
            left = required.setdefault(atom.item, set(atom.values))
            left &= set(atom.values)
            if not left:
                return f"its conditions on {atom.item} exclude each other"
    return None


def _cannot_hold(atom: Atom, items: Mapping[str, Item], unreachable: Mapping[str, str]) -> bool:
    item = items.get(atom.item)
    if item is None:
        return False
    if atom.kind == "any" and item.options:
        values = {option.value for option in item.options}
        return atom.item in unreachable or not values & set(atom.values)
    return atom.item in unreachable and not atom.kind.startswith(("none", "unanswered", "not "))

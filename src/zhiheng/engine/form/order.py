"""In which order the items of a form can be worked out, and which of them wait for each other in a circle."""

from collections.abc import Iterator
from dataclasses import dataclass

from zhiheng.engine.form.parts import Form, Item, Sets


@dataclass(frozen=True)
class Step:
    """Identifiers to work out next; `circle`: they depend on each other (or the one on itself)."""

    items: tuple[str, ...]
    circle: bool


def setters(form: Form) -> dict[str, list[tuple[Item, Sets]]]:
    """By target, the rules that set it with the items that carry them, in the order of the form."""
    found: dict[str, list[tuple[Item, Sets]]] = {}
    for item in form.items:
        for rule in item.sets:
            found.setdefault(rule.target, []).append((item, rule))
    return found


def needs(item: Item, rules: list[tuple[Item, Sets]]) -> tuple[str, ...]:
    """The identifiers that decide whether `item` is shown and what its value is, each once."""
    expressions = [item.shown, item.computed, *(each for _, rule in rules for each in (rule.when, rule.to))]
    return tuple(dict.fromkeys(name for each in expressions if each is not None for name in each.fields))


def order(form: Form) -> tuple[Step, ...]:
    """Return the steps so that each needs only what stands before it; inside a circle, the order of the form.

    Tarjan's strongly connected parts, visited in the order of the form, so that the same form gives the same steps.
    """
    rules = setters(form)
    needed = {item.id: needs(item, rules.get(item.id, [])) for item in form.items}
    place = {item.id: number for number, item in enumerate(form.items)}
    return tuple(
        Step(tuple(sorted(part, key=place.__getitem__)), len(part) > 1 or part[0] in needed[part[0]])
        for part in _connected(needed)
    )


def _connected(needed: dict[str, tuple[str, ...]]) -> Iterator[list[str]]:
    found: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    waiting: set[str] = set()
    for root in needed:
        if root in found:
            continue
        calls = [(root, iter(needed[root]))]
        found[root] = low[root] = len(found)
        open_.append(root)
        waiting.add(root)
        while calls:
            name, rest = calls[-1]
            for other in rest:
                if other not in found:
                    found[other] = low[other] = len(found)
                    open_.append(other)
                    waiting.add(other)
                    calls.append((other, iter(needed.get(other, ()))))
                    break
                if other in waiting:
                    low[name] = min(low[name], found[other])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[name])
                if low[name] == found[name]:
                    part: list[str] = []
                    while not part or part[-1] != name:
                        part.append(open_.pop())
                        waiting.discard(part[-1])
                    yield part

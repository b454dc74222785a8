"""One generated Python function for a whole form: what is shown, what every item's value is, which limits break.

What the function does, item after item in the order of dependency:

* An item is shown when `shown` is true; unknown is not shown. An item that is not shown has no value.
* Its value is what the last true rule that sets it says; else, with a formula, what the formula gives, answered or
  not; else the answer; else, when it is read-only, its default. On `choices`, the values of all true rules are
  collected, in the order of the options. A rule whose value is no option of the item does nothing.
* An answer that is `firm` (it has a proof, or a person gave it) stays against a rule that sets an open item: on the
  platform too such an item can be changed after the rule has set it. What the rule says is then in `kept`.
* Items that depend on each other in a circle (alternatives that show only while the other is unanswered) are worked
  out in the order of the form, each as if those after it were unanswered. Those that then have an answer are settled;
  the others are looked at once more with all values known. So among answered alternatives the first in the form wins.
* A limit is broken when the item has a value and the limit is false. Unknown is not false.
"""

import importlib.util
import marshal
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import NamedTuple, cast

from zhiheng.engine.form import order, values
from zhiheng.engine.form.parts import Form, Item, ItemType, Sets
from zhiheng.engine.language import Expression, Type, python


class Run(NamedTuple):
    """By position in the form: shown or not, and the value. `broken` are positions in `Form.limits`."""

    shown: tuple[bool, ...]
    values: tuple[object, ...]
    broken: list[int]
    made: dict[str, str]  # identifier -> what made the value, where it is no answer
    lost: list[str]  # identifiers of answered alternatives that are hidden because another one is answered
    kept: dict[str, object]  # identifier of a firm answer -> what a rule would have set instead


Function = Callable[[Mapping[str, object], Collection[str]], Run]


@dataclass(frozen=True)
class Program:
    """The generated source and its compiled code; only these are pickled."""

    source: str
    magic: bytes
    code: bytes

    def __getstate__(self) -> dict[str, object]:
        return {"source": self.source, "magic": self.magic, "code": self.code}

    @cached_property
    def run(self) -> Function:
        current = self.magic == importlib.util.MAGIC_NUMBER
        code = cast(CodeType, marshal.loads(self.code)) if current else compile(self.source, "<form>", "exec")
        names: dict[str, object] = {**python.NAMESPACE, "Run": Run, "pick": pick}
        exec(code, names)  # noqa: S102 - our own source, generated from checked expressions
        return cast(Function, names["run"])


def compile_form(form: Form) -> Program:
    source = "\n".join(_Writer(form).lines()) + "\n"
    code = marshal.dumps(compile(source, f"<form {form.abbr}>", "exec"))
    return Program(source, importlib.util.MAGIC_NUMBER, code)


def is_number(form: Form, item: Item) -> bool:
    """Whether expressions take the item as a number, as they do for a text item that shows a time difference."""
    return form.scope.field(item.id).type is Type.NUMBER


def default(form: Form, item: Item) -> object:
    """The value that a read-only item has while nothing else gives it one."""
    if not item.readonly or values.is_unanswered(item.default):
        return None
    try:
        return values.reader(item, number=is_number(form, item))(item.default)
    except values.Wrong as wrong:
        raise ValueError(f'Item "{item.code}" of form {form.abbr}: default: {wrong.message}') from None


def pick(chosen: list[object], options: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(option for option in options if option in chosen) or None


class _Writer:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.rules = order.setters(form)
        self.unanswered: frozenset[str] = frozenset()
        self.writer = python.Writer(lambda name: "None" if name in self.unanswered else f"v_{name}")

    def lines(self) -> Iterator[str]:
        yield "def run(answer, firm=()):"
        yield "    answer = answer.get; made = {}; lost = []; broken = []; kept = {}"
        for step in order.order(self.form):
            items = [self.form.by_id[name] for name in step.items]
            yield from self._circle(items) if step.circle else self._item(items[0], "    ")
        for number, (item, limit) in enumerate(self.form.limits):
            yield f"    if v_{item.id} is not None and ({self._text(limit.holds)}) is False: broken.append({number})"
        shown = ", ".join("True" if item.shown is None else f"s_{item.id}" for item in self.form.items)
        found = ", ".join(f"v_{item.id}" for item in self.form.items)
        yield f"    return Run(({shown},), ({found},), broken, made, lost, kept)"

    def _item(self, item: Item, indent: str) -> Iterator[str]:
        if item.shown is None:
            yield from self._value(item, indent)
            return
        yield f"{indent}s_{item.id} = {self._true(item.shown)}"
        yield f"{indent}v_{item.id} = None"
        yield f"{indent}if s_{item.id}:"
        yield from self._value(item, indent + "    ")

    def _value(self, item: Item, indent: str) -> Iterator[str]:
        rules = [rule for _, rule in self.rules.get(item.id, [])]
        if not rules:
            yield from self._unset(item, indent)
        elif item.type is ItemType.CHOICES:
            yield from self._collected(item, rules, indent)
        else:
            yield from self._last(item, rules, indent)
        if rules and not item.readonly and item.computed is None:
            yield from self._kept(item, indent)

    def _kept(self, item: Item, indent: str) -> Iterator[str]:
        name, firm = f"v_{item.id}", self.writer.fresh()
        yield f"{indent}if {item.id!r} in firm and ({firm} := answer({item.id!r})) not in (None, {name}):"
        yield f"{indent}    kept[{item.id!r}] = {name}; {name} = {firm}; made.pop({item.id!r}, None)"

    def _last(self, item: Item, rules: list[Sets], indent: str) -> Iterator[str]:
        """Each true rule overwrites: hundreds of rules on one item stay flat, where `elif` would nest them."""
        yield from self._unset(item, indent)
        for rule in rules:
            condition = self._true(rule.when)
            taken = "None" if rule.to is None else self._text(rule.to)
            if not _is_certain(self.form, item, rule.to):
                fresh = self.writer.fresh()
                options = tuple(option.value for option in item.options)
                condition, taken = f"({condition}) and ({fresh} := {taken}) in {options!r}", fresh
            yield f"{indent}if {condition}: v_{item.id} = {taken}; made[{item.id!r}] = 'sets'"

    def _collected(self, item: Item, rules: list[Sets], indent: str) -> Iterator[str]:
        chosen = self.writer.fresh()
        yield f"{indent}{chosen} = []"
        for rule in rules:
            put = "append(None)" if rule.to is None else f"append({self._text(rule.to)})"
            if rule.to is not None and rule.to.type is Type.TEXTS:
                put = f"extend({self._text(rule.to)} or (None,))"
            yield f"{indent}if {self._true(rule.when)}: {chosen}.{put}"
        options = tuple(option.value for option in item.options)
        yield f"{indent}if {chosen}:"
        yield f"{indent}    v_{item.id} = pick({chosen}, {options!r}); made[{item.id!r}] = 'sets'"
        yield f"{indent}else:"
        yield from self._unset(item, indent + "    ")

    def _unset(self, item: Item, indent: str) -> Iterator[str]:
        name = f"v_{item.id}"
        if item.computed is not None:
            yield f"{indent}{name} = {self._text(item.computed)}; made[{item.id!r}] = 'computed'"
            return
        yield f"{indent}{name} = answer({item.id!r})"
        given = default(self.form, item)
        if given is not None:
            yield f"{indent}if {name} is None: {name} = {python.constant(given)}; made[{item.id!r}] = 'default'"

    def _circle(self, items: list[Item]) -> Iterator[str]:
        yield f"    {' = '.join(f'v_{item.id}' for item in items)} = None"
        for item in items:
            yield from self._item(item, "    ")
        unsettled = [(item, self.writer.fresh()) for item in items]
        yield "    " + "; ".join(f"{open_} = v_{item.id} is None" for item, open_ in unsettled)
        for item, open_ in unsettled:
            yield f"    if {open_}:"
            yield f"        made.pop({item.id!r}, None); kept.pop({item.id!r}, None)"
            yield from self._item(item, "        ")
        for item in items:
            if item.shown is not None and item.shown.fields:
                yield from self._lost(item, items)

    def _lost(self, item: Item, items: list[Item]) -> Iterator[str]:
        """Whether `item` would be shown with its answer, were the others of the circle unanswered."""
        assert item.shown is not None
        self.unanswered = frozenset(other.id for other in items if other is not item)
        alone = self._true(item.shown)
        self.unanswered = frozenset()
        yield f"    if not s_{item.id} and answer({item.id!r}) is not None and {alone}:"
        yield f"        lost.append({item.id!r})"

    def _true(self, expression: Expression) -> str:
        """A condition: unknown is not true."""
        text = self._text(expression)
        return f"({text})" if not python.can_be_null(expression.node) else f"({text}) is True"

    def _text(self, expression: Expression) -> str:
        return self.writer.write(expression.node)


def _is_certain(form: Form, item: Item, to: Expression | None) -> bool:
    """Whether what a rule sets is sure to be an option of the item."""
    if item.type is not ItemType.CHOICE or not item.options or to is None or not to.fields:
        return True
    options = {option.value for option in item.options}
    return all(set(form.scope.field(name).options) <= options and form.scope.field(name).options for name in to.fields)

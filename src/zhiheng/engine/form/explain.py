"""Explain one item: why it is shown or hidden, why it has this value, which limits hold."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from zhiheng.engine.form.evaluate import conclude, read
from zhiheng.engine.form.order import order, setters
from zhiheng.engine.form.parts import Finding, Form, Item, ItemType, Limit, Sets
from zhiheng.engine.language import Clause, Expression, explain, python
from zhiheng.lib.suggest import did_you_mean

Row = Mapping[str, object]


@dataclass(frozen=True)
class Origin:
    """What made a value: `answer`, `sets` (of the item `by`), `computed` or `default`; None when unanswered.

    `because` is the condition of the rule that set it, `taken` the formula or the value that the rule gives.
    """

    kind: str | None
    by: str | None = None
    because: Clause | None = None
    taken: Clause | None = None


@dataclass(frozen=True)
class JudgedLimit:
    """A limit with its clause: true, false, or unknown because an operand is unanswered."""

    limit: Limit
    clause: Clause


@dataclass(frozen=True)
class Explanation:
    """`shown_because` is None for an item that is always shown.

    `circle` names items that depend on this one and on which it depends: of answered alternatives the first wins.
    """

    code: str
    shown: bool
    shown_because: Clause | None
    value: object
    origins: tuple[Origin, ...]
    limits: tuple[JudgedLimit, ...]
    findings: tuple[Finding, ...]
    aside: object = None
    circle: tuple[str, ...] = ()


def explain_item(form: Form, answers: Mapping[str, object], code: str, firm: Collection[str] = ()) -> Explanation:
    """Why `code` is as it is with `answers` (national code to value in JSON form); `firm` as in `evaluate`."""
    item = form.by_code.get(code)
    if item is None:
        raise KeyError(f'Form {form.abbr} has no item "{code}".{did_you_mean(code, form.by_code)}')
    reading = read(form, answers)
    run = form.program.run(reading.values, {form.by_code[each].id for each in firm if each in form.by_code})
    whole = conclude(form, answers, reading, run)
    row = {each.id: value for each, value in zip(form.items, run.values, strict=True)}

    def clause(expression: Expression) -> Clause:
        return explain(expression, row, lambda name: form.by_id[name].code)

    return Explanation(
        code=code,
        shown=code in whole.shown,
        shown_because=None if item.shown is None else clause(item.shown),
        value=whole.values.get(code),
        origins=_origins(form, item, row, run.made.get(item.id), clause),
        limits=tuple(JudgedLimit(limit, clause(limit.holds)) for limit in item.limits),
        findings=tuple(finding for finding in whole.findings if finding.item == code),
        aside=whole.aside.get(code),
        circle=_circle(form, item),
    )


def _origins(
    form: Form, item: Item, row: Row, made: str | None, clause: Callable[[Expression], Clause]
) -> tuple[Origin, ...]:
    """One origin; on `choices`, one for each rule that put an option in."""
    if made == "sets":
        return tuple(
            Origin("sets", owner.code, clause(rule.when), None if rule.to is None else clause(rule.to))
            for owner, rule in _deciding(form, item, row)
        )
    if made == "computed" and item.computed is not None:
        return (Origin("computed", taken=clause(item.computed)),)
    if row[item.id] is None:
        return (Origin(None),)
    return (Origin(made or "answer"),)


def _deciding(form: Form, item: Item, row: Row) -> list[tuple[Item, Sets]]:
    """The rules that are true; where one value is taken, the last of those that give it."""
    true = [(owner, rule) for owner, rule in setters(form)[item.id] if python.closure(rule.when)(row) is True]
    if item.type is ItemType.CHOICES:
        return true
    value = row[item.id]
    return [each for each in true if (None if each[1].to is None else python.closure(each[1].to)(row)) == value][-1:]


def _circle(form: Form, item: Item) -> tuple[str, ...]:
    for step in order(form):
        if step.circle and item.id in step.items:
            return tuple(form.by_id[name].code for name in step.items if name != item.id)
    return ()

"""Explain a value: the tree of clauses, each true, false or unknown, what was found, by how much a limit was missed."""

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zhiheng.engine.language import python
from zhiheng.engine.language.render import Name, render
from zhiheng.engine.language.types import Call, Expression, Node, Reference, Type

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "in", "is distinct from")
LIMITS = ("<", "<=", ">", ">=")
KEEPS_UNIT = ("+", "-", "negative", "abs", "floor", "round_half_up", "least", "greatest", "coalesce", "case")
UNITS = {
    "minutes_between": "minutes",
    "hours_between": "hours",
    "days_between": "days",
    "age_in_years": "years",
    "age_in_months": "months",
}
UNITS_ZH = {"minutes": "分钟", "hours": "小时", "days": "天", "years": "岁", "months": "个月"}


@dataclass(frozen=True)
class Margin:
    """By how much a limit was missed. `over`: the value is above the limit, else below it."""

    amount: float
    unit: str
    over: bool

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}".strip()

    @property
    def zh(self) -> str:
        return f"{'超出' if self.over else '差'} {self.amount:g} {UNITS_ZH.get(self.unit, self.unit)}".strip()


@dataclass(frozen=True)
class Clause:
    """One part of an expression and what became of it.

    `kind` is the operator or function that decides; `left` and `right` are the values that a comparison compared;
    `found` are the values of the fields in it; `margin` stands on a limit whose outcome is not the wanted one.
    """

    text: str
    value: object
    kind: str
    left: object = None
    right: object = None
    margin: Margin | None = None
    children: tuple["Clause", ...] = ()
    found: tuple[tuple[str, object], ...] = ()

    @property
    def outcome(self) -> str:
        """'true', 'false' or 'unknown' for a condition; 'value' for anything else that is known."""
        if self.value is None:
            return "unknown"
        return str(self.value).lower() if isinstance(self.value, bool) else "value"

    def walk(self) -> Iterator["Clause"]:
        """Yield this clause and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def explain(expression: Expression, values: Mapping[str, object], name: Name = str) -> Clause:
    """Return the clause tree of `expression` for one row. `name` says how a field is called in the texts."""
    nodes, evaluate = _evaluator(expression)
    answers = dict(zip(nodes, evaluate(values).values(), strict=True))
    return _Explainer(values, answers, name).clause(expression.node, wanted=True)


def lines(clause: Clause, depth: int = 0) -> Iterator[str]:
    """Yield the tree as indented lines for people."""
    mark = {"true": "✓", "false": "✗", "unknown": "?"}.get(clause.outcome, "=")
    missed = f"，{clause.margin.zh}" if clause.margin else ""
    seen = "" if clause.children else _seen(clause)
    yield f"{'  ' * depth}{mark} {clause.text}{seen}{missed}"
    for child in clause.children:
        yield from lines(child, depth + 1)


def _seen(clause: Clause) -> str:
    if clause.kind in COMPARISONS and clause.kind != "in" and clause.left is not None:
        return f"：{_shown(clause.left)}"
    found = [f"{name} = {_shown(value)}" for name, value in clause.found]
    return f"：{', '.join(found)}" if found else ""


def _shown(value: object) -> str:
    if value is None:
        return "未知"
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or "(无)"
    return f"{value:g}" if isinstance(value, float) else str(value)


@functools.lru_cache(maxsize=1024)
def _evaluator(expression: Expression) -> tuple[tuple[Node, ...], python.Evaluate]:
    """Make one function for every part whose value is shown."""
    nodes = tuple(dict.fromkeys(_parts(expression.node)))
    return nodes, python.compile({str(number): Expression("", node, ()) for number, node in enumerate(nodes)})


def _parts(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Call):
        yield from node.operands if node.name in COMPARISONS else ()
        for condition in _conditions(node):
            yield from _parts(condition)


def _conditions(node: Node) -> tuple[Node, ...]:
    """Return the operands that are conditions themselves."""
    if not isinstance(node, Call):
        return ()
    return tuple(each for each in node.operands if isinstance(each, Call) and each.type == Type.BOOLEAN)


class _Explainer:
    def __init__(self, values: Mapping[str, object], answers: Mapping[Node, object], name: Name) -> None:
        self.values = values
        self.answers = answers
        self.name = name

    def clause(self, node: Node, wanted: bool) -> Clause:
        kind = node.name if isinstance(node, Call) else "field" if isinstance(node, Reference) else "constant"
        below = wanted != (kind in ("not", "is false"))
        left, right = self._sides(node)
        return Clause(
            text=render(node, self.name),
            value=self.answers[node],
            kind=kind,
            left=left,
            right=right,
            margin=self._margin(node, left, right, wanted),
            children=tuple(self.clause(each, below) for each in _conditions(node)),
            found=tuple((self.name(field), self.values.get(field)) for field in _fields(node)),
        )

    def _sides(self, node: Node) -> tuple[object, object]:
        if not isinstance(node, Call) or node.name not in COMPARISONS:
            return None, None
        left, *rest = (self.answers[operand] for operand in node.operands)
        return left, tuple(rest) if node.name == "in" else rest[0]

    def _margin(self, node: Node, left: object, right: object, wanted: bool) -> Margin | None:
        if not isinstance(node, Call) or node.name not in LIMITS or left is None or right is None:
            return None
        if self.answers[node] is wanted:
            return None
        if isinstance(left, dt.datetime) and isinstance(right, dt.datetime):
            distance, unit = (left - right).total_seconds() / 60, "minutes"
        elif isinstance(left, dt.date) and isinstance(right, dt.date):
            distance, unit = float((left - right).days), "days"
        else:
            distance = float(left) - float(right)  # type: ignore[arg-type]
            unit = unit_of(node.operands[0]) or unit_of(node.operands[1])
        # 0.3 - 0.1 is 0.19999999999999998: nobody wants to read that.
        return Margin(abs(round(distance, 9)), unit, over=(node.name in ("<", "<=")) == wanted)


def unit_of(node: Node) -> str:
    """Return the unit of a number, as far as its functions tell."""
    if not isinstance(node, Call):
        return ""
    if node.name in UNITS:
        return UNITS[node.name]
    units = {unit_of(operand) for operand in node.operands} - {""} if node.name in KEEPS_UNIT else set()
    return units.pop() if len(units) == 1 else ""


def _fields(node: Node) -> tuple[str, ...]:
    if isinstance(node, Reference):
        return (node.name,)
    if not isinstance(node, Call):
        return ()
    return tuple(dict.fromkeys(field for operand in node.operands for field in _fields(operand)))

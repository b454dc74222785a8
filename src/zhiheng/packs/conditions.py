"""Conditions in one canonical form, so that two ways of writing the same rule can be compared.

A condition becomes a set of clauses that must all hold; a clause is a set of atoms of which one must hold. Everything
is two-valued, as on the national platform: a comparison with an unanswered item is not true.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from zhiheng.engine.language import Expression
from zhiheng.engine.language.types import Call, Literal, Node, Reference


@dataclass(frozen=True, order=True)
class Atom:
    """One statement about an item: `any` or `none` of these options, `answered`, `unanswered`, or a comparison."""

    item: str
    kind: str
    values: tuple[str, ...] = ()


Clause = frozenset[Atom]
Condition = frozenset[Clause]
ALWAYS: Condition = frozenset()
OPPOSITE = {"answered": "unanswered", "unanswered": "answered"}


def any_of(item: str, *values: str) -> Condition:
    """One of the options is chosen."""
    return frozenset({frozenset({Atom(item, "any", tuple(sorted(values)))})})


def answered(item: str, *, is_so: bool = True) -> Condition:
    """The item is answered, or is not."""
    return frozenset({frozenset({Atom(item, "answered" if is_so else "unanswered")})})


def compared(item: str, op: str, value: object) -> Condition:
    """The item's number (or hour) compares so."""
    return frozenset({frozenset({Atom(item, op, (str(value),))})})


def both(*conditions: Condition) -> Condition:
    """All conditions hold."""
    return simplified(clause for condition in conditions for clause in condition)


def either(*conditions: Condition) -> Condition:
    """One of the conditions holds."""
    return simplified(_merged(atom for clause in chosen for atom in clause) for chosen in product(*conditions))


def opposite(condition: Condition) -> Condition:
    """The condition is not true."""
    return (
        either(*(both(*(_not(atom) for atom in clause)) for clause in condition))
        if condition
        else frozenset({frozenset()})
    )


def simplified(clauses: Iterable[Clause]) -> Condition:
    """Return the clauses without those that follow from another one."""
    each = sorted({_merged(clause) for clause in clauses}, key=sorted)
    return frozenset(
        clause for clause in each if not any(other != clause and _implies_clause(other, clause) for other in each)
    )


def from_expression(expression: Expression) -> Condition:
    """Return the condition that an expression states."""
    return _from_node(expression.node)


def written(condition: Condition) -> list[list[str]]:
    """Return the condition as plain lists, in a fixed order."""
    return sorted(sorted(f"{a.item} {a.kind} {','.join(a.values)}".strip() for a in clause) for clause in condition)


def _not(atom: Atom) -> Condition:
    if atom.kind == "any":
        return frozenset(frozenset({Atom(atom.item, "none", (value,))}) for value in atom.values)
    if atom.kind == "none":
        return any_of(atom.item, *atom.values)
    if atom.kind in OPPOSITE:
        return frozenset({frozenset({Atom(atom.item, OPPOSITE[atom.kind])})})
    if atom.kind.startswith("not "):
        return frozenset({frozenset({Atom(atom.item, atom.kind[4:], atom.values)})})
    return frozenset({frozenset({Atom(atom.item, f"not {atom.kind}", atom.values)})})


def _merged(atoms: Iterable[Atom]) -> Clause:
    chosen: dict[str, set[str]] = {}
    rest: set[Atom] = set()
    for atom in atoms:
        if atom.kind == "any":
            chosen.setdefault(atom.item, set()).update(atom.values)
        else:
            rest.add(atom)
    return frozenset(rest | {Atom(item, "any", tuple(sorted(values))) for item, values in chosen.items()})


def _implies_clause(one: Clause, other: Clause) -> bool:
    return all(any(_implies(atom, possible) for possible in other) for atom in one)


def _implies(one: Atom, other: Atom) -> bool:
    if one.item != other.item:
        return False
    if one.kind == "any" and other.kind == "any":
        return set(one.values) <= set(other.values)
    if one.kind == "any" and other.kind == "answered":
        return True
    return one == other or (one.kind == "unanswered" and other.kind == "none")


def _from_node(node: Node) -> Condition:
    assert isinstance(node, Call), node
    operands = node.operands
    match node.name:
        case "and":
            return both(*map(_from_node, operands))
        case "or":
            return either(*map(_from_node, operands))
        case "not":
            return opposite(_from_node(operands[0]))
        case "is true":
            return _from_node(operands[0])
        case "is null":
            return answered(_item(operands[0]), is_so=False)
        case "is distinct from":
            return opposite(_equal(operands[0], operands[1]))
        case "=":
            return _equal(operands[0], operands[1])
        case "in" | "has" | "has_any":
            return any_of(_item(operands[0]), *(_text(value) for value in operands[1:]))
        case "<" | "<=" | ">" | ">=":
            return compared(_item(operands[0]), node.name, _number(operands[1]))
    raise ValueError(f"{node.name} stands in no rule of a national form")


def _equal(one: Node, other: Node) -> Condition:
    assert isinstance(other, Literal)
    if isinstance(other.value, str):
        return any_of(_item(one), other.value)
    return compared(_item(one), "=", _number(other))


def _item(node: Node) -> str:
    if isinstance(node, Reference):
        return node.name
    assert isinstance(node, Call), node
    inner = _item(node.operands[0])
    return f"hour of {inner}" if node.name == "hour_of" else inner  # number(x) is the number that x writes


def _text(node: Node) -> str:
    assert isinstance(node, Literal)
    return str(node.value)


def _number(node: Node) -> float:
    assert isinstance(node, Literal)
    assert isinstance(node.value, int | float), node
    return float(node.value)

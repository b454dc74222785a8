"""Write a checked tree back as text of the language: the inverse of parse."""

import datetime as dt
from collections.abc import Callable

from zhiheng.engine.language.types import Call, Literal, Node, Reference

Name = Callable[[str], str]

# How tightly an operator binds; an operand that binds less tightly stands in parentheses.
BINDING = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and",), 2),
    **dict.fromkeys(("not",), 3),
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "in", "is distinct from", "is null", "is true", "is false"), 4),
    **dict.fromkeys(("||",), 5),
    **dict.fromkeys(("+", "-"), 6),
    **dict.fromkeys(("*", "/"), 7),
    **dict.fromkeys(("negative",), 8),
}
TIGHTEST = 9


def render(node: Node, name: Name = str) -> str:
    """Return the text of `node`. `name` says how a field is called, for instance by its label."""
    if isinstance(node, Literal):
        return constant(node.value)
    if isinstance(node, Reference):
        return name(node.name)
    binding = BINDING.get(node.name)
    if binding is None:
        return _case(node, name) if node.name == "case" else _function(node, name)
    parts = [_operand(operand, binding, name) for operand in node.operands]
    if node.name in ("is null", "is true", "is false"):
        return f"{parts[0]} {node.name}"
    if node.name == "in":
        return f"{parts[0]} in ({', '.join(parts[1:])})"
    if node.name == "not":
        return _negated(node.operands[0], name) or f"not {parts[0]}"
    if node.name == "negative":
        return f"-({parts[0]})" if isinstance(node.operands[0], Literal) else f"-{parts[0]}"
    return f" {node.name} ".join(parts)


def constant(value: object) -> str:
    """Return a constant as the language writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float):
        return _decimal(value)
    return str(value)


def _decimal(value: float) -> str:
    return f"{value:.15f}".rstrip("0") + "0" if "e" in repr(value) else repr(value)


def _operand(node: Node, binding: int, name: Name) -> str:
    text = render(node, name)
    return text if _binding(node) > binding else f"({text})"


def _binding(node: Node) -> int:
    if isinstance(node, Literal) and isinstance(node.value, int | float) and node.value < 0:
        return BINDING["negative"]
    return BINDING.get(node.name, TIGHTEST) if isinstance(node, Call) else TIGHTEST


def _negated(node: Node, name: Name) -> str | None:
    """Tests read better with the NOT inside: x is not null, x not in (...)."""
    if not isinstance(node, Call) or node.name not in ("is null", "is true", "is false", "in", "is distinct from"):
        return None
    first = _operand(node.operands[0], BINDING[node.name], name)
    rest = [_operand(operand, BINDING[node.name], name) for operand in node.operands[1:]]
    if node.name == "in":
        return f"{first} not in ({', '.join(rest)})"
    if node.name == "is distinct from":
        return f"{first} is not distinct from {rest[0]}"
    return f"{first} {node.name.replace('is ', 'is not ')}"


def _case(node: Call, name: Name) -> str:
    texts = [render(operand, name) for operand in node.operands]
    whens = [f"when {texts[index]} then {texts[index + 1]}" for index in range(0, len(texts) - 1, 2)]
    return f"case {' '.join(whens)} else {texts[-1]} end"


def _function(node: Call, name: Name) -> str:
    return f"{node.name}({', '.join(render(operand, name) for operand in node.operands)})"

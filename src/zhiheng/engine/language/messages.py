"""What is said about operands of the wrong type: what was found, and what would be right."""

import re
from collections.abc import Sequence

from sqlglot import exp

from zhiheng.engine.language.functions import Function
from zhiheng.engine.language.types import Literal, Node, Type


def usage(function: Function) -> str:
    """Return how a function is written."""
    names = [f"{each.name}, ..." if each.repeated else each.name for each in function.parameters]
    return f"{function.name}({', '.join(names)})" if re.fullmatch(r"\w+", function.name) else f'"{function.name}"'


def mixed_types(name: str, nodes: Sequence[Node]) -> str:
    kinds = [node.type for node in nodes]
    found = f'"{name}" needs operands of one type; found {" and ".join(dict.fromkeys(kinds))}.'
    if {Type.DATE, Type.DATETIME} <= set(kinds):
        return f"{found} Use date_of(...) to compare days, or write timestamp '2025-01-31 10:00'."
    text = next((node.value for node in nodes if isinstance(node, Literal) and node.type == Type.TEXT), None)
    if text is not None and Type.DATE in kinds:
        return f"{found} Write the constant as date '{text}'."
    if text is not None and Type.DATETIME in kinds:
        return f"{found} Write the constant as timestamp '{text}'."
    number = next((node.value for node in nodes if isinstance(node, Literal) and node.type == Type.NUMBER), None)
    if number is not None and Type.TEXT in kinds:
        return f"{found} Write the constant as '{number}'."
    return found


def wrong_type(function: Function, types: Sequence[Type], node: Node, tree: exp.Expression) -> str:
    wanted = " or ".join(types)
    found = f"{usage(function)} takes {wanted}; found {node.type} ({tree.sql('duckdb')})."
    if function.name in ("<", "<=", ">", ">="):
        if node.type == Type.TEXT:
            return f"{found} Text has no order here: compare dates as date '2025-01-31', numbers as number(x)."
        if node.type == Type.BOOLEAN:
            return f"{found} For a range write x > 1 and x < 3."
    if node.type == Type.TEXTS:
        return f"{found} For choices use has, has_any, has_all or count_of."
    if Type.TEXTS in types and node.type == Type.TEXT:
        return f"{found} For a single choice write x = 'a' or x in ('a', 'b')."
    return found

"""What is said about a mistake: what was found, and what would be right."""

import re
from collections.abc import Collection, Sequence

from sqlglot import exp

from zhiheng.engine.language.functions import Function
from zhiheng.engine.language.types import Literal, Node, Type
from zhiheng.lib.suggest import did_you_mean

NOT_PART = {
    exp.Subquery: "A subquery is not allowed in an expression.",
    exp.Select: "A query is not allowed; write one expression.",
    exp.Exists: "A subquery is not allowed in an expression.",
    exp.Window: "Window functions are not allowed.",
    exp.Like: "LIKE is not part of the language. Use starts_with, contains or matches.",
    exp.ILike: "ILIKE is not part of the language. Use starts_with, contains or matches.",
    exp.Mod: "% is not part of the language.",
    exp.IntDiv: "// is not part of the language. Use floor(a / b).",
    exp.Star: "* stands alone: a product needs two operands.",
    exp.Interval: "INTERVAL is not part of the language. Use add_minutes, add_hours or add_days.",
    exp.Bracket: "[] is not part of the language. For choices use has, has_any, has_all or count_of.",
    exp.Placeholder: "Parameters are not allowed.",
    exp.Tuple: "A list can stand only after IN.",
}
# What people write who know another SQL, and what it is here.
ELSEWHERE = {
    **dict.fromkeys(("if", "iif", "decode"), "case when ... then ... else ... end"),
    **dict.fromkeys(("nvl", "ifnull", "isnull"), "coalesce(a, b)"),
    **dict.fromkeys(("datediff", "date_diff", "timestampdiff"), "minutes_between, hours_between or days_between"),
    **dict.fromkeys(("dateadd", "date_add", "interval"), "add_minutes, add_hours or add_days"),
    **dict.fromkeys(("length", "len", "char_length"), "length_of(text)"),
    **dict.fromkeys(("round",), "round_half_up(x, digits)"),
    **dict.fromkeys(("trunc", "int"), "floor(x)"),
    **dict.fromkeys(("min",), "least(a, b)"),
    **dict.fromkeys(("max",), "greatest(a, b)"),
    **dict.fromkeys(("year", "month", "hour", "weekday"), "year_of, month_of, hour_of or weekday_of"),
    **dict.fromkeys(("date", "to_date"), "date_of(time), or date '2025-01-31' for a constant"),
    **dict.fromkeys(("cast", "try_cast", "convert", "to_number"), "number(text), text(x) or date_of(time)"),
    **dict.fromkeys(("concat",), "a || b"),
    **dict.fromkeys(("regexp_matches", "regexp_like", "regexp"), "matches(text, 'pattern')"),
    **dict.fromkeys(("list_contains", "array_contains"), "has(choices, 'a')"),
}
PRESENT = ("now", "today", "current_date", "current_time", "current_timestamp", "getdate", "sysdate")
FULL_WIDTH = dict(zip("（），＝＜＞；：＋－＊／‘’“”", "(),=<>;:+-*/''\"\"", strict=True))


def usage(function: Function) -> str:
    """Return how a function is written."""
    if not function.is_called:
        return f'"{function.name}"'
    names = [f"{each.name}, ..." if each.repeated else each.name for each in function.parameters]
    return f"{function.name}({', '.join(names)})"


def unknown_function(name: str, known: Collection[str]) -> str:
    if name.lower() in PRESENT:
        return f'"{name}" is not part of the language: an expression knows no present, only the times of the record.'
    if name.lower() in ELSEWHERE:
        return f'Unknown function "{name}". Here it is: {ELSEWHERE[name.lower()]}.'
    near = did_you_mean(name, known) or " The functions are listed in docs/reference/expressions.md."
    return f'Unknown function "{name}".{near}'


def unknown_name(problem: str, name: str, quoted: bool) -> str:
    """Add to the complaint about an unknown field what its writing suggests."""
    if name.lower() in PRESENT:
        return f'"{name}" is not part of the language: an expression knows no present, only the times of the record.'
    if quoted:
        return f"{problem} A constant stands in single quotes: '{name}'."
    return problem


def unreadable(word: str, description: str) -> str:
    """Say in plain words what sqlglot stumbled over."""
    if word in FULL_WIDTH:
        return f'"{word}" is a full-width sign. Write the half-width one: {FULL_WIDTH[word]}'
    if "Expecting )" in description:
        return f'A closing bracket is missing, or a comma or an operator before what follows "{word}".'
    if "Unexpected token" in description:
        return f'"{word}" cannot stand here: is an operator, a comma or an opening bracket missing before it?'
    if "high" in description:
        return "BETWEEN needs two limits: n between 1 and 3."
    return f'Something is missing near "{word}".'


def mixed_types(name: str, nodes: Sequence[Node]) -> str:
    kinds = [node.type for node in nodes]
    found = f'"{name}" needs operands of one type; found {" and ".join(dict.fromkeys(kinds))}.'
    if {Type.DATE, Type.DATETIME} <= set(kinds):
        return f"{found} Use date_of(...) to compare days, or write timestamp '2025-01-31 10:00'."
    constants = [node for node in nodes if isinstance(node, Literal)]
    other = next((node.type for node in nodes if not isinstance(node, Literal)), None)
    if not constants or other is None:
        return found
    return found + _as_constant(str(constants[0].value), other)


def _as_constant(value: str, kind: Type) -> str:
    models = {
        Type.TEXT: f"'{value}'",
        Type.NUMBER: value,
        Type.DATE: f"date '{value}'",
        Type.DATETIME: f"timestamp '{value}'",
    }
    return f" Write the constant as {models[kind]}." if kind in models else ""


def wrong_type(function: Function, types: Sequence[Type], node: Node, tree: exp.Expression) -> str:
    found = f"{usage(function)} takes {' or '.join(types)}; found {node.type} ({tree.sql('duckdb')})."
    return f"{found}{_remedy(function, types, node)}"


def _remedy(function: Function, types: Sequence[Type], node: Node) -> str:
    if function.name in ("<", "<=", ">", ">="):
        return _order_remedy(node)
    if node.type == Type.TEXTS:
        return " For choices use has, has_any, has_all or count_of."
    if Type.TEXTS in types and node.type == Type.TEXT:
        return " For a single choice write x = 'a' or x in ('a', 'b')."
    if function.name in ("+", "-") and node.type in (Type.DATE, Type.DATETIME):
        return " Use minutes_between, hours_between, days_between; add_minutes, add_hours, add_days."
    if types == (Type.DATETIME,) and node.type == Type.DATE:
        return " A date has no time of day; use days_between or add_days."
    if types == (Type.BOOLEAN,):
        return " A condition is needed, such as x = 'a' or n > 0."
    if types == (Type.NUMBER,) and node.type == Type.TEXT:
        return " Write number(x) when the text says a number."
    if types == (Type.TEXT,) and node.type == Type.NUMBER:
        return " Write text(x) for the number as text."
    return ""


def _order_remedy(node: Node) -> str:
    if node.type == Type.BOOLEAN:
        return " For a range write x > 1 and x < 3."
    if node.type != Type.TEXT:
        return ""
    value = str(node.value) if isinstance(node, Literal) else ""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f" Write the constant as date '{value}'."
    if re.match(r"\d{4}-\d\d-\d\d ", value):
        return f" Write the constant as timestamp '{value}'."
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return f" Write the constant as {value}."
    return " Text has no order: use =, in, or number(x) when it says a number."

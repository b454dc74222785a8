"""The DuckDB target: an expression as SQL text that can stand inside any larger query."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from zhiheng.engine.language.declaration import sql_text
from zhiheng.engine.language.functions import FUNCTIONS
from zhiheng.engine.language.python import constants
from zhiheng.engine.language.types import Expression, ExpressionError, Literal, Node, Reference, Type

SQL_TYPES = {
    Type.TEXT: "VARCHAR",
    Type.NUMBER: "DOUBLE",
    Type.DATE: "DATE",
    Type.DATETIME: "TIMESTAMP",
    Type.BOOLEAN: "BOOLEAN",
    Type.TEXTS: "VARCHAR[]",
}
LONGEST = 500_000


def quote(name: str) -> str:
    """Return `name` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def sql(expression: Expression, column: Callable[[str], str] = quote) -> str:
    """Return SQL for `expression`. `column` gives the SQL text of a field.

    Columns of numbers and times are cast, so that a DECIMAL, INTEGER or TIMESTAMP_S column means the same as a
    double or a timestamp.
    """
    return Writer(column).write(expression.node)


class Writer:
    """Writes a checked tree as SQL. Another dialect is a subclass with its differences."""

    def __init__(self, column: Callable[[str], str] = quote) -> None:
        self._column = column

    def write(self, node: Node) -> str:
        if isinstance(node, Literal):
            return self.constant(node)
        if isinstance(node, Reference):
            return self.column(node)
        operands = [
            operand.value if is_constant else self.write(operand)  # type: ignore[union-attr]
            for operand, is_constant in zip(node.operands, constants(node), strict=True)
        ]
        text = self.call(node.name, operands)
        if len(text) > LONGEST:
            raise ExpressionError("The expression becomes too long as SQL. Split it into several.")
        return text

    def call(self, name: str, operands: Sequence[Any]) -> str:
        """Return SQL for one function or operator; a dialect overrides it for those that differ."""
        return FUNCTIONS[name].duckdb(*operands)

    def column(self, node: Reference) -> str:
        text = self._column(node.name)
        if node.type in (Type.TEXT, Type.BOOLEAN, Type.TEXTS):
            return text
        return f"CAST({text} AS {SQL_TYPES[node.type]})"

    def constant(self, node: Literal) -> str:
        value = node.value
        if value is None:
            return f"CAST(NULL AS {SQL_TYPES[node.type]})"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int | float):
            return f"CAST({value!r} AS DOUBLE)"
        if isinstance(value, dt.datetime):
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        if isinstance(value, dt.date):
            return f"DATE '{value.isoformat()}'"
        return sql_text(str(value))

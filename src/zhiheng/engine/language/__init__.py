"""The expression language of the packs: parse once, run in Python and in DuckDB, explain."""

from zhiheng.engine.language import duckdb, python
from zhiheng.engine.language.explain import Clause, Margin, explain, lines
from zhiheng.engine.language.parse import parse
from zhiheng.engine.language.render import render
from zhiheng.engine.language.types import Expression, ExpressionError, Field, Scope, Type

__all__ = [
    "Clause",
    "Expression",
    "ExpressionError",
    "Field",
    "Margin",
    "Scope",
    "Type",
    "duckdb",
    "explain",
    "lines",
    "parse",
    "python",
    "render",
]

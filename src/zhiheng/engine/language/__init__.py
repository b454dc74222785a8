"""The expression language of the packs: parse once, run in Python and in DuckDB, explain."""

from zhiheng.engine.language import duckdb, python
from zhiheng.engine.language.parse import parse
from zhiheng.engine.language.types import Expression, ExpressionError, Field, Scope, Type

__all__ = ["Expression", "ExpressionError", "Field", "Scope", "Type", "duckdb", "parse", "python"]

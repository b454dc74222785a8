"""A spec test is a row, an expression and an answer, and runs on every target of the language."""

import datetime as dt

import duckdb
import pytest

from zhiheng.engine import language
from zhiheng.engine.language import Field, Scope, Type
from zhiheng.engine.language.duckdb import SQL_TYPES

# The names that spec tests and the examples of the manual use, by type.
NAMES = {
    Type.TEXT: "x y",
    Type.NUMBER: "n m",
    Type.DATE: "d e",
    Type.DATETIME: "t a b",
    Type.BOOLEAN: "p q",
    Type.TEXTS: "c k",
}
FIELDS = {name: kind for kind, names in NAMES.items() for name in names.split()}
SCOPE = Scope(Field(name, kind) for name, kind in FIELDS.items())


def as_python(kind, value):
    """Return an example's value, where times are written as text, as a value of its type."""
    if isinstance(value, str) and kind == Type.DATE:
        return dt.date.fromisoformat(value)
    if isinstance(value, str) and kind == Type.DATETIME:
        return dt.datetime.fromisoformat(value)
    return value


class Engine:
    def value(self, text, **given):
        """Return what `text` is for a row; names that are not given are null."""
        row = {name: as_python(kind, given.get(name)) for name, kind in FIELDS.items()}
        return self.evaluate(language.parse(text, SCOPE), row)


class Python(Engine):
    def evaluate(self, expression, row):
        return language.python.closure(expression)(row)


class DuckDB(Engine):
    def __init__(self):
        self.connection = duckdb.connect()

    def evaluate(self, expression, row):
        columns = ", ".join(f"CAST(${name} AS {SQL_TYPES[kind]}) AS {name}" for name, kind in FIELDS.items())
        query = f"SELECT {language.duckdb.sql(expression)} FROM (SELECT {columns})"
        return self.connection.execute(query, row).fetchone()[0]


@pytest.fixture(params=[Python, DuckDB], ids=["python", "duckdb"], scope="session")
def engine(request):
    return request.param()

"""SQL of an expression stands inside any query, over columns of the types that tables really have."""

import duckdb
import pyarrow as pa
import pytest

from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.engine.language import duckdb as target
from zhiheng.records import schema

SCOPE = Scope(
    [
        Field("arrived", Type.DATETIME),
        Field("opened", Type.DATETIME),
        Field("score", Type.NUMBER),
        Field("sex", Type.TEXT),
        Field("order", Type.TEXT),
    ],
    aliases={"door": "arrived"},
)


@pytest.fixture(scope="module")
def connection():
    connection = duckdb.connect()
    connection.execute(
        """CREATE TABLE visit AS SELECT * FROM (VALUES
        (TIMESTAMP_S '2025-01-01 10:00:59', TIMESTAMP '2025-01-01 11:31:00', 7::INTEGER, 1.5::DECIMAL(4,1), 'a'),
        (TIMESTAMP_S '2025-01-01 10:00:00', TIMESTAMP '2025-01-01 12:00:00', 2, 2.5, 'b'),
        (NULL, TIMESTAMP '2025-01-01 12:00:00', NULL, 0.5, NULL)) AS t(arrived, opened, score, weight, sex)"""
    )
    return connection


def rows(connection, query):
    return connection.execute(query).fetchall()


def test_an_expression_filters_and_groups(connection):
    late = target.sql(parse("minutes_between(door, opened) > 90 or sex = 'a'", SCOPE))
    assert rows(connection, f"SELECT score FROM visit WHERE {late} ORDER BY 1") == [(2,), (7,)]
    assert rows(connection, f"SELECT NOT {late}, count(*) FROM visit GROUP BY 1 ORDER BY 2") == [
        (None, 1),
        (False, 2),
    ]


def test_whole_numbers_and_decimals_divide_like_doubles(connection):
    half = target.sql(parse("score / 2", SCOPE))
    assert rows(connection, f"SELECT {half} FROM visit") == [(3.5,), (1.0,), (None,)]
    third = target.sql(parse("score / 3 * 3 = score", SCOPE), lambda name: "v.weight")
    assert rows(connection, f"SELECT {third} FROM visit AS v") == [(True,), (True,), (True,)]


def test_column_says_where_a_field_stands(connection):
    text = target.sql(parse("score > 1 and sex is not null", SCOPE), lambda name: f"(v.payload).{name}")
    packed = f"SELECT {text} FROM (SELECT {{'score': score, 'sex': sex}} AS payload FROM visit) AS v"
    assert rows(connection, packed) == [(True,), (True,), (False,)]


def test_names_that_are_words_of_sql_are_quoted():
    assert '"order"' in target.sql(parse("order = 'a'", SCOPE))


def test_constants_cannot_leave_their_quotes(connection):
    text = target.sql(parse("sex = 'a'' OR TRUE --'", SCOPE))
    assert rows(connection, f"SELECT count(*) FROM visit WHERE {text}") == [(0,)]


TYPES = {
    schema.TEXT: Type.TEXT,
    schema.NUMBER: Type.NUMBER,
    schema.COUNT: Type.NUMBER,
    schema.FLAG: Type.BOOLEAN,
    schema.DATE: Type.DATE,
    schema.TIME: Type.DATETIME,
    schema.TEXTS: Type.TEXTS,
}


@pytest.mark.parametrize("table", list(schema.TABLES.values()), ids=lambda t: t.name)
def test_every_column_of_the_records_can_be_named(table):
    columns = [column for column in table.columns if column.type in TYPES]
    scope = Scope(Field(column.name, TYPES[column.type]) for column in columns)
    connection = duckdb.connect()
    connection.register("canonical", pa.Table.from_pylist([], schema=table.schema))
    for column in columns:
        text = target.sql(parse(f"{column.name} is null and not ({column.name} is not null)", scope))
        assert rows(connection, f"SELECT {text} FROM canonical") == []

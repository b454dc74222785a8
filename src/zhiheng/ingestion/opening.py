"""Stored rows -> Arrow tables as the core wants them, the sealed part opened row by row.

Many rows come through COPY; for few, Arrow's CSV reader would take longer than the rows themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection

from zhiheng.ingestion.records import MODELS, plain_columns, sealed_names
from zhiheng.records import schema
from zhiheng.records.schema import TABLES, Column
from zhiheng.records.store import empty
from zhiheng.vault.sealing import unseal

FEW = 100  # keys
_AS_IT_IS = ("source", "record_version", "received_at")
_PARSE = pacsv.ParseOptions(newlines_in_values=True)
# Lists come as JSON, booleans as t and f, moments of the system as microseconds.
_TYPES = {str(schema.SYSTEM_TIME): pa.int64(), str(schema.TEXTS): pa.string()}


@dataclass(frozen=True)
class _Shape:
    """What is the same each time that rows of one table are read: worked out once."""

    name: str
    schema: pa.Schema
    plain: tuple[Column, ...]
    sealed: dict[str, pa.DataType]
    about: str
    few: str  # SQL for rows as Python values
    many: str  # and for COPY
    convert: pacsv.ConvertOptions


def fetch(name: str, where: str, values: Sequence[Any]) -> pa.Table:
    """Return the rows of a record table that meet a condition in SQL, in clear, with the schema of the core.

    `where` is SQL of this package with `%s` for each of `values`, which are keys or lists of them.
    """
    are_few = sum(len(value) for value in values if isinstance(value, list)) <= FEW
    return _fetch_few(_shape(name), where, values) if are_few else _fetch_many(_shape(name), where, values)


def _fetch_few(shape: _Shape, where: str, values: Sequence[Any]) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(shape.few.format(where=where), values)
        found = cursor.fetchall()
    if not found:
        return _empty(shape.name)
    sealed, *plain = zip(*found, strict=True)
    columns = _unsealed(shape, sealed)
    columns |= {
        column.name: pa.array(of_column, column.type) for column, of_column in zip(shape.plain, plain, strict=True)
    }
    return pa.Table.from_arrays([columns[name] for name in shape.schema.names], schema=shape.schema)


def _fetch_many(shape: _Shape, where: str, values: Sequence[Any]) -> pa.Table:
    with connection.cursor() as cursor, cursor.cursor.copy(shape.many.format(where=where), values) as copy:
        csv = b"".join(copy)  # Django's own cursor copies without values
    return _table(shape, csv) if csv else _empty(shape.name)


_empty = cache(empty)


@cache
def _shape(name: str) -> _Shape:
    table, model = TABLES[name], MODELS[name]
    plain = (*(table.column(each) for each in _AS_IT_IS), *plain_columns(table))
    few = ", ".join(["r.sealed", *(f'r."{column.name}"' for column in plain)])
    many = ", ".join(["encode(r.sealed, 'hex')", *map(_expression, plain)])
    types = {column.name: _TYPES.get(str(column.type), column.type) for column in plain} | {"sealed": pa.string()}
    convert = pacsv.ConvertOptions(
        column_types=types,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    return _Shape(
        name,
        table.schema,
        plain,
        {each: table.column(each).type for each in sealed_names(table)},
        model._meta.get_field("sealed").about,
        f"select {few} from {model._meta.db_table} r where {{where}}",
        f"copy (select {many} from {model._meta.db_table} r where {{where}}) to stdout (format csv)",
        convert,
    )


def _expression(column: Column) -> str:
    if pa.types.is_list(column.type):
        return f'to_json(r."{column.name}")'
    if column.type == schema.SYSTEM_TIME:
        return f'(extract(epoch from r."{column.name}") * 1000000)::bigint'
    return f'r."{column.name}"'


def _table(shape: _Shape, csv: bytes) -> pa.Table:
    names = ["sealed", *(column.name for column in shape.plain)]
    # One block: the CSV reader of Arrow does not find the end of a quoted text that crosses two.
    read = pacsv.ReadOptions(use_threads=False, block_size=len(csv) + 1, column_names=names)
    found = pacsv.read_csv(BytesIO(csv), read, _PARSE, shape.convert)
    columns = _unsealed(shape, map(bytes.fromhex, found.column("sealed").to_pylist()))
    for at, column in enumerate(shape.plain, 1):
        columns[column.name] = _typed(column, found.column(at))
    return pa.Table.from_arrays([columns[name] for name in shape.schema.names], schema=shape.schema)


def _typed(column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_list(column.type):
        known = {text: orjson.loads(text) for text in pc.unique(values).to_pylist() if text is not None}
        return pa.array([known.get(text) for text in values.to_pylist()], column.type)
    return values if values.type == column.type else values.cast(column.type)


def _unsealed(shape: _Shape, sealed: Iterable[bytes]) -> dict[str, Any]:
    said = [unseal(value, about=shape.about) for value in sealed]
    columns: dict[str, Any] = {}
    for name, kind in shape.sealed.items():
        values = [row.get(name) for row in said]
        columns[name] = pa.array(values, pa.string()).cast(kind) if kind == schema.DATE else pa.array(values, kind)
    return columns

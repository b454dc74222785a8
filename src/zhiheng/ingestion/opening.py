"""Stored rows -> Arrow tables as the core wants them: through COPY, the sealed part opened row by row."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection

from zhiheng.ingestion.records import MODELS, plain_columns, sealed_names
from zhiheng.records import schema
from zhiheng.records.schema import TABLES, Column, Table
from zhiheng.records.store import empty
from zhiheng.vault.sealing import unseal

_AS_IT_IS = ("source", "record_version", "received_at")
_PARSE = pacsv.ParseOptions(newlines_in_values=True)
# Lists come as JSON, booleans as t and f, moments of the system as microseconds.
_TYPES = {str(schema.SYSTEM_TIME): pa.int64(), str(schema.TEXTS): pa.string()}


def fetch(name: str, where: str, values: Sequence[Any]) -> pa.Table:
    """Return the rows of a record table that meet a condition in SQL, in clear, with the schema of the core.

    `where` is SQL of this package with `%s` for each of `values`; nothing of it comes from outside.
    """
    table = TABLES[name]
    selected = ", ".join(_selected(table))
    sql = f"copy (select {selected} from {MODELS[name]._meta.db_table} r where {where}) to stdout (format csv)"
    with connection.cursor() as cursor, cursor.copy(sql, values) as copy:
        csv = b"".join(copy)
    return _table(table, csv) if csv else empty(name)


def _selected(table: Table) -> list[str]:
    return ["encode(r.sealed, 'hex')", *(_expression(column) for column in _plain(table))]


def _plain(table: Table) -> list[Column]:
    return [table.column(name) for name in _AS_IT_IS] + list(plain_columns(table))


def _expression(column: Column) -> str:
    if pa.types.is_list(column.type):
        return f'to_json(r."{column.name}")'
    if column.type == schema.SYSTEM_TIME:
        return f'(extract(epoch from r."{column.name}") * 1000000)::bigint'
    return f'r."{column.name}"'


def _table(table: Table, csv: bytes) -> pa.Table:
    plain = _plain(table)
    names = ["sealed", *(column.name for column in plain)]
    types = {column.name: _TYPES.get(str(column.type), column.type) for column in plain} | {"sealed": pa.string()}
    convert = pacsv.ConvertOptions(
        column_types=types,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    # One block: the CSV reader of Arrow does not find the end of a quoted text that crosses two.
    read = pacsv.ReadOptions(use_threads=False, block_size=len(csv) + 1, column_names=names)
    found = pacsv.read_csv(BytesIO(csv), read, _PARSE, convert)
    columns = _unsealed(table, found.column("sealed").to_pylist())
    for column in plain:
        columns[column.name] = _typed(column, found.column(column.name))
    return pa.table([columns[name] for name in table.names], schema=table.schema)


def _typed(column: Column, values: pa.ChunkedArray) -> Any:
    if pa.types.is_list(column.type):
        known = {text: orjson.loads(text) for text in pc.unique(values).to_pylist() if text is not None}
        return pa.array([known.get(text) for text in values.to_pylist()], column.type)
    return values.cast(column.type)


def _unsealed(table: Table, sealed: list[str]) -> dict[str, Any]:
    about = MODELS[table.name]._meta.get_field("sealed").about
    said = [unseal(bytes.fromhex(text), about=about) for text in sealed]
    columns: dict[str, Any] = {}
    for name in sealed_names(table):
        kind = table.column(name).type
        values = [row.get(name) for row in said]
        columns[name] = pa.array(values, pa.string()).cast(kind) if kind == schema.DATE else pa.array(values, kind)
    return columns

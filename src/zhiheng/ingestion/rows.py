"""Arrow rows -> the columns of a record table: keys as blind indexes, what names somebody sealed, the rest as it is."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv as pacsv

from zhiheng.ingestion.records import ABOUT_THE_VERSION, MODELS, plain_columns, sealed_names
from zhiheng.records.schema import Table
from zhiheng.vault.sealing import blind, seal

CHUNK = 20_000
_CSV = pacsv.WriteOptions(include_header=False)
_BLIND = {"encounter_key": ("encounter", "encounter_id"), "patient_key": ("patient", "patient_id")}
_OTHER = {"other_patient_key": ("patient", "other_patient_id")}


def chunks(rows: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows in their order, few enough at a time for any memory."""
    for start in range(0, rows.num_rows, CHUNK):
        yield rows.slice(start, CHUNK).combine_chunks()


def identified(table: Table, rows: pa.Table) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the rows in chunks, each with what `identify` says of it; the next is worked out while one is stored."""
    with ThreadPoolExecutor(1) as ahead:
        waiting: deque[tuple[pa.Table, Future[pa.Table]]] = deque()
        for chunk in chunks(rows):
            waiting.append((chunk, ahead.submit(identify, table, chunk)))
            if len(waiting) > 1:
                done, said = waiting.popleft()
                yield done, said.result()
        for done, said in waiting:
            yield done, said.result()


def identify(table: Table, rows: pa.Table) -> pa.Table:
    """Return `key` and `content` of each row: who it is, and all that it says, as blind indexes."""
    sources, ids = (rows.column(name).to_pylist() for name in ("source", "source_id"))
    keys = [blind("record", f"{source}\0{source_id}") for source, source_id in zip(sources, ids, strict=True)]
    columns = [_comparable(rows.column(name)) for name in table.names if name not in ABOUT_THE_VERSION[1:]]
    contents = [blind("content", f"{table.name}\0{orjson.dumps(row).decode()}") for row in zip(*columns, strict=True)]
    return pa.table({"key": pa.array(keys, pa.string()), "content": pa.array(contents, pa.string())})


def _comparable(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    return (column.cast(pa.int64()) if pa.types.is_timestamp(kind) else column).to_pylist()


def columns_of(table: Table) -> list[str]:
    """Return the columns of the record table that `as_csv` writes, in their order."""
    blinds = [*_BLIND, *(_OTHER if table.name == "patient_link" else ())]
    own = ["batch_id", "source", "key", "content", "record_version", "received_at", *blinds, "current", "sealed"]
    return own + [column.name for column in plain_columns(table)]


def as_csv(table: Table, rows: pa.Table, *, batch: int, current: list[bool], received_at: datetime) -> pa.Buffer:
    """Return rows that have `key` and `content` beside their own columns as PostgreSQL's COPY takes them."""
    count = rows.num_rows
    columns = {name: rows.column(name) for name in ("source", "key", "content", "record_version")}
    columns |= {
        "batch_id": pa.array([batch] * count, pa.int64()),
        "received_at": pa.array([received_at] * count, pa.timestamp("us", tz="UTC")),
        "current": pa.array(current, pa.bool_()),
        "sealed": pa.array(_sealed(table, rows), pa.string()),
    }
    columns |= {name: _blinds(rows, *how) for name, how in (_BLIND | _OTHER).items() if name in columns_of(table)}
    for column in plain_columns(table):
        value = rows.column(column.name)
        columns[column.name] = _array_literals(value) if pa.types.is_list(column.type) else value
    out = pa.BufferOutputStream()
    pacsv.write_csv(pa.table({name: columns[name] for name in columns_of(table)}), out, _CSV)
    return out.getvalue()


def _blinds(rows: pa.Table, kind: str, name: str) -> pa.Array:
    if name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.string())
    values = rows.column(name).to_pylist()
    known = {value: blind(kind, value) for value in set(values) - {None}}
    return pa.array([known.get(value) for value in values], pa.string())


def _sealed(table: Table, rows: pa.Table) -> Iterator[str]:
    names = [name for name in sealed_names(table) if name in rows.column_names]
    about = MODELS[table.name]._meta.get_field("sealed").about
    for values in zip(*(rows.column(name).to_pylist() for name in names), strict=True):
        said = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        yield "\\x" + seal(said, about=about).hex()


def _array_literals(column: pa.ChunkedArray) -> pa.Array:
    """Return lists of texts as PostgreSQL writes arrays. Most rows have none, and the others repeat themselves."""
    known: dict[tuple[str, ...], str] = {}
    written: list[str | None] = []
    for value in column.to_pylist():
        if value is None:
            written.append(None)
            continue
        key = tuple(value)
        if key not in known:
            known[key] = "{" + ",".join(map(_element, key)) + "}"
        written.append(known[key])
    return pa.array(written, pa.string())


def _element(text: str | None) -> str:
    return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

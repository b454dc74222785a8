"""All versions of all records, in Arrow: merged idempotently, read by DuckDB, kept as Parquet.

A record is what one source says under one key. The same content twice has one effect; other content under a known key
is the next version, and the older ones stay readable, because a proof may point to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhiheng.records.schema import TABLES, Table

_ABOUT_THE_VERSION = ("record_version", "received_at")


@dataclass(frozen=True)
class Merged:
    """What a merge did to one table, in records."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0


@dataclass
class Records:
    """The canonical tables of a hospital, every version of every record; or, where it says so, the newest only."""

    tables: dict[str, pa.Table] = field(default_factory=lambda: {name: empty(name) for name in TABLES})
    are_newest: bool = False

    @classmethod
    def read(cls, folder: Path) -> "Records":
        """Read what `write` wrote. A table that was never written is empty."""
        records = cls()
        for name, table in TABLES.items():
            file = folder / f"{name}.parquet"
            if file.exists():
                records.tables[name] = pq.read_table(file).cast(table.schema)
        return records

    def write(self, folder: Path) -> None:
        """Write one Parquet file for each table, each complete before it takes the place of the old one."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            half = folder / f".{name}.parquet.part"
            pq.write_table(table, half, compression="zstd")
            half.replace(folder / f"{name}.parquet")

    def merge(self, tables: Mapping[str, pa.Table]) -> dict[str, Merged]:
        """Take in what a reader read. Rows of one key count as corrections of each other in their order."""
        done = {}
        for name, incoming in tables.items():
            self.tables[name], done[name] = _merge(TABLES[name], self.tables[name], incoming)
        return done

    def latest(self, name: str) -> pa.Table:
        """Return the newest version of every record of a table."""
        stored = self.tables[name]
        return (
            stored if self.are_newest or _all_first(stored) else _query(_LATEST.format(source="stored"), stored=stored)
        )

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the newest versions readable under the tables' names, all versions as `<table>_versions`."""
        for name, table in self.tables.items():
            con.register(f"{name}_versions", table)
            con.register(name, self.latest(name))


def connect() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory that never spills to a disk, where patients' data would stand in clear."""
    con = duckdb.connect()
    con.execute("set temp_directory = ''")
    con.execute("set timezone = 'UTC'")
    return con


def empty(name: str) -> pa.Table:
    """Return a canonical table without rows."""
    schema = TABLES[name].schema
    return pa.Table.from_batches([], schema=schema)


_LATEST = "select * from {source} qualify record_version = max(record_version) over (partition by source, source_id)"

_ADD = """
select incoming.* replace ((coalesce(known.record_version, 0) + 1)::integer as record_version)
from incoming left join ({latest}) as known using (source, source_id)
where known.source_id is null or {content_of_incoming} is distinct from {content_of_known}
"""

# The newest stored version stands at place -1 of its key, the incoming rows behind it in their order. A row whose
# content is that of the row before it says nothing new. A record that was retired is known without content.
_NEXT = """
with arrived as (select key, content, null::integer as record_version, row_number() over () - 1 as place
                 from ({incoming})),
lined_up as (
    select key, content, record_version, -1 as place from ({known})
    union all by name
    select * from arrived
),
compared as (
    select key, place,
        lag(place) over of_key is null or content is distinct from lag(content) over of_key as says_something,
        max(case when place = -1 then record_version end) over (partition by key) as known_version
    from lined_up
    window of_key as (partition by key order by place)
)
select place,
    (coalesce(known_version, 0) + row_number() over (partition by key order by place))::integer as record_version
from compared
where place <> -1 and says_something
order by place
"""


def next_versions(incoming: pa.Table, known: pa.Table) -> pa.Table:
    """Return `place` (from 0) and `record_version` of the incoming rows that say something new, in their order.

    `incoming` has `key` and `content`, `known` the newest `record_version` of each key with its `content`.
    """
    return _query(_NEXT.format(incoming="from incoming", known="from known"), incoming=incoming, known=known)


def _merge(table: Table, stored: pa.Table, incoming: pa.Table) -> tuple[pa.Table, Merged]:
    if incoming.num_rows == 0:
        return stored, Merged()
    one_each = incoming.group_by(["source", "source_id"]).aggregate([]).num_rows == incoming.num_rows
    if one_each and stored.num_rows == 0:
        fresh = incoming
    elif one_each:
        latest = _LATEST.format(source="stored")
        ours, theirs = _content(table, "incoming."), _content(table, "known.")
        sql = _ADD.format(latest=latest, content_of_incoming=ours, content_of_known=theirs)
        fresh = _query(sql, stored=stored, incoming=incoming)
    else:
        fresh = _in_order(table, stored, incoming)
    fresh = fresh.select(list(table.names)).cast(table.schema)
    new = fresh.column("record_version").to_pylist().count(1)
    done = Merged(new, fresh.num_rows - new, incoming.num_rows - fresh.num_rows)
    return (pa.concat_tables([stored, fresh]) if fresh.num_rows else stored), done


def _in_order(table: Table, stored: pa.Table, incoming: pa.Table) -> pa.Table:
    """Return the rows that say something new, where keys may have several rows."""
    names = f"row(source, source_id) as key, {_content(table)} as content"
    latest = f"select {names}, record_version from ({_LATEST.format(source='stored')})"
    sql = _NEXT.format(incoming=f"select {names} from incoming", known=latest)
    found = _query(sql, stored=stored, incoming=incoming)
    at = table.names.index("record_version")
    return incoming.take(found.column("place")).set_column(at, "record_version", found.column("record_version"))


def _content(table: Table, prefix: str = "") -> str:
    """Return what a record says, as one SQL value. `is distinct from` compares missing values within it as equal."""
    names = (name for name in table.names if name not in _ABOUT_THE_VERSION)
    return "row(" + ", ".join(f'{prefix}"{name}"' for name in names) + ")"


def _all_first(table: pa.Table) -> bool:
    # Not asked of DuckDB: a connection for each table would take longer than reading a small hospital.
    return table.num_rows == 0 or bool(pc.max(table.column("record_version")).as_py() == 1)


def _query(sql: str, **tables: pa.Table) -> pa.Table:
    with connect() as con:
        for name, table in tables.items():
            con.register(name, table)
        result: pa.Table = con.sql(sql).to_arrow_table()
        return result

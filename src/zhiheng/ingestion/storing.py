"""Store what a reader read in the record tables: each version once, in bulk, the older ones stay.

All of a batch stands or falls with the transaction of its caller. One batch at a time: see `one_at_a_time`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from zhiheng.ingestion import rows as record_rows
from zhiheng.ingestion.models import Batch
from zhiheng.ingestion.records import MODELS
from zhiheng.ingestion.whole_visits import WholeVisits
from zhiheng.records.schema import TABLES, Table
from zhiheng.records.store import next_versions

_LOCK = 7_401_001  # of the record tables, among PostgreSQL's advisory locks
_KNOWN = pa.schema(
    [("key", pa.string()), ("record_version", pa.int32()), ("content", pa.string()), ("is_later", pa.bool_())]
)


@dataclass
class Stored:
    """What storing did to one table, in records. `outdated`: a batch that was received later says something else."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    retired: int = 0
    outdated: int = 0

    def add(self, other: "Stored") -> None:
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)


def one_at_a_time() -> None:
    """Wait until no other transaction stores records, and keep others waiting until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])


def store(
    batch: Batch,
    tables: Mapping[str, pa.Table],
    *,
    whole_visits: Collection[str] = (),
    advance: Callable[[int], None] = lambda rows: None,
) -> dict[str, Stored]:
    """Store the tables of a batch. What a batch received later says about a record stands against this one.

    `whole_visits`: the sources that deliver a visit with all its rows; what one no longer holds is retired.
    """
    one_at_a_time()
    counts = {name: Stored() for name, table in tables.items() if table.num_rows}
    tables = dict(tables)
    visits = [WholeVisits.of(tables, source) for source in sorted(whole_visits)]
    for each in visits:
        for name, count in each.leave_out_later(batch, tables).items():
            counts[name].outdated += count
    for name in counts:
        for chunk, identified in record_rows.identified(TABLES[name], tables[name]):
            counts[name].add(_store_chunk(batch, TABLES[name], chunk, identified))
            advance(chunk.num_rows)
    for each in visits:
        for name, count in each.retire_vanished(batch, tables).items():
            counts.setdefault(name, Stored()).retired += count
    return counts


def _store_chunk(batch: Batch, table: Table, rows: pa.Table, identified: pa.Table) -> Stored:
    known = _known(batch, table, identified.column("key").to_pylist())
    later = set(known.filter(known.column("is_later")).column("key").to_pylist())
    outdated = 0
    if later:
        stands = [key not in later for key in identified.column("key").to_pylist()]
        rows, identified = rows.filter(pa.array(stands)), identified.filter(pa.array(stands))
        outdated = stands.count(False)
    if known.num_rows == 0 and pc.count_distinct(identified.column("key")).as_py() == rows.num_rows:
        fresh, versions = rows, pa.array([1] * rows.num_rows, pa.int32())
    else:
        found = next_versions(identified, known)
        fresh, versions = rows.take(found.column("place")), found.column("record_version")
        identified = identified.take(found.column("place"))
    if fresh.num_rows:
        _insert(batch, table, fresh, identified, versions, bool(known.num_rows))
    new = pc.sum(pc.equal(versions, 1)).as_py() or 0
    return Stored(new, fresh.num_rows - new, rows.num_rows - fresh.num_rows, 0, outdated)


def _known(batch: Batch, table: Table, keys: list[str]) -> pa.Table:
    """Return the newest version of each key. A retired record has no content: the same again is a new version of it."""
    name = MODELS[table.name]._meta.db_table
    sql = f"""
        select distinct on (r.key) r.key, r.record_version, case when r.current then r.content end,
            greatest(r.received_at, b.received_at) > %s
        from {name} r left join ingestion_batch b on b.id = r.retired_by_id
        where r.key = any(string_to_array(%s, ',')) order by r.key, r.record_version desc"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [batch.received_at, ",".join(set(keys))])
        found = cursor.fetchall()
    if not found:
        return _KNOWN.empty_table()
    arrays = [pa.array(column, field.type) for column, field in zip(zip(*found, strict=True), _KNOWN, strict=True)]
    return pa.Table.from_arrays(arrays, schema=_KNOWN)


def _insert(
    batch: Batch, table: Table, fresh: pa.Table, identified: pa.Table, versions: pa.Array, is_known: bool
) -> None:
    keys = identified.column("key").to_pylist()
    at = fresh.schema.get_field_index("record_version")
    fresh = fresh.set_column(at, "record_version", versions)
    for name in ("key", "content"):
        fresh = fresh.append_column(name, identified.column(name))
    newest = {key: place for place, key in enumerate(keys)}  # of several versions of a key the last
    current = [newest[key] == place for place, key in enumerate(keys)]
    csv = record_rows.as_csv(table, fresh, batch=batch.pk, current=current, received_at=batch.received_at)
    name, columns = MODELS[table.name]._meta.db_table, ", ".join(f'"{c}"' for c in record_rows.columns_of(table))
    with connection.cursor() as cursor:
        if is_known:
            cursor.execute(
                f"update {name} set current = false where current and key = any(string_to_array(%s, ','))",
                [",".join(newest)],
            )
        with cursor.copy(f"copy {name} ({columns}) from stdin (format csv)") as copy:
            copy.write(memoryview(csv))

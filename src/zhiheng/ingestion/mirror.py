"""The mirror of the records for analysis: sealed Parquet, one file for each table and discharge month.

A month holds its visits with all their rows, and the patients of these visits with what belongs to them alone, so that
it can be read by itself; whoever reads several months gets each record once. A snapshot says which files belong
together. Files never change: a finished run is repeated to the digit from the snapshot that it names.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection, transaction

from zhiheng.ingestion import opening
from zhiheng.ingestion.models import Batch, MirrorFile, MirrorSnapshot
from zhiheng.ingestion.records import MODELS
from zhiheng.ingestion.storing import one_at_a_time
from zhiheng.records.schema import TABLES
from zhiheng.records.store import Records, empty
from zhiheng.vault.files import SealedReader, SealedWriter

ABOUT = "ingestion.mirror"
OPEN = "open"
KEEP = 30  # snapshots that nothing refers to
TOGETHER = 2000  # visits
_OF_PATIENT_ALONE = "r.current and r.encounter_key is null and r.patient_key = any(%s)"


def home() -> Path:
    return Path(settings.DATA) / "mirror"


def write(*, batch: Batch) -> MirrorSnapshot | None:
    """Write the months anew that a batch changed; None where it changed none."""
    months = months_of(batch)
    return write_months(months) if months else None


def write_months(months: Collection[str]) -> MirrorSnapshot:
    """Write these months anew and make the snapshot that holds them beside the other months as they were."""
    home().mkdir(parents=True, exist_ok=True, mode=0o700)
    with transaction.atomic():
        one_at_a_time()  # all tables of a month as of one moment
        fresh = [file for month in sorted(months) for file in _write_month(month)]
        before = MirrorSnapshot.objects.first()
        snapshot = MirrorSnapshot.objects.create(number=before.number + 1 if before else 1)
        kept = before.files.exclude(month__in=months) if before else ()
        snapshot.files.set([*kept, *fresh])
        return snapshot


def read(
    *, months: Collection[str] | None = None, snapshot: int | None = None, tables: Iterable[str] = tuple(TABLES)
) -> Records:
    """Return the records of some months (by default of all) as they were at a snapshot (by default the newest)."""
    chosen = MirrorSnapshot.objects.filter(number=snapshot).first() if snapshot else MirrorSnapshot.objects.first()
    records = Records(are_newest=True)
    if chosen is None:
        if snapshot:
            raise LookupError(f"There is no snapshot {snapshot} of the mirror.")
        return records
    for name in tables:
        files = chosen.files.filter(table=name).order_by("month")
        parts = [_opened(file) for file in (files if months is None else files.filter(month__in=months))]
        records.tables[name] = _once(pa.concat_tables(parts)) if parts else empty(name)
    return records


def months_of(batch: Batch) -> set[str]:
    """Return the months in which visits are, or were before, whose records a batch changed."""
    found: set[str] = set()
    for model in MODELS.values():
        sql = f"""
            with touched as (
                select distinct encounter_key, patient_key from {model._meta.db_table}
                where batch_id = %s or retired_by_id = %s
            )
            select distinct coalesce(to_char(e.discharge_time, 'YYYY-MM'), %s) from ingestion_encounter e
            where e.encounter_key in (select encounter_key from touched)
                or e.patient_key in (select patient_key from touched where encounter_key is null)"""
        with connection.cursor() as cursor:
            cursor.execute(sql, [batch.pk, batch.pk, OPEN])
            found |= {month for (month,) in cursor.fetchall()}
    return found


def forget_old() -> int:
    """Remove the snapshots beyond those that are kept, and the files that none holds; return how many files."""
    newest = MirrorSnapshot.objects.values_list("pk", flat=True)[:KEEP]
    MirrorSnapshot.objects.filter(is_kept=False).exclude(pk__in=list(newest)).delete()
    MirrorFile.objects.filter(snapshots=None).delete()
    known = set(MirrorFile.objects.values_list("name", flat=True))
    strays = [path for path in home().glob("*") if path.name not in known] if home().is_dir() else []
    for path in strays:
        path.unlink()
    return len(strays)


def _write_month(month: str) -> Iterator[MirrorFile]:
    visits, patients = _in_month(month)
    for name in TABLES:
        parts = [part for part in _rows(name, visits, patients) if part.num_rows]
        if parts:
            yield _sealed(name, month, pa.concat_tables(parts))


def _in_month(month: str) -> tuple[list[str], list[str]]:
    sql = "select encounter_key, patient_key from ingestion_encounter where current and "
    with connection.cursor() as cursor:
        if month == OPEN:
            cursor.execute(sql + "discharge_time is null")
        else:
            start = datetime.strptime(month, "%Y-%m")
            end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
            cursor.execute(sql + "discharge_time >= %s and discharge_time < %s", [start, end])
        found = cursor.fetchall()
    visits, patients = ({keys[at] for keys in found} - {None} for at in (0, 1))
    return sorted(visits), sorted(patients)


def _rows(name: str, visits: list[str], patients: list[str]) -> Iterator[pa.Table]:
    if name == "patient":
        conditions = [("r.current and r.patient_key = any(%s)", patients)]
    elif name == "patient_link":
        conditions = [(f"r.current and r.{key} = any(%s)", patients) for key in ("patient_key", "other_patient_key")]
    else:
        conditions = [("r.current and r.encounter_key = any(%s)", visits), (_OF_PATIENT_ALONE, patients)]
    for where, keys in conditions:
        for start in range(0, len(keys), TOGETHER):
            yield opening.fetch(name, where, [keys[start : start + TOGETHER]])


def _sealed(name: str, month: str, rows: pa.Table) -> MirrorFile:
    rows = _once(rows)
    out = pa.BufferOutputStream()
    pq.write_table(rows, out, compression="zstd")
    file = MirrorFile(table=name, month=month, name=uuid4().hex, rows=rows.num_rows)
    with SealedWriter(home() / file.name, about=ABOUT) as sealed:
        sealed.write(memoryview(out.getvalue()))
    file.save()
    return file


def _opened(file: MirrorFile) -> pa.Table:
    with SealedReader(home() / file.name, about=ABOUT) as sealed:
        return pq.read_table(pa.BufferReader(sealed.readall()), schema=TABLES[file.table].schema)


def _once(rows: pa.Table) -> pa.Table:
    """Return each record once: those of a patient alone stand in each month in which the patient has a visit."""
    keyed = rows.select(["source", "source_id"]).append_column("place", pa.array(range(rows.num_rows), pa.int64()))
    # Months are written at different times: of two versions of a record, the higher one is the newer.
    keyed = keyed.append_column("version", rows.column("record_version")).sort_by([("version", "descending")])
    first = keyed.group_by(["source", "source_id"], use_threads=False).aggregate([("place", "first")])
    return rows if first.num_rows == rows.num_rows else rows.take(first.column("place_first").sort())

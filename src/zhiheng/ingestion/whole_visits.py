"""Sources that deliver a visit with all its rows, like the front page: what a newer delivery lacks is retired."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from zhiheng.ingestion.models import Batch, WholeVisit
from zhiheng.ingestion.records import MODELS
from zhiheng.vault.sealing import blind

_LASTING = ("patient", "patient_link", "encounter")  # a visit does not vanish by being delivered


@dataclass
class WholeVisits:
    """The visits that one source delivers in one reading: visit number by its blind index."""

    source: str
    visits: dict[str, str]

    @classmethod
    def of(cls, tables: dict[str, pa.Table], source: str) -> "WholeVisits":
        numbers: set[Any] = set()
        for table in tables.values():
            if "encounter_id" in table.column_names:
                numbers |= set(pc.unique(_of_source(table, source).column("encounter_id")).to_pylist())
        return cls(source, {blind("encounter", number): number for number in sorted(numbers - {None})})

    def leave_out_later(self, batch: Batch, tables: dict[str, pa.Table]) -> dict[str, int]:
        """Take the visits out of `tables` that a batch received later delivered; return how many rows that were."""
        found = WholeVisit.objects.filter(source=self.source, encounter_key__in=list(self.visits))
        later = set(found.filter(batch__received_at__gt=batch.received_at).values_list("encounter_key", flat=True))
        numbers = pa.array([number for key, number in self.visits.items() if key in later], pa.string())
        self.visits = {key: number for key, number in self.visits.items() if key not in later}
        left_out = {}
        for name, table in tables.items():
            if later and "encounter_id" in table.column_names:
                theirs = pc.and_(pc.equal(table.column("source"), self.source), _among(table, numbers))
                tables[name] = table.filter(pc.invert(theirs))
                left_out[name] = table.num_rows - tables[name].num_rows
        return {name: count for name, count in left_out.items() if count}

    def retire_vanished(self, batch: Batch, tables: dict[str, pa.Table]) -> dict[str, int]:
        """Retire what older deliveries of the visits held and this one does not; return how many rows by table."""
        keys = list(self.visits)
        if not keys:
            return {}
        retired = {name: self._retire(batch, name, tables.get(name)) for name in MODELS if name not in _LASTING}
        WholeVisit.objects.bulk_create(
            [WholeVisit(source=self.source, encounter_key=key, batch=batch) for key in keys],
            update_conflicts=True,
            unique_fields=["source", "encounter_key"],
            update_fields=["batch"],
            batch_size=5000,
        )
        return {name: count for name, count in retired.items() if count}

    def _retire(self, batch: Batch, name: str, held: pa.Table | None) -> int:
        table = MODELS[name]._meta.db_table
        known = f"""
            select key from {table} where current and source = %s and batch_id <> %s
                and encounter_key = any(string_to_array(%s, ','))"""
        with connection.cursor() as cursor:
            cursor.execute(known, [self.source, batch.pk, ",".join(self.visits)])
            vanished = {key for (key,) in cursor.fetchall()}
            if vanished and held is not None:
                vanished -= self._keys(held)
            cursor.execute(
                f"update {table} set current = false, retired_by_id = %s"
                " where current and key = any(string_to_array(%s, ','))",
                [batch.pk, ",".join(vanished)],
            )
        return len(vanished)

    def _keys(self, table: pa.Table) -> set[str]:
        ids = _of_source(table, self.source).column("source_id").to_pylist()
        return {blind("record", f"{self.source}\0{each}") for each in ids}


def _of_source(table: pa.Table, source: str) -> pa.Table:
    return table.filter(pc.equal(table.column("source"), source))


def _among(table: pa.Table, numbers: pa.Array) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_in(table.column("encounter_id"), value_set=numbers), False)

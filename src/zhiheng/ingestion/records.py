"""The record tables, one model for each canonical table, made from the schema that the core is written by.

What says who somebody is (`personal` columns), free text, which may say so, the natural key and the numbers of visit,
patient and order stand sealed in one value a row; blind indexes find them again. All else is a column of its own.
"""

from typing import Any

import pyarrow as pa
from django.contrib.postgres.fields import ArrayField
from django.db import models

from zhiheng.ingestion.fields import LocalTimeField
from zhiheng.records import schema
from zhiheng.records.schema import TABLES, Column, Table
from zhiheng.vault.fields import SealedField

KEYS = ("source_id", "encounter_id", "patient_id", "order_id")  # sources make the one out of the other
ABOUT_THE_VERSION = ("source", "record_version", "received_at")
_FIELDS = {
    str(schema.TEXT): models.TextField,
    str(schema.NUMBER): models.FloatField,
    str(schema.COUNT): models.IntegerField,
    str(schema.FLAG): models.BooleanField,
    str(schema.DATE): models.DateField,
    str(schema.TIME): LocalTimeField,
}


def sealed_names(table: Table) -> tuple[str, ...]:
    """Return the columns that stand in the sealed value of a row."""
    return tuple(column.name for column in table.columns if _is_sealed(column))


def _is_sealed(column: Column) -> bool:
    return column.personal or column.free_text or column.name in KEYS or column.name.endswith("_encounter_id")


def plain_columns(table: Table) -> tuple[Column, ...]:
    """Return the columns that stand open in the database."""
    hidden = {*sealed_names(table), *ABOUT_THE_VERSION}
    return tuple(column for column in table.columns if column.name not in hidden)


def index_field(**more: Any) -> models.CharField:
    """Return a field for a blind index: 32 hex digits, compared byte by byte."""
    return models.CharField(max_length=32, db_collation="C", **more)


class Record(models.Model):
    """One version of what one source says under one key. `current` is the newest; a retired record has none.

    `content` is the blind index of all that the version says: two versions that say the same have the same.
    """

    # No constraint on the batches: they are never deleted, and a million rows would ask a million times for one.
    batch = models.ForeignKey("ingestion.Batch", models.PROTECT, related_name="+", db_constraint=False)
    source = models.CharField(max_length=100)
    key = index_field()  # blind index of source and source_id
    content = index_field()
    record_version = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()
    encounter_key = index_field(null=True)
    patient_key = index_field(null=True)
    current = models.BooleanField(default=True)
    retired_by = models.ForeignKey(
        "ingestion.Batch", models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    sealed = SealedField()

    class Meta:
        abstract = True


def _field(column: Column) -> models.Field:
    if pa.types.is_list(column.type):
        return ArrayField(models.TextField(), null=True)
    return _FIELDS[str(column.type)](null=True)


def _model(table: Table) -> type[Record]:
    name = "".join(part.capitalize() for part in table.name.split("_"))
    fields: dict[str, models.Field] = {column.name: _field(column) for column in plain_columns(table)}
    current = models.Q(current=True)
    indexes = [
        models.Index("encounter_key", condition=current, name=f"{table.name}_of_encounter"),
        models.Index("patient_key", condition=current, name=f"{table.name}_of_patient"),
        models.Index("retired_by", condition=models.Q(retired_by__isnull=False), name=f"{table.name}_retired"),
    ]
    if table is schema.PATIENT_LINK:
        fields["other_patient_key"] = index_field(null=True)
        indexes.append(models.Index("other_patient_key", condition=current, name=f"{table.name}_of_other"))
    if table is schema.ENCOUNTER:
        indexes.append(models.Index("discharge_time", condition=current, name=f"{table.name}_by_discharge"))
    meta = type(
        "Meta",
        (),
        {
            "constraints": [
                models.UniqueConstraint("key", "record_version", name=f"{table.name}_version_once"),
                models.UniqueConstraint("key", condition=current, name=f"{table.name}_one_current"),
            ],
            "indexes": indexes,
        },
    )
    return type(name, (Record,), {"__module__": __name__, "__doc__": table.meaning, "Meta": meta, **fields})


MODELS: dict[str, type[Record]] = {name: _model(table) for name, table in TABLES.items()}

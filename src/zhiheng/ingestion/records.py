"""The record tables, one model for each canonical table, made from the schema that the core is written by.

What says who somebody is (`personal` columns), the natural key, the visit number and the patient number stand sealed
in one value a row; blind indexes find them again. Everything else is a column of its own.
"""

import pyarrow as pa
from django.contrib.postgres.fields import ArrayField
from django.db import models

from zhiheng.ingestion.fields import LocalTimeField
from zhiheng.records import schema
from zhiheng.records.schema import TABLES, Column, Table
from zhiheng.vault.fields import SealedField

KEYS = ("source_id", "encounter_id", "patient_id")
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
    return tuple(c.name for c in table.columns if c.personal or c.name in KEYS or c.name.endswith("_encounter_id"))


def plain_columns(table: Table) -> tuple[Column, ...]:
    """Return the columns that stand open in the database."""
    hidden = {*sealed_names(table), *ABOUT_THE_VERSION}
    return tuple(column for column in table.columns if column.name not in hidden)


class Record(models.Model):
    """One version of what one source says under one key. `current` is the newest; a retired record has none."""

    batch = models.ForeignKey("ingestion.Batch", models.PROTECT, related_name="+")
    source = models.CharField(max_length=100)
    key = models.CharField(max_length=32)  # blind index of source and source_id
    record_version = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField()
    encounter_key = models.CharField(max_length=32, null=True)
    patient_key = models.CharField(max_length=32, null=True)
    current = models.BooleanField(default=True)
    retired_by = models.ForeignKey("ingestion.Batch", models.PROTECT, null=True, related_name="+")
    sealed = SealedField()

    class Meta:
        abstract = True


def _field(column: Column) -> models.Field:
    if pa.types.is_list(column.type):
        return ArrayField(models.TextField(), null=True)
    return _FIELDS[str(column.type)](null=True)


def _model(table: Table) -> type[Record]:
    name = "".join(part.capitalize() for part in table.name.split("_"))
    fields = {column.name: _field(column) for column in plain_columns(table)}
    current = models.Q(current=True)
    meta = type(
        "Meta",
        (),
        {
            "constraints": [
                models.UniqueConstraint("key", "record_version", name=f"{table.name}_version_once"),
                models.UniqueConstraint("key", condition=current, name=f"{table.name}_one_current"),
            ],
            "indexes": [
                models.Index("encounter_key", condition=current, name=f"{table.name}_of_encounter"),
                models.Index("patient_key", condition=current, name=f"{table.name}_of_patient"),
            ],
        },
    )
    return type(name, (Record,), {"__module__": __name__, "__doc__": table.meaning, "Meta": meta, **fields})


MODELS: dict[str, type[Record]] = {name: _model(table) for name, table in TABLES.items()}

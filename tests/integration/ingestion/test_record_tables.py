"""The record tables hold exactly what the Arrow schemas say."""

import pyarrow as pa
import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from zhiheng.ingestion import records
from zhiheng.ingestion.fields import LocalTimeField
from zhiheng.records import schema
from zhiheng.records.schema import TABLES

TYPES = {
    schema.TEXT: models.TextField,
    schema.NUMBER: models.FloatField,
    schema.COUNT: models.IntegerField,
    schema.FLAG: models.BooleanField,
    schema.DATE: models.DateField,
    schema.TIME: LocalTimeField,
    schema.TEXTS: ArrayField,
}
IN_POSTGRES = {
    schema.TEXT: "text",
    schema.NUMBER: "double precision",
    schema.COUNT: "integer",
    schema.FLAG: "boolean",
    schema.DATE: "date",
    schema.TIME: "timestamp without time zone",
    schema.TEXTS: "ARRAY",
}
OWN = {field.name for field in records.Record._meta.get_fields()} | {"id", "other_patient_key"}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_model_has_every_column_of_its_schema_and_no_other(table):
    fields = {field.name: field for field in records.MODELS[table.name]._meta.get_fields()}
    plain = {column.name for column in table.columns} - set(records.sealed_names(table)) - {"record_version"}
    plain -= {"source", "received_at"}
    assert fields.keys() - OWN == plain
    for name in plain:
        assert type(fields[name]) is TYPES[table.column(name).type], name
        assert fields[name].null, name


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_of_the_database_has_the_types_of_its_schema(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name, data_type from information_schema.columns where table_name = %s",
            [records.MODELS[table.name]._meta.db_table],
        )
        found = dict(cursor.fetchall())
    assert {column.name: found[column.name] for column in records.plain_columns(table)} == {
        column.name: IN_POSTGRES[column.type] for column in records.plain_columns(table)
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_whatever_says_who_somebody_is_or_is_written_freely_stands_sealed(table):
    open_ones = {column.name for column in records.plain_columns(table)}
    for column in table.columns:
        if column.personal or column.free_text or column.name in ("source_id", "encounter_id", "patient_id"):
            assert column.name not in open_ones


def test_the_columns_that_stand_sealed_are_these():
    sealed = {name: set(records.sealed_names(table)) - {"source_id"} for name, table in TABLES.items()}
    visit_or_patient = {"encounter_id", "patient_id"}
    assert sealed == {
        "patient": {"patient_id", "name", "birth_date", "id_number", "phone", "address", "death_date"},
        "patient_link": {"patient_id", "other_patient_id", "reason"},
        "encounter": visit_or_patient
        | {"record_number", "part_of_encounter_id", "transferred_to", "readmission_purpose"},
        "diagnosis": visit_or_patient,
        "procedure": visit_or_patient | {"surgeon", "anaesthetist", "not_done_reason"},
        "medication": visit_or_patient | {"order_id", "not_given_reason"},
        "observation": visit_or_patient | {"value_text", "not_done_reason"},
        "exam": visit_or_patient | {"findings", "conclusion", "not_done_reason"},
        "note": visit_or_patient | {"title", "author", "text"},
        "allergy": visit_or_patient | {"reaction"},
        "charge": {"encounter_id"},
        "stay": {"encounter_id"},
        "staff": {"encounter_id", "staff_id", "name"},
    }


def test_every_type_of_the_schemas_is_known_here():
    assert {column.type for table in TABLES.values() for column in table.columns} - {schema.SYSTEM_TIME} <= TYPES.keys()
    assert pa.types.is_timestamp(schema.SYSTEM_TIME)

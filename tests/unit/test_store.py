"""Records keep every version, and the same content twice has one effect."""

from datetime import UTC, datetime

import duckdb
import pytest

from zhiheng.records import schema
from zhiheng.records.build import Builder
from zhiheng.records.store import Merged, Records


def visits(departments: list[tuple[str, str | None]], day: int = 1):
    builder = Builder(schema.ENCOUNTER, "feed", datetime(2025, 4, day, tzinfo=UTC), later_corrects=True)
    for key, department in departments:
        row = {"encounter_id": key, "patient_id": "P", "encounter_class": "inpatient", "department": department}
        builder.add(row, source_id=key, place=None)
    return {"encounter": builder.finish().table}


def versions(records: Records) -> list[tuple]:
    rows = records.tables["encounter"].to_pylist()
    return [(row["source_id"], row["record_version"], row["department"]) for row in rows]


def test_the_same_content_twice_has_one_effect():
    records = Records()
    assert records.merge(visits([("A", "骨科"), ("B", None)]))["encounter"] == Merged(new=2)
    assert records.merge(visits([("A", "骨科"), ("B", None)], day=2))["encounter"] == Merged(unchanged=2)
    assert versions(records) == [("A", 1, "骨科"), ("B", 1, None)]


def test_other_content_is_the_next_version_and_the_old_one_stays():
    records = Records()
    records.merge(visits([("A", "骨科"), ("B", "内科")]))
    done = records.merge(visits([("A", None), ("B", "内科"), ("C", "外科")], day=2))
    assert done["encounter"] == Merged(new=1, corrected=1, unchanged=1)
    assert versions(records) == [("A", 1, "骨科"), ("B", 1, "内科"), ("A", 2, None), ("C", 1, "外科")]
    latest = {row["source_id"]: row["department"] for row in records.latest("encounter").to_pylist()}
    assert latest == {"A": None, "B": "内科", "C": "外科"}


def test_corrections_within_one_reading_are_versions_in_their_order():
    records = Records()
    records.merge(visits([("A", "骨科"), ("A", "内科"), ("A", "内科"), ("A", "骨科")]))
    assert versions(records) == [("A", 1, "骨科"), ("A", 2, "内科"), ("A", 3, "骨科")]


def test_keys_of_different_sources_do_not_meet():
    records = Records()
    records.merge(visits([("A", "骨科")]))
    other = visits([("A", "内科")])["encounter"]
    at = other.schema.get_field_index("source")
    records.merge({"encounter": other.set_column(at, other.schema.field(at), [["lab"]])})
    assert [row["record_version"] for row in records.tables["encounter"].to_pylist()] == [1, 1]


def test_what_is_written_is_read_again(tmp_path):
    records = Records()
    records.merge(visits([("A", "骨科")]))
    records.write(tmp_path)
    again = Records.read(tmp_path)
    assert again.tables["encounter"].equals(records.tables["encounter"])
    assert again.tables["note"].num_rows == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.parquet" for name in schema.TABLES)


def test_duckdb_reads_the_newest_versions_by_name_and_all_of_them_by_another():
    records = Records()
    records.merge(visits([("A", "骨科")]))
    records.merge(visits([("A", "内科")], day=2))
    with duckdb.connect() as con:
        records.register(con)
        assert con.execute("select department from encounter").fetchall() == [("内科",)]
        assert con.execute("select count(*) from encounter_versions").fetchall() == [(2,)]


@pytest.mark.parametrize("name", schema.TABLES)
def test_every_table_starts_empty_with_its_schema(name):
    assert Records().tables[name].schema.equals(schema.TABLES[name].schema)

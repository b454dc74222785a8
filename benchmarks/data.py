"""Synthetic records for the benchmarks, written by DuckDB itself: a million visits take seconds."""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from zhiheng.engine.find import Rules
from zhiheng.records.schema import TABLES

UNLISTED_CODES = 6_000
LISTED_SHARE = 2  # of a hundred codes, so many are of a list: most visits belong to no single disease
CHANCE = "(hash({}) % 1000003) / 1000003.0"


def chance(seed: str) -> str:
    """Return SQL of an even number from 0 to 1 that depends on nothing but `seed`."""
    return CHANCE.format(seed)


def create(con: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
    """Make a canonical table from a query that gives some of its columns; the others are empty."""
    con.register("shape", TABLES[table].schema.empty_table())
    con.execute(f"create or replace table {table} as select * from shape union all by name ({rows})")
    con.unregister("shape")


def empty_tables(con: duckdb.DuckDBPyConnection) -> None:
    for name, table in TABLES.items():
        con.register("shape", table.schema.empty_table())
        con.execute(f"create table if not exists {name} as from shape")
        con.unregister("shape")


def visits_with_codes(con: duckdb.DuckDBPyConnection, encounters: int, rules: Iterable[Rules]) -> int:
    """Make visits of two years with 5.5 diagnoses and 2 procedures each; return the number of codes."""
    _codes(con, rules)
    _visits(con, encounters)
    for table, few, spread in (("diagnosis", 3, 6), ("procedure", 0, 5)):
        create(con, table, _coded_rows(table, encounters, few, spread))
    empty_tables(con)
    counted = con.execute("select (select count(*) from diagnosis) + (select count(*) from procedure)").fetchall()
    return int(counted[0][0])


def _codes(con: duckdb.DuckDBPyConnection, rules: Iterable[Rules]) -> None:
    """Make the codes that hospitals write: of lists with their national extensions, and others."""
    listed: dict[str, set[str]] = {"diagnosis": set(), "procedure": set()}
    for each in rules:
        for criterion in each.criteria:
            for code in criterion.listed:
                if "-" not in code:
                    listed[criterion.table] |= {code, f"{code}00" if "." in code else f"{code}.900", f"{code}x001"}
    for table, codes in listed.items():
        con.register("given", pa.table({"code": sorted(codes)}))
        con.execute(f"create table {table}_listed as select row_number() over () - 1 as place, code from given")
        con.unregister("given")
    con.execute(f"""
        create table diagnosis_other as select i as place, chr(65 + (i % 26)::integer)
            || lpad((i // 26 % 100)::varchar, 2, '0') || '.' || (i % 10)::varchar || '00' as code
        from range({UNLISTED_CODES}) t(i)""")
    con.execute(f"""
        create table procedure_other as select i as place, lpad((i % 100)::varchar, 2, '0') || '.'
            || lpad((i // 100 % 100)::varchar, 2, '0') || '00' as code from range({UNLISTED_CODES}) t(i)""")


def _visits(con: duckdb.DuckDBPyConnection, encounters: int) -> None:
    admitted = f"timestamp '2024-01-01' + to_minutes(({chance('i')} * 1000000)::bigint)"
    create(
        con,
        "encounter",
        f"""select 'E' || i as encounter_id, 'P' || (i * 7 // 10) as patient_id,
            case when {chance("i + 1")} < 0.9 then 'inpatient' else 'outpatient' end as encounter_class,
            ({admitted})::timestamp_s as admit_time, 'minute' as admit_time_precision,
            ({admitted} + to_hours(2 + ({chance("i + 2")} * 480)::bigint))::timestamp_s as discharge_time,
            'minute' as discharge_time_precision, 'home' as discharge_mode, 'finished' as status,
            'his' as source, 'E' || i as source_id, 1 as record_version from range({encounters}) t(i)""",
    )
    create(
        con,
        "patient",
        f"""select 'P' || i as patient_id, case when i % 2 = 0 then 'male' else 'female' end as sex,
            (date '1930-01-01' + ({chance("i + 3")} * 33000)::integer)::date as birth_date,
            'his' as source, 'P' || i as source_id, 1 as record_version from range({encounters}) t(i)
        where i in (select (j * 7 // 10) from range({encounters}) u(j))""",
    )


def _coded_rows(table: str, encounters: int, few: int, spread: int) -> str:
    """Return SQL of the coded rows of all visits; the first of a visit is the principal one."""
    start = {"diagnosis": 10, "procedure": 20}[table]
    number = f"{few} + (hash(i + {start}) % {spread})::bigint"
    numbers = f"select i, unnest(range({number})) + 1 as n from range({encounters}) t(i)"
    draw = f"hash(i * 64 + n + {start})"
    places = f"select i, n, {draw} as h, {draw} % 100 < {LISTED_SHARE} as is_listed from ({numbers})"
    return f"""
        select 'E' || i as encounter_id, coalesce(l.code, o.code) as code,
            case when n = 1 then 'principal' else 'other' end as role, n::integer as rank,
            {"'done' as status," if table == "procedure" else ""}
            'his' as source, '{table[0]}' || i || '-' || n as source_id, 1 as record_version
        from ({places}) p
        left join {table}_listed l on p.is_listed and l.place = p.h // 100 % (select count(*) from {table}_listed)
        left join {table}_other o on not p.is_listed and o.place = p.h // 100 % {UNLISTED_CODES}"""

"""Filling: ten thousand visits of 200 records by sixty rules, beside SQL written by hand; and one visit alone."""

import json
import sys
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from benchmarks import data
from benchmarks.measuring import Result, Scale, in_fresh_process, peak_megabytes, ratio, seconds
from zhiheng.engine import fill as filling
from zhiheng.engine.fill import Plan, Rule, Term, Terms, Units, table_scope
from zhiheng.engine.form import Form, Item, ItemType
from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.packs.loading import Pack, load_packs

FILL_SECONDS = 0.4
RECORDS = {"observation": 120, "medication": 50, "charge": 30}
TESTS, DRUGS = 40, 20  # the first value of each test, the first time of each drug: sixty rules

BY_HAND = """
select encounter_id, name, arg_min(value_number, time) as value, arg_min(source_id, time) as source_id,
    arg_min(record_version, time) as record_version, min(time) as time, count(*) as candidates
from observation where not coalesce(not_done, false) and value_number is not null and code in ({tests}) group by 1, 2
union all
select encounter_id, name, epoch(min(start_time)), arg_min(source_id, start_time),
    arg_min(record_version, start_time), min(start_time), count(*)
from medication where not coalesce(not_given, false) and coalesce(status, '') not in ('cancelled', 'planned')
    and start_time is not null and code in ({drugs}) group by 1, 2
"""


def run(scale: Scale) -> Iterator[Result]:
    cases = scale.of(300, 10_000)
    found = in_fresh_process("benchmarks.fill", cases)
    records = sum(RECORDS.values())
    work = f"{cases:,} visits × {records} records × {TESTS + DRUGS} rules"
    note = f"{found['filled']:,} values with their evidence"
    yield Result("fill", work, found["ours"], "s", FILL_SECONDS, note)
    by_hand = f"{found['by_hand']:.2f} s by hand, {found['filled_by_hand']:,} values"
    yield Result("fill", "... against SQL by hand", found["ours"] / found["by_hand"], "×", 2.0, by_hand)
    yield Result("fill", "... peak memory", found["peak"], "MB", None, f"{found['held']:,.0f} MB before, the records")
    yield Result("fill", "one visit alone, 60 rules", found["one"] * 1000, "ms", 100)
    stemi = f"{found['stemi_rules']} rules of STEMI"
    yield Result("fill", f"{stemi}, {cases:,} visits × {records} records", found["stemi"], "s")
    yield Result("fill", f"{stemi}, one visit", found["stemi_one"] * 1000, "ms")


def measure(cases: int) -> dict[str, float]:
    """Return the numbers; called in a process of its own."""
    con = duckdb.connect()
    _records(con, cases)
    con.execute("create table everyone as select encounter_id from encounter")
    con.execute("create table someone as select encounter_id from encounter limit 1")
    held = peak_megabytes()
    plan, terms = _plan(), _terms()

    def ours(whom: str = "everyone") -> filling.Filled:
        return filling.fill(con, plan, whom, terms=terms, units=Units([]))

    by_hand = BY_HAND.format(
        tests=", ".join(f"'T{n}'" for n in range(TESTS)), drugs=", ".join(f"'D{n}'" for n in range(DRUGS))
    )

    def theirs() -> pa.Table:
        return con.sql(by_hand).to_arrow_table()

    best, best_by_hand = ratio(ours, theirs, 3)
    (stemi,) = load_packs(only=["stemi"])
    return {
        "ours": best,
        "by_hand": best_by_hand,
        "filled": ours().proposals.num_rows,
        "filled_by_hand": theirs().num_rows,
        "held": held,
        "peak": peak_megabytes(),
        "one": seconds(lambda: ours("someone")),
        "stemi": seconds(lambda: _fill_pack(con, stemi, "everyone"), 2),
        "stemi_one": seconds(lambda: _fill_pack(con, stemi, "someone")),
        "stemi_rules": len(stemi.fills.plan.rules),
    }


def _fill_pack(con: duckdb.DuckDBPyConnection, pack: Pack, whom: str) -> filling.Filled:
    return filling.fill(con, pack.fills.plan, whom, terms=pack.fills.terms, units=pack.fills.units)


def _terms() -> Terms:
    tests = [Term(f"test_{n}", "", {"LOCAL": (f"T{n}",)}) for n in range(TESTS)]
    return Terms([*tests, *(Term(f"drug_{n}", "", {"LOCAL": (f"D{n}",)}) for n in range(DRUGS))])


def _plan() -> Plan:
    """Make a form of sixty items and their rules: the first value of each test, the first time of each drug."""
    tests = [Item(f"T-{n}", f"t_{n}", f"test {n}", ItemType.NUMBER) for n in range(TESTS)]
    drugs = [Item(f"D-{n}", f"d_{n}", f"drug {n}", ItemType.DATETIME) for n in range(DRUGS)]
    fields = [Field(item.id, Type(item.type.value)) for item in (*tests, *drugs)]
    form = Form("BENCH", (*tests, *drugs), Scope(fields))
    value = parse("value_number", table_scope("observation"), Type.NUMBER)
    started = parse("start_time", table_scope("medication"), Type.DATETIME)
    rules = [
        Rule(f"test {n}", item.code, "observation", "first", value=value, terms=(f"test_{n}",))
        for n, item in enumerate(tests)
    ]
    rules += [
        Rule(f"drug {n}", item.code, "medication", "first", value=started, terms=(f"drug_{n}",))
        for n, item in enumerate(drugs)
    ]
    return Plan("BENCH", form, rules)


def _records(con: duckdb.DuckDBPyConnection, cases: int) -> None:
    """Make the visits and their records; half of the tests and drugs are of no rule."""
    when = "(timestamp '2025-01-01' + to_minutes((hash(i * 512 + n) % 20000)::bigint))::timestamp_s"
    origin = "'his' as source, '{0}' || i || '-' || n as source_id, 1 as record_version"
    rows = "(select i, unnest(range({1})) as n from range({0}) t(i))"
    data.create(
        con,
        "encounter",
        f"""select 'E' || i as encounter_id, 'P' || i as patient_id, 'inpatient' as encounter_class,
            timestamp_s '2025-01-01 00:00:00' as admit_time, 'minute' as admit_time_precision,
            timestamp_s '2025-01-15 00:00:00' as discharge_time, 'minute' as discharge_time_precision,
            'his' as source, 'E' || i as source_id, 1 as record_version from range({cases}) t(i)""",
    )
    data.create(
        con,
        "observation",
        f"""select 'E' || i as encounter_id, 'LOCAL' as code_system, 'T' || (hash(i, n) % {2 * TESTS}) as code,
            'test ' || (hash(i, n) % {2 * TESTS}) as name, (hash(n, i) % 1000) / 10.0 as value_number, 'U/L' as unit,
            {when} as time, 'minute' as time_precision, {origin.format("o")}
        from {rows.format(cases, RECORDS["observation"])}""",
    )
    data.create(
        con,
        "medication",
        f"""select 'E' || i as encounter_id, 'LOCAL' as code_system, 'D' || (hash(i, n) % {2 * DRUGS}) as code,
            'drug ' || (hash(i, n) % {2 * DRUGS}) as name, 'administration' as kind,
            {when} as start_time, 'minute' as start_time_precision, {origin.format("m")}
        from {rows.format(cases, RECORDS["medication"])}""",
    )
    data.create(
        con,
        "charge",
        f"""select 'E' || i as encounter_id, 'c' || n as category, 'charge ' || n as name,
            (hash(n, i) % 1000) / 10.0 as amount, {origin.format("c")}
        from {rows.format(cases, RECORDS["charge"])}""",
    )
    data.empty_tables(con)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

"""Indicators: twenty proportions by month and department over many cases, beside two-step SQL written by hand."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from benchmarks.measuring import Result, Scale, ratio
from zhiheng.engine.form import Form
from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.engine.measure import Indicator, Indicators

NUMBER, MONTHS, DEPARTMENTS = 20, 12, 30
TARGET = 1.2
A, B = "'a', 'b'", "'x', 'y', 'z', 'w'"

# Arrival to treatment within 90 minutes among those who qualify, refusals and contraindications left aside.
DENOMINATOR, EXCLUDE, NUMERATOR = "a{0} = 'a'", "b{0} = 'x'", "minutes_between(arrived_at, c{0}) <= 90"
BY_HAND = """
    a{0} = 'a' as d{0}, a{0} = 'a' and b{0} = 'x' as x{0},
    a{0} = 'a' and b{0} <> 'x' and date_trunc('minute', c{0}) - date_trunc('minute', arrived_at) <= interval 90 minute
        as n{0}, a{0} is null or (a{0} = 'a' and (b{0} is null or (b{0} <> 'x' and c{0} is null))) as u{0}"""


def run(scale: Scale) -> Iterator[Result]:
    cases = scale.of(20_000, 1_000_000, 10_000_000)
    con = duckdb.connect()
    con.execute(f"create table answers as {_cases(cases)}")
    indicators = _indicators()
    ours, theirs = ratio(lambda: indicators.measure(con, "answers"), lambda: by_hand(con), 3)
    work = f"{NUMBER} proportions × {MONTHS} months × {DEPARTMENTS} departments over {cases:,} cases"
    found = indicators.measure(con, "answers")
    same = "same sums" if _sums(found) == _sums_by_hand(con) else "OTHER SUMS"
    yield Result("indicators", work, ours, "s", None, f"{found.num_rows:,} results, totals included; by hand without")
    yield Result("indicators", "... against SQL by hand", ours / theirs, "×", TARGET, f"{theirs:.2f} s by hand, {same}")


def by_hand(con: duckdb.DuckDBPyConnection) -> pa.Table:
    flags = ", ".join(BY_HAND.format(n) for n in range(NUMBER))
    sums = ", ".join(f"count_if({kind}{n}) as {kind}{n}" for n in range(NUMBER) for kind in "dxnu")
    return con.sql(
        f"select month, department, {sums} from (select month, department, {flags} from answers) "
        "group by month, department"
    ).to_arrow_table()


def _sums(found: pa.Table) -> int:
    rows = found.to_pylist()
    return sum(row["numerator"] for row in rows if row["month"] == "" and row["department"] == "")


def _sums_by_hand(con: duckdb.DuckDBPyConnection) -> int:
    return sum(int(row[f"n{n}"]) for row in by_hand(con).to_pylist() for n in range(NUMBER))


def _indicators() -> Indicators:
    fields = [Field("arrived_at", Type.DATETIME)]
    for n in range(NUMBER):
        fields += [Field(f"a{n}", Type.TEXT), Field(f"b{n}", Type.TEXT), Field(f"c{n}", Type.DATETIME)]
    scope = Scope(fields)

    def clause(text: str, n: int) -> object:
        return parse(text.format(n), scope, Type.BOOLEAN)

    form = Form("BENCH", (), scope)
    return Indicators(
        form,
        [
            Indicator(
                f"BENCH-{n}",
                f"proportion {n}",
                denominator=clause(DENOMINATOR, n),  # type: ignore[arg-type]
                exclude=clause(EXCLUDE, n),  # type: ignore[arg-type]
                numerator=clause(NUMERATOR, n),  # type: ignore[arg-type]
            )
            for n in range(NUMBER)
        ],
    )


def _cases(cases: int) -> str:
    def one_of(seed: int, values: str, number: int, missing: int) -> str:
        draw = f"hash(i * 101 + {seed}) % {number + missing}"
        return f"list_extract([{values}], 1 + ({draw})::integer)"

    columns = ["'E' || i as encounter_id", f"'2025-' || lpad((1 + i % {MONTHS})::varchar, 2, '0') as month"]
    columns.append(f"'科室' || (hash(i) % {DEPARTMENTS})::varchar as department")
    columns.append("arrived as arrived_at")
    for n in range(NUMBER):
        columns.append(f"{one_of(n, A, 2, 1)} as a{n}")
        columns.append(f"{one_of(n + 40, B, 4, 1)} as b{n}")
        treated = f"arrived + to_minutes((hash(i * 7 + {n}) % 180)::bigint)"
        columns.append(f"case when hash(i * 3 + {n}) % 10 > 0 then {treated} end as c{n}")
    arrived = "timestamp '2025-01-01' + to_minutes((i % 500000)::bigint)"
    return f"select {', '.join(columns)} from (select i, {arrived} as arrived from range({cases}) t(i))"

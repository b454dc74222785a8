"""Finding: who may be a case of all packs, among ten thousand to a million visits, beside SQL written by hand."""

import json
import sys
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from benchmarks import data
from benchmarks.measuring import Result, Scale, in_fresh_process, peak_megabytes, ratio, seconds
from zhiheng.engine import find as finding
from zhiheng.engine.find import Rules
from zhiheng.engine.language.types import Call, Node, Reference
from zhiheng.packs.loading import load_packs

CANDIDATES_SECONDS = 0.3
SIZES = (10_000, 100_000, 1_000_000)

# The same job as one would write it by hand: distinct codes to lists once, then joins; an inclusion is met when one
# of its alternatives has all its criteria. VTE's alternatives that are no codes have their own queries.
CODES = """
create or replace temp table hand_codes as
select kind, c.code, l.alternative, l.criterion, l.place from hand_lists l join (
    select 'diagnosis' as kind, code, replace(code, '.', '') as plain from (select distinct code from diagnosis)
    union all
    select 'procedure', code, replace(code, '.', '') from (select distinct code from procedure)
) c using (kind) where case when l.low = l.high then starts_with(c.plain, l.low)
    else left(c.plain, length(l.low)) >= l.low and left(c.plain, length(l.high)) <= l.high end
"""
HITS = """
create or replace temp table hand_hits as
select encounter_id, alternative, count(distinct criterion) as met from (
    select encounter_id, alternative, criterion from diagnosis join hand_codes c using (code)
    where c.kind = 'diagnosis' and (place = 'any' or (place = 'principal' and role = 'principal')
        or (place = 'other' and role = 'other') or (place = 'first_two' and rank <= 2))
    union all
    select encounter_id, alternative, criterion from procedure join hand_codes c using (code)
    where c.kind = 'procedure' and status = 'done' and (place = 'any' or role = 'principal')
) group by 1, 2
"""
CANDIDATES = """
create or replace temp table hand_candidates as
select distinct a.pack, e.encounter_id from hand_hits h join hand_alternatives a using (alternative)
    join encounter e using (encounter_id)
where h.met = a.needed and not a.earlier and list_contains(a.classes, e.encounter_class) and e.status = 'finished'
    and e.discharge_time >= date '2022-09-01'
union
select 'VTE', e.encounter_id from encounter e join patient p using (patient_id)
where e.encounter_class = 'inpatient' and e.status = 'finished'
    and date_diff('year', p.birth_date, e.admit_time) - case when strftime(p.birth_date, '%m%d')
        > strftime(e.admit_time, '%m%d') then 1 else 0 end >= 70
union
select 'VTE', e.encounter_id from encounter e join encounter past using (patient_id)
    join hand_hits h on h.encounter_id = past.encounter_id join hand_alternatives a using (alternative)
where a.pack = 'VTE' and a.earlier and past.discharge_time <= e.admit_time and past.admit_time < e.admit_time
    and e.encounter_class = 'inpatient' and e.status = 'finished'
"""


def run(scale: Scale) -> Iterator[Result]:
    sizes = SIZES[: scale.of(1, 3)]
    found = {size: in_fresh_process("benchmarks.find", size) for size in sizes}
    largest = found[sizes[-1]]
    for size, each in found.items():
        limit = CANDIDATES_SECONDS if size == 1_000_000 else None
        work = f"candidates of {each['packs']} packs, {size:,} visits, {each['codes']:,} codes"
        yield Result("find", work, each["candidates"], "s", limit, f"{each['found']:,} found")
    by_hand = f"{largest['by_hand']:.2f} s by hand, {largest['found_by_hand']:,} found"
    yield Result("find", "... against SQL by hand", largest["candidates"] / largest["by_hand"], "×", 1.2, by_hand)
    for size, each in found.items():
        decided = f"{each['decided']:,} cases in, out or undecided"
        yield Result("find", f"full decisions with reasons, {size:,} visits", each["decisions"], "s", None, decided)
    for size, each in found.items():
        held = f"{each['records_megabytes']:,.0f} MB before the search: the records themselves and their making"
        yield Result("find", f"peak memory, {size:,} visits", each["peak_megabytes"], "MB", None, held)


def measure(size: int) -> dict[str, float]:
    """Return the numbers of one size; called in a process of its own."""
    rules = [pack.find for pack in load_packs() if pack.find]
    con = duckdb.connect()
    codes = data.visits_with_codes(con, size, rules)
    held = peak_megabytes()
    list_by_hand(con, rules)
    candidates, by_hand = ratio(lambda: finding.find_candidates(rules, con), lambda: find_by_hand(con))
    decisions = seconds(lambda: finding.find(rules, con), 2)
    peak = peak_megabytes()
    return {
        "packs": len(rules),
        "codes": codes,
        "candidates": candidates,
        "by_hand": by_hand,
        "found": _count(con, "find_candidates where included"),
        "found_by_hand": _count(con, "hand_candidates"),
        "decisions": decisions,
        "decided": finding.find(rules, con).table().num_rows,
        "records_megabytes": held,
        "peak_megabytes": peak,
    }


def find_by_hand(con: duckdb.DuckDBPyConnection) -> pa.Table:
    for statement in (CODES, HITS, CANDIDATES):
        con.execute(statement)
    return con.sql("select * from hand_candidates").to_arrow_table()


def list_by_hand(con: duckdb.DuckDBPyConnection, rules: Sequence[Rules]) -> None:
    """Write what a person would keep as two small tables: the listed codes, and what an inclusion needs of them."""
    lists, alternatives = [], []
    for each in rules:
        for needed in _alternatives(each):
            number = len(alternatives)
            criteria = [found for name in needed.criteria if (found := each.criterion(name))]
            if not criteria:
                continue
            classes = [needed.encounter_class] if needed.encounter_class else list(each.classes)
            earlier = any(criterion.earlier for criterion in criteria)
            alternatives.append((number, each.abbr, len(criteria), classes, earlier))
            for criterion in criteria:
                ranges = [(limits.low, limits.high) for limits in criterion.codes.ranges]
                for low, high in [*((prefix, prefix) for prefix in criterion.codes.prefixes), *ranges]:
                    lists.append((number, criterion.id, criterion.table, criterion.position.value, low, high))
    for name, columns, rows in (
        ("hand_lists", ("alternative", "criterion", "kind", "place", "low", "high"), lists),
        ("hand_alternatives", ("alternative", "pack", "needed", "classes", "earlier"), alternatives),
    ):
        given = pa.table({column: [row[at] for row in rows] for at, column in enumerate(columns)})
        con.register("hand_given", given)
        con.execute(f"create or replace temp table {name} as from hand_given")
        con.unregister("hand_given")


class _Needed:
    """One way to meet an inclusion: these criteria together, in visits of this class."""

    def __init__(self, criteria: frozenset[str] = frozenset(), encounter_class: str | None = None) -> None:
        self.criteria, self.encounter_class = criteria, encounter_class

    def __and__(self, other: "_Needed") -> "_Needed":
        return _Needed(self.criteria | other.criteria, self.encounter_class or other.encounter_class)


def _alternatives(rules: Rules) -> list[_Needed]:
    return _ways(rules.include.node, {each.id for each in rules.criteria})


def _ways(node: Node, criteria: set[str]) -> list[_Needed]:
    if isinstance(node, Reference):
        return [_Needed(frozenset({node.name}))] if node.name in criteria else []
    assert isinstance(node, Call)
    if node.name == "or":
        return [way for each in node.operands for way in _ways(each, criteria)]
    if node.name == "and":
        ways = [_Needed()]
        for each in node.operands:
            ways = [one & other for one in ways for other in _ways(each, criteria)]
        return ways
    left, right = node.operands[:2]
    if isinstance(left, Reference) and left.name == "encounter_class":
        return [_Needed(encounter_class=str(getattr(right, "value", "")))]
    return []  # not of codes: written out in the query


def _count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(con.execute(f"select count(*) from {rows}").fetchall()[0][0])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

"""The jobs of the engine as one would write them by hand in SQL, to compare speed and results with."""

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from zhiheng.engine.check import Check
from zhiheng.engine.fill import Rule
from zhiheng.engine.find import Rules
from zhiheng.engine.language import duckdb as emit
from zhiheng.engine.language.types import Call, Literal, Node, Reference
from zhiheng.engine.measure import Indicator, Indicators, Kind

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
select 'VTE', e.encounter_id from encounter e semi join (from stay where kind = 'icu') using (encounter_id)
where e.encounter_class = 'inpatient' and e.status = 'finished'
union
select 'VTE', e.encounter_id from encounter e join encounter past using (patient_id)
    join hand_hits h on h.encounter_id = past.encounter_id join hand_alternatives a using (alternative)
where a.pack = 'VTE' and a.earlier and past.discharge_time <= e.admit_time and past.admit_time < e.admit_time
    and e.encounter_class = 'inpatient' and e.status = 'finished'
"""


def find(con: duckdb.DuckDBPyConnection) -> pa.Table:
    for statement in (CODES, HITS, CANDIDATES):
        con.execute(statement)
    return con.sql("select * from hand_candidates").to_arrow_table()


def list_codes(con: duckdb.DuckDBPyConnection, rules: Sequence[Rules]) -> None:
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
    _keep(con, "hand_lists", ("alternative", "criterion", "kind", "place", "low", "high"), lists)
    _keep(con, "hand_alternatives", ("alternative", "pack", "needed", "classes", "earlier"), alternatives)


def candidates_agree(con: duckdb.DuckDBPyConnection) -> bool:
    """Say whether the engine and the query by hand have found the same visits for the same packs."""
    ours = "select pack, encounter_id from find_candidates join find_packs using (rule) where included"
    theirs = "select pack, encounter_id from hand_candidates"
    return not con.execute(f"({ours} except {theirs}) union all ({theirs} except {ours}) limit 1").fetchall()


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


# Filling, checking, measuring -------------------------------------------------------------------------------------

TOLD = """select encounter_id, strftime(coalesce(discharge_time, admit_time), '%Y-%m') as month, department
from encounter"""

FEES = """
select f.job, encounter_id, f.item, any_value(amount) as amount, any_value(source) as source,
    min(source_id) as source_id, any_value(record_version) as record_version, count(*) as candidates
from charge join demo_cases using (encounter_id) join hand_fees f using (job, category)
where amount is not null group by all having min(amount) = max(amount)
"""


def list_fees(con: duckdb.DuckDBPyConnection, rules: Iterable[Iterable[Rule]]) -> None:
    """Write what a person would keep as a small table: which category of charges is which item of a form."""
    rows = [(job, category(rule), rule.item) for job, some in enumerate(rules) for rule in some]
    _keep(con, "hand_fees", ("job", "category", "item"), rows)


def fees(con: duckdb.DuckDBPyConnection) -> pa.Table:
    return con.sql(FEES).to_arrow_table()


def fees_agree(con: duckdb.DuckDBPyConnection, proposals: pa.Table) -> bool:
    """Say whether the same fees were found of the same visits, proven by the same rows."""
    con.register("hand_given", proposals)
    ours = "select encounter_id, item, value::double, source, source_id, record_version, candidates from hand_given"
    theirs = f"select encounter_id, item, amount, source, source_id, record_version, candidates from ({FEES})"
    return not con.execute(f"({ours} except {theirs}) union all ({theirs} except {ours}) limit 1").fetchall()


def category(rule: Rule) -> str | None:
    """Return the category of a rule that says no more than: value: amount, where: category = '...'."""
    match rule.where.node if rule.where else None:
        case Call("=", (Reference("category"), Literal(value=str(name)))) if rule.table == "charge":
            return name
    return None


def plain_check(check: Check, answers: str) -> str:
    """Return the cases that break a check, as one plain query."""
    guard = f"({emit.sql(check.when)}) and " if check.when is not None else ""
    known = " and ".join(f"{emit.quote(name)} is not null" for name in check.expect.fields)
    return f"""select encounter_id, {texts([check.id])} as "check" from {answers}
        where {guard}not ({emit.sql(check.expect)}) and {known}"""


def check(con: duckdb.DuckDBPyConnection, checks: Iterable[Check], answers: str) -> pa.Table:
    plain = " union all ".join(plain_check(each, answers) for each in checks)
    return con.sql(f"{plain} order by all").to_arrow_table()


def measure(con: duckdb.DuckDBPyConnection, indicators: Indicators, answers: str) -> pa.Table:
    """Return counts, averages and quartiles by month and department: flags first, then sums."""
    flags = ", ".join(flag for n, each in enumerate(indicators.decidable) for flag in _flags(n, each))
    sums = ", ".join(part for n, each in enumerate(indicators.decidable) for part in _sums(n, each))
    return con.sql(
        f"select month, department, grouping(month, department) as level, {sums} "
        f"from (select month, department, {flags} from {answers}) group by cube (month, department)"
    ).to_arrow_table()


def _flags(number: int, indicator: Indicator) -> list[str]:
    sql = {name: f"({emit.sql(clause)})" for name, clause in indicator.clauses.items()}
    base = " and ".join(sql[name] for name in ("population", "denominator") if name in sql) or "true"
    met = f"{base} and not {sql['exclude']}" if "exclude" in sql else base
    flags = [f"{base} as d{number}"]
    if indicator.kind is Kind.AVERAGE:
        assert indicator.observation is not None
        value = emit.sql(indicator.observation)
        return [*flags, f"case when {met} then {value} end as v{number}"]
    return [*flags, f"{met} and {sql.get('numerator', 'true')} as n{number}"]


def _sums(number: int, indicator: Indicator) -> list[str]:
    sums = [f"count_if(d{number}) as d{number}"]
    if indicator.kind is not Kind.AVERAGE:
        return [*sums, f"count_if(n{number}) as n{number}"]
    quartiles = f"quantile_cont(v{number}, [0.25, 0.5, 0.75]) as q{number}"
    return [*sums, f"count(v{number}) as n{number}", f"avg(v{number}) as a{number}", quartiles]


def sums_agree(indicators: Indicators, found: pa.Table, by_hand: pa.Table) -> bool:
    """Say whether denominators and numerators of all cases are the same, and the medians of averages."""
    whole = {row["indicator"]: row for row in found.to_pylist() if row["month"] == "" and row["department"] == ""}
    (theirs,) = [row for row in by_hand.to_pylist() if row["level"] == 3]  # grouped by neither
    return all(
        (whole[each.code]["denominator"], whole[each.code]["numerator"], whole[each.code]["median"])
        # DuckDB counts no case at all as null where a condition is null for every case.
        == (int(theirs[f"d{n}"] or 0), int(theirs[f"n{n}"] or 0), (theirs.get(f"q{n}") or (None, None, None))[1])
        for n, each in enumerate(indicators.decidable)
    )


def texts(values: Iterable[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values) or "null"


def _keep(
    con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    given = pa.table({column: [row[at] for row in rows] for at, column in enumerate(columns)})
    con.register("hand_given", given)
    con.execute(f"create or replace temp table {name} as from hand_given")
    con.unregister("hand_given")

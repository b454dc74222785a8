"""What find rules may speak about besides their criteria: the visit itself and what follows from it.

A derived fact is written in the pack language over the facts above it, so that it means the same everywhere.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from zhiheng.engine.language import Expression, Field, Scope, Type, duckdb, parse
from zhiheng.records.schema import ENCOUNTER, ORIGIN

_TYPES = {pa.string(): Type.TEXT, pa.date32(): Type.DATE, pa.bool_(): Type.BOOLEAN}
_KEYS = {"encounter_id", "patient_id", *(column.name for column in ORIGIN)}
# Two columns are only what the source states; the facts of these names prefer what follows from dates.
_STATED = {"age_years": "stated_age_years", "length_of_stay_days": "stated_length_of_stay_days"}


@dataclass(frozen=True)
class Fact:
    """A name in find rules. `sql` reads it from a visit; a derived fact has a `definition` instead."""

    name: str
    type: Type
    label: str
    sql: str = ""
    definition: str = ""
    options: tuple[str, ...] = ()


def _type(arrow: pa.DataType) -> Type:
    return Type.DATETIME if pa.types.is_timestamp(arrow) else _TYPES.get(arrow, Type.NUMBER)


_LABELS = {
    "encounter_class": "就诊类别",
    "admit_route": "入院途径",
    "admit_time": "入院时间",
    "discharge_time": "出院时间",
    "discharge_mode": "离院方式",
    "age_years": "年龄（原记录）",
    "length_of_stay_days": "住院天数（原记录）",
    "deceased": "是否死亡",
    "status": "就诊状态",
    "department": "出院科室",
}

OF_VISIT = tuple(
    Fact(
        _STATED.get(column.name, column.name),
        _type(column.type),
        _LABELS.get(column.name, column.name),
        sql=f"v.{_STATED.get(column.name, column.name)}",
        options=column.values,
    )
    for column in ENCOUNTER.columns
    if not column.personal and column.name not in _KEYS
)
OF_PERSON = (
    Fact("sex", Type.TEXT, "性别", sql="v.sex", options=("male", "female", "unknown")),
    Fact("birth_date", Type.DATE, "出生日期", sql="v.birth_date"),
)
OF_HISTORY = (
    Fact("icu", Type.BOOLEAN, "是否入住ICU", sql="v.icu"),
    Fact("prior_same_disease", Type.BOOLEAN, "此前是否因同一疾病住院", sql="v.prior_same_disease"),
    Fact("previous_discharge_time", Type.DATETIME, "上次同一疾病出院时间", sql="v.previous_discharge_time"),
)
DERIVED = (
    Fact(
        "age_years",
        Type.NUMBER,
        "年龄（岁）",
        definition="""case when birth_date is null then floor(stated_age_years)
            when birth_date <= date_of(admit_time) then age_in_years(birth_date, admit_time) end""",
    ),
    # A stated age in whole years leaves the months open; 1.5 years says them.
    Fact(
        "age_months",
        Type.NUMBER,
        "年龄（月）",
        definition="""case when birth_date is null and stated_age_years <> floor(stated_age_years)
                then floor(stated_age_years * 12 + 0.000001)
            when birth_date <= date_of(admit_time) then age_in_months(birth_date, admit_time) end""",
    ),
    Fact(
        "age_days",
        Type.NUMBER,
        "年龄（天）",
        definition="case when birth_date <= date_of(admit_time) then days_between(birth_date, admit_time) end",
    ),
    Fact(
        "length_of_stay_days",
        Type.NUMBER,
        "住院天数",
        definition="coalesce(stated_length_of_stay_days, days_between(admit_time, discharge_time))",
    ),
    Fact(
        "length_of_stay_hours",
        Type.NUMBER,
        "住院小时数",
        definition="""case when admit_time_precision in ('minute', 'second')
            and discharge_time_precision in ('minute', 'second') then hours_between(admit_time, discharge_time) end""",
    ),
    # Without minutes, the calendar decides where it can: the same day is within 24 hours, two days later is not.
    Fact(
        "within_24_hours",
        Type.BOOLEAN,
        "是否入院后24小时内离院",
        definition="""case when discharge_time < admit_time and days_between(admit_time, discharge_time) < 0 then null
            when length_of_stay_hours is not null then length_of_stay_hours <= 24
            when days_between(admit_time, discharge_time) = 0 then true
            when days_between(admit_time, discharge_time) >= 2 then false end""",
    ),
    Fact(
        "died",
        Type.BOOLEAN,
        "是否死亡",
        definition="case when deceased then true else discharge_mode = 'died' end",
    ),
    Fact(
        "days_since_same_disease",
        Type.NUMBER,
        "距上次同一疾病出院天数",
        definition="days_between(previous_discharge_time, admit_time)",
    ),
)
FACTS = {fact.name: fact for fact in (*OF_VISIT, *OF_PERSON, *OF_HISTORY, *DERIVED)}
HISTORY = frozenset({"prior_same_disease", "previous_discharge_time", "days_since_same_disease"})


def scope(criteria: Iterable[str]) -> Scope:
    """Return what an expression of a pack may name: its criteria and the facts."""
    known = [Field(fact.name, fact.type, fact.options) for fact in FACTS.values()]
    return Scope([*(Field(name, Type.BOOLEAN) for name in criteria), *known])


@cache
def definition(name: str) -> Expression | None:
    """Return the expression behind a derived fact."""
    text = FACTS[name].definition
    return parse(text, scope(()), expect=FACTS[name].type) if text else None


def sql_of(name: str) -> str:
    """Return a fact as SQL over a visit `v`: the columns of `visits` and of its history."""
    behind = definition(name)
    return f"({duckdb.sql(behind, sql_of)})" if behind else FACTS[name].sql


def roots(expression: Expression) -> frozenset[str]:
    """Return the names an expression stands on in the end, derived facts followed to what they are made of."""
    found: set[str] = set()
    for name in expression.fields:
        behind = definition(name) if name in FACTS else None
        found |= roots(behind) if behind else {name}
    return frozenset(found)


def visits(names: Set[str]) -> str:
    """Return SQL for one row per visit with the columns that facts of these names read, and its keys."""
    columns, joins = [], []
    for fact in (*OF_VISIT, *OF_PERSON, *OF_HISTORY):
        if fact.name in names - HISTORY:
            columns.append(f"{_COLUMNS.get(fact.name, 'e.' + fact.name)} as {fact.name}")
    if names & {fact.name for fact in OF_PERSON}:
        joins.append(_PATIENTS)
    if "icu" in names:
        joins.append(_ICU)
    return f"""
        select e.encounter_id, coalesce(l.person_id, e.patient_id) as person_id, {", ".join(columns)}
        from encounter e left join find_persons l using (patient_id) {" ".join(joins)}"""


_COLUMNS = {stated: f"e.{name}" for name, stated in _STATED.items()} | {
    "sex": "p.sex",
    "birth_date": "p.birth_date",
    "icu": "coalesce(i.icu, false)",
}
# A patient number that two sources describe differently has no known birth date or sex: nobody chooses one.
_PATIENTS = """left join (
        select patient_id,
            case when min(birth_date) = max(birth_date) then min(birth_date) end as birth_date,
            case when min(sex) = max(sex) then min(sex) end as sex
        from patient group by patient_id) p using (patient_id)"""
_ICU = """left join (select encounter_id, true as icu from stay where kind = 'icu' group by encounter_id) i
        using (encounter_id)"""

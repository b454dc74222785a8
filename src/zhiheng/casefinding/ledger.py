"""The two ledgers: visits of a period = with a case + without + undecided; cases = the sum over their states.

The lines are counted from what screening keeps, the total from the records themselves, so that they can differ: a
visit that was never screened, or that the records no longer hold, is listed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, DateField, Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhiheng.accounts.models import Department
from zhiheng.accounts.scope import ALL
from zhiheng.casefinding.models import Case, State, Visit
from zhiheng.ingestion.records import MODELS as RECORDS

PERMISSION = "casefinding.ledger"
STAYS = ("inpatient", "day_surgery")
CLASSES = {
    "stays": (_("Inpatient and day surgery"), STAYS),
    "inpatient": (_("Inpatient"), ("inpatient",)),
    "day_surgery": (_("Day surgery"), ("day_surgery",)),
    "outpatient": (_("Outpatient"), ("outpatient",)),
    "emergency": (_("Emergency"), ("emergency",)),
}
LINES = {"with": _("With a case"), "undecided": _("Undecided"), "without": _("Without a case")}
MONTHS = 12


@dataclass(frozen=True)
class Asked:
    """The months that a ledger is about, the first and the last, and the kinds of visit."""

    first: date | None
    last: date | None
    kind: str

    @property
    def classes(self) -> tuple[str, ...]:
        return CLASSES[self.kind][1]


@dataclass(frozen=True)
class Line:
    """A row of the ledger of visits: a month, or a department, with the addresses of its lists."""

    label: str
    counts: dict[str, int]
    links: dict[str, str]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def cells(self) -> list[tuple[int, str]]:
        return [(self.counts[line], self.links[line]) for line in LINES]

    @property
    def whole(self) -> str:
        return self.links[""]


def read(params: Mapping[str, str]) -> Asked:
    """Return what an address asks for; what cannot be read is left to the page to choose."""
    kind = params.get("kind", "stays")
    return Asked(_month(params.get("first", "")), _month(params.get("last", "")), kind if kind in CLASSES else "stays")


def _month(text: str) -> date | None:
    found = re.fullmatch(r"(\d{4})-(\d{2})", text)
    return date(int(found[1]), int(found[2]), 1) if found and 1 <= int(found[2]) <= 12 and int(found[1]) > 0 else None


def page(asked: Asked, user: Any) -> dict[str, Any]:
    """Return everything that the page of the ledgers shows to this person."""
    reach = user.departments_for(PERMISSION)
    visits = visits_within(reach, asked.classes)
    first, end = _period(asked, visits)
    chosen = visits.filter(ended_on__gte=first, ended_on__lt=end)
    months = _lines(chosen, "month", asked, first, end)
    states, cases, in_states = _cases(reach, first, end)
    whole = _total(months, asked, first, end)
    return {
        "choices": _choices(visits, first, end),
        "chosen_first": f"{first:%Y-%m}",
        "chosen_last": f"{end - timedelta(days=1):%Y-%m}",
        "first": first,
        "last": end - timedelta(days=1),
        "kinds": [(kind, label) for kind, (label, _classes) in CLASSES.items()],
        "lines": LINES.items(),
        "months": months,
        "departments": _lines(chosen, "department", asked, first, end),
        "total": whole,
        "undated": visits.filter(ended_on=None, has_ended=True).count(),
        "undated_link": _link("casefinding:ledger_visits", kind=asked.kind, dated="0"),
        "balance": balance(first, end, asked.classes) if reach is ALL else None,
        "states": states,
        "cases": cases,
        "cases_balance": cases - in_states,
    }


def visits_within(reach: frozenset[int], classes: tuple[str, ...]) -> QuerySet[Visit]:
    return Visit.objects.within(reach).filter(is_gone=False, has_ended=True, encounter_class__in=classes)


def is_line(line: str) -> Q:
    """Return the condition for the visits of a line: a visit with several cases stands on one line alone."""
    own = Case.visits.through.objects.filter(visit=OuterRef("pk"))
    has, may_have = Exists(own.filter(case__decision="in")), Exists(own.filter(case__decision="undecided"))
    return {"with": Q(has), "undecided": ~Q(has) & Q(may_have), "without": ~Q(has) & ~Q(may_have)}[line]


def case_end() -> Coalesce:
    """Return the day on which a case counts: the discharge, or the day of a visit that has none."""
    return Coalesce(Cast("discharge_time", DateField()), Cast("admit_time", DateField()))


def _period(asked: Asked, visits: QuerySet[Visit]) -> tuple[date, date]:
    """Return the first day and the day after the last one; by default the last year that has visits."""
    newest = visits.filter(ended_on__lte=timezone.localdate()).aggregate(last=Max("ended_on"))["last"]
    last = asked.last or (newest or timezone.localdate()).replace(day=1)
    first = asked.first or _months_before(last, MONTHS - 1)
    return min(first, last), _next_month(max(first, last))


def _choices(visits: QuerySet[Visit], first: date, end: date) -> list[str]:
    """Return the months that can be asked for, the newest first: those of the visits, and what was asked."""
    ends = visits.aggregate(Min("ended_on"), Max("ended_on"))
    oldest = min(first, ends["ended_on__min"] or first).replace(day=1)
    month, found = max(end - timedelta(days=1), ends["ended_on__max"] or first).replace(day=1), []
    while month >= oldest and len(found) < 240:
        found.append(f"{month:%Y-%m}")
        month = _months_before(month, 1)
    return found


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months_before(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


# Visits --------------------------------------------------------------------------------------------------------------

_BY = {"month": "to_char(v.ended_on, 'YYYY-MM')", "department": "v.department_id"}


def _lines(visits: QuerySet[Visit], by: str, asked: Asked, first: date, end: date) -> list[Line]:
    """Count the visits by month or department, in one pass over them and one over the cases."""
    chosen, values = visits.order_by().values("id", "ended_on", "department_id").query.sql_with_params()
    sql = f"""
        with v as ({chosen}),
        c as (
            select t.visit_id, bool_or(c.decision = 'in') as has, bool_or(c.decision = 'undecided') as may_have
            from {Case.visits.through._meta.db_table} t join {Case._meta.db_table} c on c.id = t.case_id
            where c.decision <> 'out' group by 1)
        select {_BY[by]}, count(*) filter (where c.has),
            count(*) filter (where c.may_have and not c.has), count(*) filter (where c.visit_id is null)
        from v left join c on c.visit_id = v.id group by 1"""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    names = _names(rows) if by == "department" else {}
    found = [
        Line(
            names.get(key, "") if by == "department" else key,
            dict(zip(LINES, counts, strict=True)),
            {line: _list_of(line, by, key, asked, first, end) for line in (*LINES, "")},
        )
        for key, *counts in rows
    ]
    return sorted(found, key=lambda line: line.label) if by == "month" else sorted(found, key=lambda line: -line.total)


def _names(rows: list[tuple[Any, ...]]) -> dict[int | None, str]:
    known = dict(Department.objects.filter(pk__in=[key for key, *_counts in rows if key]).values_list("pk", "name"))
    return {**known, None: _("Department not in the hospital's table")}


def _list_of(line: str, by: str, key: Any, asked: Asked, first: date, end: date) -> str:
    if by == "month":
        first = date.fromisoformat(f"{key}-01")
        end = _next_month(first)
    return _link(
        "casefinding:ledger_visits",
        line=line,
        kind=asked.kind,
        ended_from=first.isoformat(),
        ended_until=(end - timedelta(days=1)).isoformat(),
        department=("none" if key is None else key) if by == "department" else "",
    )


def _total(months: list[Line], asked: Asked, first: date, end: date) -> Line:
    counts = {line: sum(month.counts[line] for month in months) for line in LINES}
    return Line("", counts, {line: _list_of(line, "all", "", asked, first, end) for line in (*LINES, "")})


def _link(name: str, **chosen: Any) -> str:
    return f"{reverse(name)}?{urlencode({key: value for key, value in chosen.items() if value not in ('', None)})}"


@dataclass(frozen=True)
class Balance:
    """The records' own count of the visits of a period against the lines: what is not on both sides."""

    in_records: int
    not_screened: list[str]  # keys of visits
    not_in_records: list[str]

    @property
    def holds(self) -> bool:
        return not self.not_screened and not self.not_in_records


def balance(first: date, end: date, classes: tuple[str, ...]) -> Balance:
    """Compare the visits of the period in the records with those that were screened, visit by visit."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, [list(STAYS), list(STAYS), list(classes), first, end, list(classes), first, end])
        rows = cursor.fetchall()
    return Balance(
        sum(1 for recorded, _screened in rows if recorded),
        sorted(recorded for recorded, screened in rows if not screened),
        sorted(screened for recorded, screened in rows if not recorded),
    )


def _newest(column: str) -> str:
    # What the newest record says of it, as screening reads it where two feeds tell of one visit.
    return f"(array_agg({column} order by received_at desc, source) filter (where {column} is not null))[1]"


_OF_VISIT = ("encounter_class", "status", "admit_time", "discharge_time", "discharge_mode")
_COMPARE = f"""
    with e as (
        select encounter_key, {", ".join(f"{_newest(column)} as {column}" for column in _OF_VISIT)}
        from {RECORDS["encounter"]._meta.db_table} where current group by 1),
    d as (
        select encounter_key, encounter_class,
            cast(case when encounter_class = any(%s) then discharge_time
                else coalesce(discharge_time, admit_time) end as date) as ended_on
        from e
        where coalesce(status, '') not in ('cancelled', 'planned')
            and (encounter_class = any(%s) or discharge_time is not null or coalesce(status, '') <> 'in_progress')),
    r as (select encounter_key from d where encounter_class = any(%s) and ended_on >= %s and ended_on < %s),
    v as (
        select encounter_key from {Visit._meta.db_table}
        where not is_gone and has_ended and encounter_class = any(%s) and ended_on >= %s and ended_on < %s)
    select r.encounter_key, v.encounter_key from r full join v using (encounter_key)"""


# Cases ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StateLine:
    state: str
    label: str
    count: int
    link: str


def cases_within(reach: frozenset[int]) -> QuerySet[Case]:
    return Case.objects.within(reach).annotate(day=case_end())


def _cases(reach: frozenset[int], first: date, end: date) -> tuple[list[StateLine], int, int]:
    """Return the cases of the period by state, how many there are, and the sum over the states."""
    cases = cases_within(reach).filter(day__gte=first, day__lt=end)
    counts = dict(cases.order_by().values_list("state").annotate(Count("pk")))
    until = (end - timedelta(days=1)).isoformat()
    lines = [
        StateLine(
            state,
            str(State(state).label),
            counts.get(state, 0),
            _link("casefinding:ledger_cases", state=state, ended_from=first.isoformat(), ended_until=until),
        )
        for state in State.values
    ]
    return lines, cases.count(), sum(line.count for line in lines)


def departments_of(user: Any) -> list[tuple[str, str]]:
    """Return the departments that a list of a ledger can be narrowed to."""
    reach = user.departments_for(PERMISSION)
    rows = Department.objects.order_by("code").values_list("pk", "name")
    known = [(str(pk), name) for pk, name in (rows if reach is ALL else rows.filter(pk__in=reach))]
    return [*known, ("none", _("Department not in the hospital's table"))] if reach is ALL else known

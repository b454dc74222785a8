"""The work list: the cases a person may see, those that are due first on top."""

from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhiheng.accounts.models import Department
from zhiheng.accounts.scope import departments_below
from zhiheng.casefinding.models import Case, State
from zhiheng.casefinding.patients import department_of, name_for, record_number_for
from zhiheng.casefinding.several import CASES
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.sealing import blind
from zhiheng.web.listing import Boolean, Choice, Column, DateRange, Empty, Listing, Search, StateColumn, Tree

# Nobody has to do anything about these; they are a click away.
FINISHED = (State.SUBMITTED, State.DONE, State.WITHDRAWN, State.NOT_REQUIRED)
MONTHS = 15
DUE = [("late", _("Overdue")), ("3", _("Within 3 days")), ("7", _("Within 7 days"))]
PROBLEMS = Q(answers__errors__gt=0) | Q(answers__differences__gt=0)


class DueWithin(Choice):
    """Overdue, or due within so many days from today."""

    def q(self, value: list[str]) -> Q:
        today = timezone.localdate()
        if value[0] == "late":
            return Q(due_date__lt=today)
        return Q(due_date__gte=today, due_date__lte=today + timedelta(days=int(value[0])))


class Month(Choice):
    """A month of discharge, by the hospital's clock."""

    def q(self, value: list[str]) -> Q:
        found = Q()
        for month in value:
            first = date.fromisoformat(f"{month}-01")
            until = (first + timedelta(days=32)).replace(day=1)
            found |= Q(discharge_time__gte=at_midnight(first), discharge_time__lt=at_midnight(until))
        return found


def at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def last_months(_request: Any) -> list[tuple[str, str]]:
    month, found = timezone.localdate().replace(day=1), []
    for _number in range(MONTHS):
        found.append((f"{month:%Y-%m}", f"{month:%Y-%m}"))
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def diseases(_request: Any) -> list[tuple[str, str]]:
    rows = PackVersion.objects.order_by("abbr", "-valid_from").values_list("abbr", "name")
    names = dict(reversed(list(rows)))
    return [(abbr, f"{abbr} {names[abbr]}") for abbr in sorted(names, key=str.casefold)]


def department_tree(request: Any) -> list[tuple[int, str, int]]:
    """The departments that this person may see, each under the one it belongs to where that is visible too."""
    reach = request.user.departments_for("desk.view_cases")
    rows = [row for row in Department.objects.order_by("code", "pk").only("name", "parent_id") if row.pk in reach]
    below: dict[int | None, list[Department]] = {}
    known = {row.pk for row in rows}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in known else None, []).append(row)
    found: list[tuple[int, str, int]] = []

    def walk(parent: int | None, depth: int) -> None:
        for row in below.get(parent, ()):
            found.append((row.pk, row.name, depth))
            walk(row.pk, depth + 1)

    walk(None, 0)
    return found


def in_and_below(value: str) -> frozenset[int]:
    return departments_below([int(value)])


def find_patient(rows: Any, text: str) -> Any:
    """Cases by their code, or by a name or number through its blind index."""
    return rows.filter(
        Q(code__iexact=text)
        | Q(name_index=blind("name", text))
        | Q(record_index=blind("record_number", text))
        | Q(patient_index=blind("patient", text))
    )


def page_of(case: Case) -> str:
    return reverse("desk:case", args=[case.code])


def counter(name: str, label: Any, template: str = "", **options: Any) -> Column:
    """A column of one of the counters that are kept with the answers; there are none where no form is to be filled."""
    return Column(
        name,
        label,
        value=lambda case: getattr(getattr(case, "answers", None), name, None) if case.decision == "in" else None,
        sort=F(f"answers__{name}"),
        template=template,
        align="end",
        **options,
    )


class WorkList(Listing):
    name = "cases"
    bulk = CASES
    title = _("Work list")
    order = "due"
    columns = (
        Column("code", _("Case"), sort="code", template="desk/_code.html", link=page_of, always=True),
        Column(
            "disease", _("Disease"), value="pack_version.name", sort="abbr", template="desk/_disease.html", width=28
        ),
        Column("patient", _("Patient"), value="sealed", template="desk/_patient.html", export=name_for),
        Column(
            "record",
            _("Record number"),
            value="sealed",
            template="desk/_record.html",
            export=record_number_for,
            default=False,
        ),
        Column(
            "department", _("Department"), value=department_of, sort="department__name", template="desk/_short.html"
        ),
        Column("campus", _("Campus"), value="campus.name", sort="campus__name", default=False),
        Column(
            "admitted", _("Admitted"), value="admit_time", sort="admit_time", template="desk/_day.html", default=False
        ),
        Column("discharged", _("Discharged"), value="discharge_time", sort="discharge_time", template="desk/_day.html"),
        Column("due", _("Due"), value="due_date", sort="due_date", template="desk/_due.html"),
        StateColumn("state", _("State"), sort="state"),
        counter("left", _("Left to do"), "desk/_left.html", help=_("Required items; a proposal counts as no answer")),
        counter("proposed", _("Proposals"), help=_("Values from the records that a person has to confirm")),
        counter("errors", _("Errors"), "desk/_errors.html"),
        counter("differences", _("Differences"), default=False, help=_("Answers that the records now contradict")),
        Column(
            "assigned", _("Filler"), value="assigned_to.name", sort="assigned_to__pinyin", template="desk/_short.html"
        ),
        Column("changed", _("Changed"), value="changed_at", sort="changed_at", default=False),
    )
    search = Search(_("Code, name, number"), find=find_patient)
    empty = Empty(
        _("Nothing to do"),
        _("Cases open by themselves when records of a discharge arrive. “Finished ones too” shows the others."),
        icon="checks",
    )

    @cached_property
    def filters(self) -> list[Any]:
        mine = Q(assigned_to=self.request.user.staff_id)
        return [
            Choice("state", _("State"), choices=State.choices),
            Choice("disease", _("Disease"), field="abbr", choices=diseases),
            Tree("department", _("Department"), options=department_tree, within=in_and_below),
            DueWithin("due", _("Due"), choices=DUE, several=False),
            Month("month", _("Discharge month"), choices=last_months),
            Boolean("mine", _("Assigned to me"), condition=mine),
            Boolean("problems", _("With errors or differences"), condition=PROBLEMS),
            Boolean("contradicted", _("Records speak against the decision"), field="is_contradicted", more=True),
            Boolean("unassigned", _("Assigned to nobody"), condition=Q(assigned_to__isnull=True), more=True),
            DateRange("discharged", _("Discharged"), field="discharge_time", local=True, more=True),
            Boolean("finished", _("Finished ones too"), condition=Q(), more=True),
        ]

    @cached_property
    def found(self) -> Any:
        rows = super().found
        chosen = self.asked.values
        return rows if {"state", "finished"} & chosen.keys() or self.asked.token else rows.exclude(state__in=FINISHED)


def rows_for(user: Any) -> Any:
    # The answers of a case are one sealed document: a list needs its counters only.
    return (
        Case.objects.visible_to(user)
        .select_related("pack_version", "department", "campus", "assigned_to", "answers")
        .defer("answers__document", "reasons", "questions", "standing", "finding", "basis")
    )


def counts_by_state(user: Any) -> list[dict[str, Any]]:
    """How many cases are in each state, in the order of the states; none of those that are empty."""
    rows = Case.objects.visible_to(user).order_by().values_list("state").annotate(Count("pk"))
    found = dict(rows)
    return [
        {"state": state, "label": State(state).label, "count": found[state]} for state in State.values if state in found
    ]


def late_count(user: Any) -> int:
    return Case.objects.visible_to(user).exclude(state__in=FINISHED).filter(due_date__lt=timezone.localdate()).count()

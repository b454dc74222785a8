"""The lists behind the numbers of the ledgers: visits of a line, cases of a state."""

from functools import cached_property
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhiheng.casefinding import ledger
from zhiheng.casefinding.models import Case, State, Visit
from zhiheng.casefinding.patients import department_of, name_for, record_number_for
from zhiheng.casefinding.several import CASES
from zhiheng.web.listing import Boolean, Choice, Column, DateRange, Empty, Listing, StateColumn


class LineOf(Choice):
    """A line of the ledger of visits."""

    def q(self, value: list[str]) -> Q:
        return ledger.is_line(value[0])


class KindOf(Choice):
    """The kinds of visit that a ledger is about."""

    def q(self, value: list[str]) -> Q:
        return Q(encounter_class__in=ledger.CLASSES[value[0]][1])


class In(Choice):
    """Exactly this department, or none."""

    def q(self, value: list[str]) -> Q:
        return Q(department__isnull=True) if value[0] == "none" else Q(department=int(value[0]))


def places(request: Any) -> list[tuple[str, str]]:
    return ledger.departments_of(request.user)


PATIENT = (
    Column("patient", _("Patient"), value="sealed", template="casefinding/_patient.html", export=name_for),
    Column("record", _("Record number"), value="sealed", template="casefinding/_record.html", export=record_number_for),
)
WHERE = (
    Column("department", _("Department"), value=department_of, sort="department__name"),
    Column("admitted", _("Admitted"), value="admit_time", sort="admit_time"),
    Column("discharged", _("Discharged"), value="discharge_time", sort="discharge_time"),
)


class VisitsOfLedger(Listing):
    name = "ledger_visits"
    title = _("Visits of the ledger")
    order = "-discharged"
    empty = Empty(_("No visits here"), _("Change the months or the line above."), icon="checks")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        may_open = self.request.user.may("casefinding.search")
        page = (lambda row: reverse("casefinding:visit", args=[row.pk])) if may_open else None
        number = Column("visit", _("Visit"), value="code", sort="id", link=page, always=True)
        cases = Column(
            "cases",
            _("Cases"),
            value=lambda row: [case.code for case in row.cases.all() if case.decision != "out"],
            template="casefinding/_cases.html",
        )
        return (number, *PATIENT, *WHERE, cases)

    @cached_property
    def filters(self) -> list[Any]:
        kinds = [(kind, label) for kind, (label, _classes) in ledger.CLASSES.items()]
        return [
            LineOf("line", pgettext_lazy("ledger", "Line"), choices=list(ledger.LINES.items()), several=False),
            KindOf("kind", _("Kind of visit"), choices=kinds, several=False),
            In("department", _("Department"), choices=places, several=False),
            DateRange("ended", _("Discharged"), field="ended_on", is_date=True),
            Boolean(
                "dated",
                _("With a discharge date"),
                condition=Q(ended_on__isnull=False),
                otherwise=_("Without a discharge date"),
                more=True,
            ),
        ]


class CasesOfLedger(Listing):
    name = "ledger_cases"
    bulk = CASES
    title = _("Cases of the ledger")
    order = "-discharged"
    columns = (
        Column("code", _("Case"), sort="code", link=Case.get_absolute_url, always=True),
        Column("disease", _("Disease"), value="pack_version.name", sort="abbr", width=28),
        *PATIENT,
        *WHERE,
        StateColumn("state", _("State"), sort="state"),
    )
    empty = Empty(_("No cases here"), _("Change the months or the state above."), icon="checks")

    @cached_property
    def filters(self) -> list[Any]:
        return [
            Choice("state", _("State"), choices=State.choices),
            In("department", _("Department"), choices=places, several=False),
            DateRange("ended", _("Discharged"), field="day", is_date=True),
        ]


def visits_for(user: Any) -> Any:
    """Return the rows of the list of visits: ended, of every kind."""
    rows = Visit.objects.within(user.departments_for(ledger.PERMISSION)).filter(is_gone=False, has_ended=True)
    return rows.select_related("department").prefetch_related("cases")


def cases_for(user: Any) -> Any:
    return ledger.cases_within(user.departments_for(ledger.PERMISSION)).select_related("pack_version", "department")

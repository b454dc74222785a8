"""The page that takes back what somebody did within a period: choose, look at what would happen, do it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from zhiheng.accounts.models import User
from zhiheng.audit.recording import MOST_SHOWN, log
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions
from zhiheng.forms.models import AnswerChange
from zhiheng.forms.undoing import undo_period_preview
from zhiheng.web.access import permission_required

LONGEST = timedelta(days=31)


def minute_input(example: str) -> forms.DateTimeInput:
    """A time as it is written everywhere else, not as the language of the page would have it."""
    return forms.DateTimeInput(format="%Y-%m-%d %H:%M", attrs={"placeholder": example, "autocomplete": "off"})


class PeriodForm(forms.Form):
    who = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Who"), empty_label=gettext_lazy("Choose…"))
    start = forms.DateTimeField(label=pgettext_lazy("period", "From"), widget=minute_input("2026-11-22 10:00"))
    end = forms.DateTimeField(label=pgettext_lazy("period", "Until"), widget=minute_input("2026-11-22 10:20"))

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cases = Case.objects.within(by.departments_for("forms.undo_period"))
        recent = AnswerChange.objects.filter(
            at__gte=timezone.now() - 12 * LONGEST, by__isnull=False, case__in=cases.values("pk")
        )
        people = User.objects.filter(pk__in=recent.values("by")).select_related("staff").order_by("staff__pinyin")
        self.fields["who"].queryset = people
        self.fields["who"].label_from_instance = lambda user: f"{user.display_name}（{user.username}）"

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        start, end = said.get("start"), said.get("end")
        if start and end and not start < end <= start + LONGEST:
            raise forms.ValidationError(_("The period must end after it begins, and be no longer than 31 days."))
        return said


@dataclass(frozen=True)
class CaseLines:
    code: str
    lines: tuple[actions.UndoLine, ...]


@permission_required("forms.undo_period")
@require_http_methods(["GET", "POST"])
def undo_period(request: HttpRequest) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    form = PeriodForm(asked or None, initial=last_hour(), by=request.user)
    lines: list[actions.UndoLine] | None = None
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        act = actions.undo_period if request.method == "POST" else undo_period_preview
        lines = act(by_whom=said["who"], start=said["start"], end=said["end"], by=request.user)
        _tell(request.user, said["who"], lines)
    context = {
        "form": form,
        "cases": None if lines is None else by_case(lines),
        "count": sum(not line.skipped for line in lines or ()),
        "skipped": sum(bool(line.skipped) for line in lines or ()),
        "is_done": request.method == "POST" and lines is not None,
    }
    return render(request, "forms/undo_period.html", context)


def _tell(by: User, who: User, lines: list[actions.UndoLine]) -> None:
    """Also where it is done: what is left as it is was shown all the same."""
    with transaction.atomic():
        cases = sorted({line.case.code for line in lines})
        log("forms.undo_previewed", by=by, on=who, shown=cases[:MOST_SHOWN], count=len(cases))


def last_hour() -> dict[str, datetime]:
    now = timezone.localtime().replace(second=0, microsecond=0)
    return {"start": now - timedelta(hours=1), "end": now + timedelta(minutes=1)}


def by_case(lines: Iterable[actions.UndoLine]) -> list[CaseLines]:
    found: dict[str, list[actions.UndoLine]] = {}
    for line in lines:
        found.setdefault(line.case.code, []).append(line)
    return [CaseLines(code, tuple(said)) for code, said in found.items()]

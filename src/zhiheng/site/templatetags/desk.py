"""What the templates of the desk and of a case's page use."""

from datetime import date
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.casefinding.models import Case, State
from zhiheng.site.worklist import FINISHED

register = template.Library()


@register.filter
def days_left(case: Case) -> int:
    return case.days_left(timezone.localdate()) or 0


@register.filter
def is_finished(case: Case) -> bool:
    return case.state in FINISHED


@register.filter
def positive(number: int) -> int:
    return abs(number)


@register.filter
def sex(code: str) -> str:
    return {"male": _("Male"), "female": _("Female")}.get(code, code)


@register.filter
def age(case: Case) -> int | None:
    """The age in whole years at admission."""
    born, then = case.sealed.get("birth_date"), case.admit_time
    if not born or not then:
        return None
    birth = date.fromisoformat(str(born)[:10])
    return then.year - birth.year - ((then.month, then.day) < (birth.month, birth.day))


@register.filter
def visit_class(code: str) -> str:
    names = {
        "inpatient": _("Inpatient"),
        "outpatient": _("Outpatient"),
        "emergency": _("Emergency"),
        "day_surgery": _("Day surgery"),
    }
    return names.get(code, code)


@register.filter
def said(entry: Any) -> str:
    """A reason or question in words, as screening or a person gave it."""
    return str(entry.get("text") or entry.get("id") or "") if isinstance(entry, dict) else str(entry)


@register.filter
def state_label(state: str) -> str:
    return str(State(state).label)


@register.simple_tag
def decision_url(case: Case) -> str:
    try:
        return reverse("casefinding:decision", args=[case.code])
    except NoReverseMatch:
        return ""

"""Words for what stands in the database by code."""

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from zhiheng.casefinding.models import Case, State

register = template.Library()


@register.filter
def decision_name(decision: str) -> str:
    return str(Case.Decision(decision).label)


@register.filter
def state_name(state: str) -> str:
    return str(State(state).label)


@register.filter
def class_name(kind: str) -> str:
    names = {
        "inpatient": _("Inpatient"),
        "outpatient": _("Outpatient"),
        "emergency": _("Emergency"),
        "day_surgery": _("Day surgery"),
    }
    return names.get(kind, kind)


@register.simple_tag
def act_url(act: str, code: str) -> str:
    return reverse(f"casefinding:{act}", args=[code])

"""Words for what stands in the database by code."""

from django import template
from django.urls import reverse

from zhiheng.casefinding.models import Case, State
from zhiheng.packversions.wording import CLASSES

register = template.Library()


@register.filter
def decision_name(decision: str) -> str:
    return str(Case.Decision(decision).label)


@register.filter
def state_name(state: str) -> str:
    return str(State(state).label)


@register.filter
def class_name(kind: str) -> str:
    return str(CLASSES.get(kind, kind))


@register.simple_tag
def act_url(act: str, code: str) -> str:
    return reverse(f"casefinding:{act}", args=[code])

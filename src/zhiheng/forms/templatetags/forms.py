"""What the templates of forms use."""

from django import template

from zhiheng.forms.models import AnswerChange, AnswerState
from zhiheng.forms.queries import ItemState
from zhiheng.forms.rendering import shown_value

register = template.Library()


@register.filter
def answer_state(state: str) -> str:
    return str(AnswerState(state).label)


@register.filter
def answer_text(item: ItemState) -> str:
    return shown_value(item)


@register.filter
def change_kind(kind: str) -> str:
    return str(AnswerChange.Kind(kind).label)

"""What packs and the engine say by code, in the words of the field."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhiheng.engine.find import Rules
from zhiheng.engine.find.facts import FACTS
from zhiheng.engine.language.render import render

UNITS = {
    "encounter": gettext_lazy("One visit"),
    "outpatient_visit": gettext_lazy("One outpatient visit"),
    "patient_year": gettext_lazy("A patient and year, in quarterly rounds"),
}
CLASSES = {
    "inpatient": gettext_lazy("Inpatient"),
    "outpatient": gettext_lazy("Outpatient"),
    "emergency": gettext_lazy("Emergency"),
    "day_surgery": gettext_lazy("Day surgery"),
}
# Values of the records that find rules look at. Pack texts are Chinese, and so are these.
_VALUES = {
    "inpatient": "住院",
    "outpatient": "门诊",
    "emergency": "急诊",
    "day_surgery": "日间手术",
    "transfer_community": "转社区",
    "transfer": "转院",
    "home": "医嘱离院",
    "against_advice": "非医嘱离院",
    "died": "死亡",
    "other": "其他",
    "male": "男",
    "female": "女",
    "in_progress": "在院",
    "finished": "已结束",
    "cancelled": "已取消",
    "planned": "预约",
}
_OPERATORS = {"and": "且", "or": "或", "not": "非", "is": "为", "null": "空", "true": "真", "false": "假"}
_CODES = re.compile(r"\b(" + "|".join(_VALUES) + r")\b")
_WORDS = re.compile(r"\b(" + "|".join(_OPERATORS) + r")\b")
_WHOLE_MINUTE = re.compile(r"(\d\d:\d\d):00\b")


def numbered(rules: Rules) -> dict[str, str]:
    """Return what the conditions of a pack are called on pages: condition 1, condition 2..."""
    return {each.id: _("Condition %(number)d") % {"number": at} for at, each in enumerate(rules.criteria, 1)}


def inclusion(rules: Rules, numbers: Mapping[str, str]) -> str:
    """Return the inclusion as a sentence over the numbered conditions."""

    def name(field: str) -> str:
        return numbers.get(field) or (FACTS[field].label if field in FACTS else field)

    return _WORDS.sub(lambda found: _OPERATORS[found[0]], render(rules.include.node, name))


def plain(text: str) -> str:
    """Return what the engine says it saw, codes of the records in words and times without idle seconds."""
    return _WHOLE_MINUTE.sub(r"\1", _CODES.sub(lambda found: _VALUES[found[0]], text))

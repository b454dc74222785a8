"""What packs and the engine say by code, in the words of the field."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhiheng.engine.find import Rules
from zhiheng.engine.find.facts import FACTS
from zhiheng.engine.language.render import render
from zhiheng.packs.diff import Change

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
CHANGES = {
    "added": gettext_lazy("Items added"),
    "removed": gettext_lazy("Items removed"),
    "options": gettext_lazy("Options changed"),
    "limits": gettext_lazy("Limits changed"),
    "items": gettext_lazy("Items changed otherwise"),
    "find": gettext_lazy("Who is a case"),
    "fills": gettext_lazy("Filling rules"),
    "checks": gettext_lazy("Checks"),
    "indicators": gettext_lazy("Indicators"),
    "pack.yaml": gettext_lazy("About the pack"),
}
_ASPECTS = {
    "label": gettext_lazy("Label"),
    "type": gettext_lazy("Type"),
    "section": gettext_lazy("Section"),
    "required": gettext_lazy("Must be answered"),
    "readonly": gettext_lazy("Read-only"),
    "shown": gettext_lazy("Shown when"),
    "computed": gettext_lazy("Formula"),
    "default": gettext_lazy("Default"),
    "options": gettext_lazy("Option"),
    "limits": gettext_lazy("Limit"),
    "sets": gettext_lazy("Sets"),
    "holds": gettext_lazy("must hold"),
    "expect": gettext_lazy("must hold"),
    "when": gettext_lazy("applies when"),
    "message": gettext_lazy("message"),
    "severity": gettext_lazy("severity"),
    "source": gettext_lazy("source"),
    "value": gettext_lazy("value"),
    "where": gettext_lazy("condition"),
    "listed": gettext_lazy("codes"),
    "reason": gettext_lazy("reason"),
    "name": gettext_lazy("name"),
    "version": gettext_lazy("version"),
    "valid_from": gettext_lazy("valid from"),
    "valid_until": gettext_lazy("valid until"),
}
_STEPS = re.compile(r"\.|\[([^\]]*)\]")
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


def kind_of_change(change: Change) -> str:
    """Return which of `CHANGES` a difference between two versions belongs to."""
    subject = change.what.partition(" ")[0]
    if subject in CHANGES:
        return subject
    if not change.what.startswith("条目 "):
        return "items"
    if not change.aspect:
        return change.kind
    return next((kind for kind in ("options", "limits") if change.aspect.startswith(kind)), "items")


def subject_of_change(change: Change, labels: Mapping[str, str]) -> str:
    """Return what a difference is about: an item by code and label, a rule by its name."""
    head, _space, rest = change.what.partition(" ")
    if head == "条目":
        return f"{rest} {labels.get(rest, '')}"
    name = rest.partition("[")[2].removesuffix("]") or rest
    return name or (head if head != "pack.yaml" else "")


def aspect(text: str) -> str:
    """Return what changed of an item or rule in words, as far as there are words: options.y is option y."""
    steps = [step for step in _STEPS.split(text) if step]
    return " ".join(str(_ASPECTS.get(step, step)) for step in steps if not step.isdigit() or len(steps) == 2)


def plainly(value: object) -> str:
    """Return a value of a pack as it may stand on a page."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)

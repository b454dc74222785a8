"""Say clause by clause, in words and marks, why a visit is or is not a case of a disease."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from zhiheng.engine.find import Evidence, Explanation, Rules, Step
from zhiheng.engine.find.facts import FACTS
from zhiheng.engine.language.render import render
from zhiheng.packversions.models import PackVersion

_WORDS = {"and": "且", "or": "或", "not": "非", "is": "为", "null": "空", "true": "真", "false": "假"}
_PLAIN = re.compile(r"\b(" + "|".join(_WORDS) + r")\b")


@dataclass(frozen=True)
class Clause:
    """A condition with its mark. `look` names the tone and icon; `says` the mark in words."""

    name: str
    text: str
    look: str
    says: str
    seen: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Why:
    """Why a visit is or is not a case under one version of a pack."""

    version: PackVersion
    decision: str  # in, out, undecided, or "" where it is no candidate at all
    verdict: str
    gates: list[Clause]
    criteria: list[Clause]
    include: Clause
    considers: list[Clause]
    exclusions: list[Clause]


def say(explanations: Iterable[Explanation], rules: Iterable[Rules], versions: Mapping[str, PackVersion]) -> list[Why]:
    """Return the explanations that concern the visit: of the version valid at its discharge, else of all."""
    of_version = {(each.abbr, each.version): each for each in rules}
    given = list(explanations)
    valid = [each for each in given if _step(each, "gate", "version").holds is not False]
    return [_say(each, of_version[each.pack, each.version], versions[each.version]) for each in valid or given]


def _say(explanation: Explanation, rules: Rules, version: PackVersion) -> Why:
    numbers = {each.id: _("Condition %(number)d") % {"number": at} for at, each in enumerate(rules.criteria, 1)}
    steps = explanation.steps
    include = _step(explanation, "include", "include")
    return Why(
        version=version,
        decision=str(explanation.decision or ""),
        verdict=_verdict(explanation),
        gates=[_clause(each) for each in steps if each.kind == "gate"],
        criteria=[_clause(each, numbers[each.id]) for each in steps if each.kind == "criterion"],
        include=Clause("", in_words(rules, numbers), *_mark(include.holds), (), ()),
        considers=[_clause(each) for each in steps if each.kind == "consider"],
        exclusions=[_excluding(each) for each in steps if each.kind == "exclusion"],
    )


def in_words(rules: Rules, numbers: Mapping[str, str]) -> str:
    """Return the inclusion as a sentence over the numbered conditions."""

    def name(field: str) -> str:
        return numbers.get(field) or (FACTS[field].label if field in FACTS else field)

    return _PLAIN.sub(lambda found: _WORDS[found[0]], render(rules.include.node, name))


def _verdict(explanation: Explanation) -> str:
    if explanation.decision is not None:
        return {
            "in": _("It is a case of this disease."),
            "out": _("It meets the inclusion, and is excluded."),
            "undecided": _("It may be a case: a person has to answer the questions."),
        }[str(explanation.decision)]
    failed = [each for each in explanation.steps if each.kind == "gate" and each.holds is False]
    if failed:
        return _("It is no case: “%(gate)s” does not hold.") % {"gate": failed[0].text}
    return _("It is no case: the inclusion is not met.")


def _step(explanation: Explanation, kind: str, name: str) -> Step:
    return next(each for each in explanation.steps if each.kind == kind and each.id == name)


def _clause(step: Step, name: str = "") -> Clause:
    # Which codes were looked at matters where none of them met the condition; else the row that did says enough.
    seen = () if step.evidence else step.seen
    return Clause(name, step.text, *_mark(step.holds), seen, step.evidence)


def _excluding(step: Step) -> Clause:
    if step.holds is None:
        return Clause("", step.text, "unknown", _("a person must answer"), step.seen, step.evidence)
    look, says = ("error", _("excludes")) if step.holds else ("passed", _("does not apply"))
    return Clause("", step.text, look, says, step.seen, step.evidence)


def _mark(holds: bool | None) -> tuple[str, str]:
    if holds is None:
        return "unknown", _("cannot be told from the records")
    return ("passed", _("met")) if holds else ("failed", _("not met"))

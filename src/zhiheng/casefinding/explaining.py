"""Say clause by clause, in words and marks, why a visit is or is not a case of a disease."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from zhiheng.engine.find import Evidence, Explanation, Rules, Step
from zhiheng.packversions import wording
from zhiheng.packversions.models import PackVersion


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
    looked_for: list[Clause]  # conditions that only exclusions ask for


def say(
    explanations: Iterable[Explanation],
    rules: Iterable[Rules],
    versions: Mapping[str, PackVersion],
    systems: Mapping[str, str],
) -> list[Why]:
    """Return the explanations that concern the visit: of the version valid at its discharge, else of all.

    `systems` is what people call the systems from which the rows of evidence come.
    """
    of_version = {(each.abbr, each.version): each for each in rules}
    given = [_with_systems(each, systems) for each in explanations]
    valid = [each for each in given if _step(each, "gate", "version").holds is not False]
    return [_say(each, of_version[each.pack, each.version], versions[each.version]) for each in valid or given]


def _with_systems(explanation: Explanation, systems: Mapping[str, str]) -> Explanation:
    def named(row: Evidence) -> Evidence:
        return replace(row, source=systems.get(row.source, row.source))

    steps = [replace(each, evidence=tuple(map(named, each.evidence))) for each in explanation.steps]
    return replace(explanation, steps=tuple(steps))


def _say(explanation: Explanation, rules: Rules, version: PackVersion) -> Why:
    numbers = wording.numbered(rules)
    including = {name for each in (rules.include, *(c.raised for c in rules.considers)) if each for name in each.fields}
    steps = explanation.steps
    include = _step(explanation, "include", "include")
    return Why(
        version=version,
        decision=str(explanation.decision or ""),
        verdict=_verdict(explanation),
        gates=[_clause(each) for each in steps if each.kind == "gate"],
        criteria=[
            _clause(each, numbers[each.id]) for each in steps if each.kind == "criterion" and each.id in including
        ],
        include=Clause("", wording.inclusion(rules, numbers), *_mark(include.holds), (), ()),
        considers=[_clause(each) for each in steps if each.kind == "consider"],
        exclusions=[_excluding(each) for each in steps if each.kind == "exclusion"],
        looked_for=[_looked_for(each) for each in steps if each.kind == "criterion" and each.id not in including],
    )


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
    seen = () if step.evidence else tuple(map(wording.plain, step.seen))
    text = wording.plain(step.text) if step.kind == "gate" else step.text
    return Clause(name, text, *_mark(step.holds), seen, step.evidence)


def _looked_for(step: Step) -> Clause:
    """A condition that only exclusions ask for: whether it is there is neither good nor bad."""
    says = {True: _("there"), False: _("not there"), None: _("cannot be told from the records")}[step.holds]
    return Clause("", step.text, "not_applicable", says, (), step.evidence)


def _excluding(step: Step) -> Clause:
    seen = tuple(map(wording.plain, step.seen))
    if step.holds is None:
        return Clause("", step.text, "unknown", _("a person must answer"), seen, step.evidence)
    look, says = ("error", _("excludes")) if step.holds else ("passed", _("does not apply"))
    return Clause("", step.text, look, says, seen, step.evidence)


def _mark(holds: bool | None) -> tuple[str, str]:
    if holds is None:
        return "unknown", _("cannot be told from the records")
    return ("passed", _("met")) if holds else ("failed", _("not met"))

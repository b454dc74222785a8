"""Describe a pack as plain data: for `zhiheng pack show --json`, for other programs and for generated pages."""

from collections.abc import Iterable
from typing import Any

from zhiheng.engine.check import Check
from zhiheng.engine.fill import Rule
from zhiheng.engine.find import Criterion, Exclusion, Rules
from zhiheng.engine.form import Item
from zhiheng.engine.language import Expression
from zhiheng.engine.measure import Indicator

from .loading import Pack


def describe(pack: Pack) -> dict[str, Any]:
    """Return everything a pack says. Expressions are given as their text, items by national code."""
    return {
        **pack.spec.model_dump(mode="json", exclude_none=True),
        "version": pack.version,
        "content_hash": pack.content_hash,
        "items": [_item(item) for item in pack.form.items],
        "find": _find(pack.find) if pack.find else None,
        "fills": [_fill(rule) for rule in pack.fills.plan.rules] if pack.fills else [],
        "checks": [_check(check) for check in pack.checks or ()],
        "indicators": [_indicator(indicator) for indicator in pack.indicators or ()],
    }


def _item(item: Item) -> dict[str, Any]:
    return _said(
        code=item.code,
        id=item.id,
        alias=item.alias,
        label=item.label,
        section=list(item.section),
        type=item.type.value,
        required=item.required,
        options={option.value: option.label for option in item.options},
        shown=_text(item.shown),
        computed=_text(item.computed),
        default=item.default,
        sets=[{"when": each.when.text, "item": each.target, "to": _text(each.to)} for each in item.sets],
        limits=[
            {"id": each.id, "holds": each.holds.text, "severity": each.severity, "message": each.message}
            for each in item.limits
        ],
        max_length=item.max_length,
        readonly=item.readonly,
    )


def _find(rules: Rules) -> dict[str, Any]:
    return {
        "unit": rules.unit.value,
        "classes": list(rules.classes),
        "status": rules.status,
        "criteria": {each.id: _criterion(each) for each in rules.criteria},
        "include": rules.include.text,
        "consider": [_said(id=each.id, ask=each.ask, when=_text(each.raised)) for each in rules.considers],
        "exclude": [_exclusion(each) for each in rules.exclusions],
    }


def _criterion(each: Criterion) -> dict[str, Any]:
    return _said(
        table=each.table,
        position=each.position.value,
        codes=list(each.listed),
        names=list(each.names),
        present_on_admission=each.present_on_admission,
        earlier_visits=each.earlier,
    )


def _exclusion(each: Exclusion) -> dict[str, Any]:
    return _said(
        id=each.id,
        reason=each.reason,
        when=_text(each.when),
        ask=each.ask,
        raised=_text(each.raised),
        goes_before=list(each.packs),
        by_unit=each.by_unit,
        source=each.origin.text,
        confidence=each.origin.confidence,
    )


def _fill(rule: Rule) -> dict[str, Any]:
    return _said(
        id=rule.id,
        item=rule.item,
        table=rule.table,
        take=rule.take,
        value=_text(rule.value),
        answer=rule.answer,
        where=_text(rule.where),
        terms=list(rule.terms),
        pattern=rule.pattern.match if rule.pattern else None,
        map=dict(rule.mapping or {}),
        options_by_code=rule.by_code,
        unit=rule.unit,
        absent=rule.absent,
        source=rule.source,
    )


def _check(check: Check) -> dict[str, Any]:
    return _said(
        id=check.id,
        item=check.item,
        when=_text(check.when),
        expect=check.expect.text,
        severity=check.severity,
        message=check.message,
        source=check.source,
    )


def _indicator(each: Indicator) -> dict[str, Any]:
    return _said(
        code=each.code,
        name=each.name,
        kind=each.kind.value,
        **{name: clause.text for name, clause in each.clauses.items()},
        observation=_text(each.observation),
        undecidable=each.undecidable,
        direction=each.direction,
        target=each.target,
        unit=each.unit,
        numerator_says=each.numerator_says,
        denominator_says=each.denominator_says,
        source=each.source,
        confidence=each.confidence,
    )


def _text(expression: Expression | None) -> str | None:
    return expression.text if expression is not None else None


def _said(**values: Any) -> dict[str, Any]:
    """Return what is said, without what is empty."""
    return {name: value for name, value in values.items() if not _is_empty(value)}


def _is_empty(value: object) -> bool:
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def sections(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Return the items by their outermost section, in the order of the form."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.section[0] if item.section else "", []).append(item)
    return found

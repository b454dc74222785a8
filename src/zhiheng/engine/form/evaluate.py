"""Evaluate a form: from answers in JSON form to what is shown, derived, missing and wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from zhiheng.engine.form.parts import Evaluation, Finding, Form, Item, ItemType
from zhiheng.engine.form.program import Run
from zhiheng.engine.form.values import Wrong, is_unanswered, to_json, to_text
from zhiheng.lib.suggest import nearest

DERIVED = ("sets", "computed")


def evaluate(form: Form, answers: Mapping[str, object], firm: Collection[str] = ()) -> Evaluation:
    """What follows from `answers` (national code to value in JSON form); see `program` for the rules.

    `firm` are the codes of answers that stay where a rule of the form would set something else.
    """
    reading = read(form, answers)
    names = {form.by_code[code].id for code in firm if code in form.by_code}
    return conclude(form, answers, reading, form.program.run(reading.values, names))


@dataclass(frozen=True)
class Reading:
    """The answers by identifier, as values; what is wrong with the others, by national code."""

    values: Mapping[str, object]
    wrong: Mapping[str, Wrong]
    unknown: tuple[str, ...]


def read(form: Form, answers: Mapping[str, object]) -> Reading:
    readers = form.readers
    values: dict[str, object] = {}
    wrong: dict[str, Wrong] = {}
    unknown: list[str] = []
    for code, raw in answers.items():
        known = readers.get(code)
        if known is None:
            unknown.append(code)
        elif not is_unanswered(raw):
            identifier, as_value = known
            try:
                values[identifier] = as_value(raw)
            except Wrong as problem:
                wrong[code] = problem
    return Reading(values, wrong, tuple(unknown))


def conclude(form: Form, answers: Mapping[str, object], reading: Reading, run: Run) -> Evaluation:
    shown: list[str] = []
    values: dict[str, object] = {}
    missing: list[str] = []
    aside: dict[str, object] = {}
    findings = [_unknown(form, code, answers[code]) for code in reading.unknown]
    broken = _broken(form, run)
    for item, is_shown, value in zip(form.items, run.shown, run.values, strict=True):
        if is_shown:
            shown.append(item.code)
            if value is None:
                if item.required:
                    missing.append(item.code)
            else:
                values[item.code] = to_text(value) if item.type is ItemType.TEXT else to_json(value)
            if item.code in reading.wrong:
                findings.append(_wrong(item, reading.wrong[item.code], answers[item.code]))
            if item.max_length is not None and isinstance(value, str) and len(value) > item.max_length:
                findings.append(_too_long(item, value))
            findings += broken.get(item.code, ())
            if item.id in run.kept:
                findings.append(_kept(item, run.kept[item.id], value))
        if item.code in answers and not _counts(item, is_shown, value, reading, run):
            aside[item.code] = answers[item.code]
        if item.id in run.lost:
            findings.append(_lost(form, item, run, answers[item.code]))
    origins = {form.by_id[name].code: kind for name, kind in run.made.items() if form.by_id[name].code in values}
    return Evaluation(tuple(shown), values, tuple(missing), tuple(findings), aside, origins)


def _counts(item: Item, is_shown: bool, value: object, reading: Reading, run: Run) -> bool:
    """Whether the answer is what the form has now, or there was none."""
    if item.id not in reading.values:
        return is_shown or item.code not in reading.wrong
    return is_shown and (run.made.get(item.id) not in DERIVED or reading.values[item.id] == value)


def _broken(form: Form, run: Run) -> dict[str, list[Finding]]:
    if not run.broken:
        return {}
    every = form.limits
    value = {item.id: found for item, found in zip(form.items, run.values, strict=True)}
    findings: dict[str, list[Finding]] = {}
    for number in run.broken:
        item, limit = every[number]
        names = dict.fromkeys((item.id, *limit.holds.fields))
        found = {form.by_id[name].code: to_json(value[name]) for name in names}
        findings.setdefault(item.code, []).append(Finding(limit.id, item.code, limit.severity, limit.message, found))
    return findings


def _unknown(form: Form, code: str, raw: object) -> Finding:
    near = _nearest(code, tuple(form.by_code))
    meant = f"是否应为 {near}（{form.by_code[near].label}）？" if near else "请核对项目编码和表单版本。"
    message = f"{form.abbr} 表单没有项目 {code}。{meant}"
    return Finding("unknown_item", code, "error", message, {code: raw})


@lru_cache(maxsize=4096)
def _nearest(code: str, codes: tuple[str, ...]) -> str | None:
    """Answers to another form are unknown line after line: look for each code once."""
    return nearest(code, codes)


def _wrong(item: Item, wrong: Wrong, raw: object) -> Finding:
    return Finding(wrong.rule, item.code, "error", f"{item.label}：{wrong.message}", {item.code: raw})


def _too_long(item: Item, value: str) -> Finding:
    message = f"{item.label}：最多 {item.max_length} 个字，现为 {len(value)} 个字，请缩短。"
    return Finding("max_length", item.code, "error", message, {item.code: value})


def _kept(item: Item, by_rule: object, value: object) -> Finding:
    labels = {option.value: f"{option.value} {option.label}" for option in item.options}

    def said(found: object) -> str:
        each = found if isinstance(found, tuple) else (found,)
        return "、".join(labels.get(str(one), str(to_json(one))) for one in each)

    rule = f"“{said(by_rule)}”" if by_rule is not None else "空"
    message = f"{item.label}：表单的联动规则会把本项改为{rule}，现保留有依据的值“{said(value)}”，请核对。"
    return Finding("kept", item.code, "hint", message, {item.code: to_json(value)})


def _lost(form: Form, item: Item, run: Run, raw: object) -> Finding:
    fields = item.shown.fields if item.shown is not None else ()
    rivals = [
        other
        for other, value in zip(form.items, run.values, strict=True)
        if other.id in fields and value is not None and other.shown is not None and item.id in other.shown.fields
    ]
    labels = "、".join(f"{other.code} {other.label}" for other in rivals)
    message = (
        f"{item.label}：与 {labels} 只能填写一项，现两项都有答案。按表单顺序以前者为准，本项已搁置；请只保留一项。"
    )
    found = {other.code: to_json(run.values[form.items.index(other)]) for other in rivals}
    return Finding("alternative", item.code, "error", message, {item.code: raw, **found})

"""Evaluate answers that stand in a file, one case a line (NDJSON: national code to value)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from zhiheng.engine.check import Checks
from zhiheng.engine.form import Evaluation, Finding, Form, evaluate

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def evaluate_lines(form: Form, lines: Iterable[str | bytes], checks: Checks | None = None) -> Iterator[dict[str, Any]]:
    """For each line that is not blank, what follows from its answers, ready to be written as JSON.

    The findings of `checks`, rules of ours beyond the national limits, come behind those of the form.

    A line that cannot be read gives a finding with nothing shown, and the rest goes on. `line` counts from 1.
    """
    for number, line in enumerate(lines, 1):
        text = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
        text = text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text
        if not text.strip():
            continue
        try:
            answers = orjson.loads(text)
        except orjson.JSONDecodeError as problem:
            yield {"line": number, **_nothing(_unreadable(problem))}
            continue
        if isinstance(answers, dict):
            evaluation = evaluate(form, answers)
            ours = checks.findings(evaluation.values) if checks else ()
            yield {"line": number, **as_json(replace(evaluation, findings=(*evaluation.findings, *ours)))}
        else:
            yield {"line": number, **_nothing(_no_object(answers))}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as plain lists and dicts."""
    return {
        "shown": list(evaluation.shown),
        "values": dict(evaluation.values),
        "missing": list(evaluation.missing),
        "findings": [finding_as_json(each) for each in evaluation.findings],
        "aside": dict(evaluation.aside),
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "item": finding.item,
        "severity": finding.severity,
        "message": finding.message,
        "found": dict(finding.found),
    }


def _nothing(finding: Finding) -> dict[str, Any]:
    return {"shown": [], "values": {}, "missing": [], "findings": [finding_as_json(finding)], "aside": {}}


def _unreadable(problem: orjson.JSONDecodeError) -> Finding:
    place = f"第 {problem.colno} 个字符附近"
    message = (
        f'这一行不是有效的 JSON（{place}：{problem.msg}）。每行应为一个对象，如 {{"CM-0-2-1-2": "M"}}，UTF-8 编码。'
    )
    return Finding("line", "", "error", message)


def _no_object(found: object) -> Finding:
    kind = {list: "数组", str: "文字", int: "数字", float: "数字", bool: "真假值", type(None): "null"}[type(found)]
    message = f'这一行应为一个 JSON 对象（项目编码: 答案），现为{kind}。如 {{"CM-0-2-1-2": "M"}}。'
    return Finding("line", "", "error", message)

"""Every event that the code writes into the audit trail has a name, and every name stands for such an event."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import zhiheng
from zhiheng.audit.events import NAMES, ROOMS

SOURCE = Path(zhiheng.__file__).parent


def is_log(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr == "log" and isinstance(function.value, ast.Name) and function.value.id == "audit"
    return isinstance(function, ast.Name) and function.id == "log"


def called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def values_given(calls: dict[str, list[ast.Call]], function: ast.FunctionDef, name: str) -> Iterator[ast.expr]:
    """Yield what the module's own calls of a function say for one of its arguments."""
    place = [argument.arg for argument in function.args.args].index(name)
    for call in calls[function.name]:
        yield from (call.args[place : place + 1] or [each.value for each in call.keywords if each.arg == name])


def events_of(tree: ast.Module) -> Iterator[str]:
    """Yield the events that a module logs; a test of its own follows those that it does not spell out in one piece."""
    calls = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            calls[called(node)].append(node)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and is_log(node)):
            [event, *_more] = call.args
            given = values_given(calls, function, event.id) if isinstance(event, ast.Name) else [event]
            for expression in given:
                yield from spelled(expression)


def spelled(expression: ast.expr) -> Iterator[str]:
    match expression:
        case ast.Constant(value=str(event)):
            yield event
        case ast.IfExp(body=one, orelse=other):
            yield from (*spelled(one), *spelled(other))
        case ast.JoinedStr(values=[ast.Constant(value="web."), ast.FormattedValue(value=ast.Name(id="act"))]):
            yield from (f"web.{act}" for act in acts_of_lists())
        case _:
            pytest.fail(f"line {expression.lineno}: write the event out, so that it can be looked for")


def acts_of_lists() -> set[str]:
    """Return what the lists say in the signal that the audit trail listens to."""
    calls = (node for node in ast.walk(parsed(SOURCE / "web/listing/listing.py")) if isinstance(node, ast.Call))
    return {word for call in calls if called(call) == "tell" for word in spelled(call.args[0])}


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def logged() -> dict[str, Path]:
    return {event: file for file in sorted(SOURCE.rglob("*.py")) for event in events_of(parsed(file))}


def test_every_event_has_a_name(logged):
    nameless = {event: str(file.relative_to(SOURCE)) for event, file in logged.items() if event not in NAMES}
    assert nameless == {}


def test_every_name_stands_for_an_event(logged):
    assert set(NAMES) - set(logged) == set()


def test_every_event_belongs_to_a_room_that_can_be_filtered_by(logged):
    assert {event.partition(".")[0] for event in logged} == set(ROOMS)


def test_what_a_helper_logs_for_others_is_found_with_its_callers():
    code = """
def cancel(batch): return _note(batch, "jobs.cancelled")
def retry(batch): return _note(batch, event="jobs.retried")
def _note(batch, event): audit.log(event, on=batch)
def other(made): log("jobs.made" if made else "jobs.changed", by=None)
"""
    assert set(events_of(ast.parse(code))) == {"jobs.cancelled", "jobs.retried", "jobs.made", "jobs.changed"}

"""Departments that records name and nobody has made yet; the stages that hold records say which they have seen."""

from collections.abc import Callable, Iterable

from zhiheng.accounts import queries

Finder = Callable[[], Iterable[tuple[str, str]]]
_finders: list[Finder] = []


def look_with(finder: Finder) -> None:
    """Register a function that returns (code, name) of departments as records carry them."""
    if finder not in _finders:
        _finders.append(finder)


def unknown_departments() -> list[tuple[str, str]]:
    """Return (code, name) of what was seen in records and belongs to no department, by code."""
    found = {code: name for finder in _finders for code, name in finder()}
    return [(code, found[code]) for code in queries.unknown_departments(found)]

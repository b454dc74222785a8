"""The departments as a tree, in the order in which people read it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from zhiheng.accounts.models import Department
from zhiheng.accounts.scope import departments_below


class Place(NamedTuple):
    department: Department
    depth: int


def tree(departments: Iterable[Department]) -> Iterator[Place]:
    """Yield every department below the one it is part of; one whose parent is not among them stands on top."""
    rows = sorted(departments, key=lambda d: (d.code, d.valid_from or date.min))
    known = {department.pk for department in rows}
    children = defaultdict(list)
    for department in rows:
        children[department.parent_id if department.parent_id in known else None].append(department)
    yield from _below(None, 0, children)


def _below(parent: int | None, depth: int, children: dict[int | None, list[Department]]) -> Iterator[Place]:
    for department in children.get(parent, ()):
        yield Place(department, depth)
        yield from _below(department.pk, depth + 1, children)


def department_choices(day: date, also: Department | None = None, without: Iterable[int] = ()) -> list[tuple[int, str]]:
    """Return the departments of a day to choose from, indented; `without` some and what is below them."""
    hidden = departments_below(without)
    rows = {d.pk: d for d in Department.objects.on(day) if d.pk not in hidden}
    if also is not None:
        rows.setdefault(also.pk, also)
    return [(d.pk, "\u3000" * depth + f"{d.name}（{d.code}）") for d, depth in tree(rows.values())]


def filter_options(_request: object = None) -> list[tuple[int, str, int]]:
    """Return all departments for the filter of a list."""
    return [(d.pk, d.name, depth) for d, depth in tree(Department.objects.all())]


def within(department: str) -> list[int]:
    return sorted(departments_below([int(department)]))

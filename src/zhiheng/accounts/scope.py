"""Where a permission reaches: some departments with all that is below them, or the whole organisation."""

from collections.abc import Iterable

from django.db import connection


class _Everywhere(frozenset):  # type: ignore[type-arg]
    """Every department, also those that are opened tomorrow, and what belongs to none."""

    def __contains__(self, department: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return "ALL"


ALL = _Everywhere()

# A department that was renamed is another row with the same code: whoever was granted one is granted the other.
_BELOW = """
    with recursive below as (
        select id, organisation_id, code from accounts_department where id = any(%s)
        union
        select d.id, d.organisation_id, d.code
        from below join accounts_department d
        on d.parent_id = below.id or (d.organisation_id = below.organisation_id and d.code = below.code)
    )
    select id from below
"""


def departments_below(departments: Iterable[int]) -> frozenset[int]:
    """Return the ids of `departments`, of their earlier and later versions, and of everything below these."""
    ids = list(departments)
    if not ids:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [ids])
        return frozenset(row[0] for row in cursor.fetchall())

"""Where a visit belongs: the campus and department that the hospital's own table names, as they were at discharge."""

from collections.abc import Iterable
from datetime import date

from zhiheng.accounts.models import Campus, Department


class Places:
    """The organisation's campuses and departments, looked up by what records say of them."""

    def __init__(self) -> None:
        self._campuses = {name: campus for campus in Campus.objects.all() for name in (campus.name, campus.code)}
        departments = list(Department.objects.all())
        self._by_code = _grouped(departments, "code")
        self._by_name = _grouped(departments, "name")

    def campus(self, said: str | None) -> Campus | None:
        return self._campuses.get(said or "")

    def department(
        self, code: str | None, name: str | None, campus: Campus | None, on: date | None
    ) -> Department | None:
        """Return the department of this code that was valid on the day; by its name only where there is no code.

        None where that leaves several or none: nobody guesses whose case it is.
        """
        found = self._by_code.get(code, []) if code else self._by_name.get(name or "", [])
        valid = [each for each in found if on is None or each.is_valid_on(on)]
        here = [each for each in valid if campus is None or each.campus_id in (None, campus.pk)]
        return here[0] if len(here) == 1 else None


def _grouped(departments: Iterable[Department], field: str) -> dict[str, list[Department]]:
    found: dict[str, list[Department]] = {}
    for each in departments:
        found.setdefault(getattr(each, field), []).append(each)
    return found

"""Enter the people who work in the hospital, one by one or from a file."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from zhiheng.accounts import sessions
from zhiheng.accounts.actions.refusals import Refused
from zhiheng.accounts.models import Department, Staff, User
from zhiheng.accounts.staff_file import Row
from zhiheng.audit.recording import log


@transaction.atomic
def add_staff(*, code: str, name: str, by: User | None, department: Department | None = None, title: str = "") -> Staff:
    if Staff.objects.filter(code=code).exists():
        raise Refused(_("The staff number %(code)s is taken.") % {"code": code})
    staff = Staff.objects.create(code=code, name=name, department=department, title=title)
    log("accounts.staff_added", by=by, on=staff, department=department.code if department else None)
    return staff


@transaction.atomic
def change_staff(*, staff: Staff, changes: dict[str, Any], by: User | None) -> Staff:
    """Correct a person's data. Whoever has left loses the sessions at once and cannot log in again."""
    for name, value in changes.items():
        setattr(staff, name, value)
    staff.save()
    log("accounts.staff_changed", by=by, on=staff, fields=sorted(changes))
    if staff.left_on and (account := User.objects.filter(staff=staff).first()):
        sessions.end_all(account)
    return staff


@transaction.atomic
def import_staff(*, rows: list[Row], by: User | None) -> dict[str, int]:
    """Enter the rows of a file that was read without problem; people who are known are changed."""
    counts = {"added": 0, "changed": 0, "same": 0}
    for row in rows:
        counts[_enter(row)] += 1
    log("accounts.staff_imported", by=by, **counts)
    return counts


def _enter(row: Row) -> str:
    wanted = {"name": row.name, "title": row.title, "department_id": row.department, "left_on": row.left_on}
    staff = Staff.objects.filter(code=row.code).first()
    if staff is None:
        Staff.objects.create(code=row.code, **wanted)
        return "added"
    if all(getattr(staff, name) == value for name, value in wanted.items()):
        return "same"
    for name, value in wanted.items():
        setattr(staff, name, value)
    staff.save()
    if row.left_on and (account := User.objects.filter(staff=staff).first()):
        sessions.end_all(account)
    return "changed"

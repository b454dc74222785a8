"""Make and change the hospital, its campuses and its departments."""

from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from zhiheng.accounts.actions.refusals import Refused
from zhiheng.accounts.models import Campus, Department, Organisation, User
from zhiheng.accounts.scope import departments_below
from zhiheng.audit.recording import log


@transaction.atomic
def make_organisation(*, code: str, name: str, by: User | None) -> Organisation:
    organisation, made = Organisation.objects.update_or_create(code=code, defaults={"name": name})
    log("accounts.organisation_made" if made else "accounts.organisation_changed", by=by, on=organisation)
    return organisation


@transaction.atomic
def save_campus(*, organisation: Organisation, code: str, name: str, by: User | None) -> Campus:
    campus, made = Campus.objects.update_or_create(organisation=organisation, code=code, defaults={"name": name})
    log("accounts.campus_made" if made else "accounts.campus_changed", by=by, on=campus)
    return campus


@transaction.atomic
def add_department(
    *,
    organisation: Organisation,
    code: str,
    name: str,
    by: User | None,
    campus: Campus | None = None,
    parent: Department | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Department:
    """Open a department. Refused where the same code is in use in that time."""
    department = Department(
        organisation=organisation,
        campus=campus,
        parent=parent,
        code=code.strip(),
        name=name.strip(),
        valid_from=valid_from,
        valid_until=valid_until,
    )
    _save(department)
    log("accounts.department_added", by=by, on=department)
    return department


@transaction.atomic
def change_department(*, department: Department, changes: dict[str, Any], by: User | None) -> Department:
    """Correct what was entered wrongly. A department that is renamed from a day on: `rename_department`."""
    before = {name: _plain(getattr(department, name)) for name in changes}
    for name, value in changes.items():
        setattr(department, name, value)
    _refuse_circle(department)
    _save(department)
    after = {name: _plain(getattr(department, name)) for name in changes}
    log("accounts.department_changed", by=by, on=department, before=before, after=after)
    return department


@transaction.atomic
def rename_department(*, department: Department, name: str, from_day: date, by: User | None) -> Department:
    """Give a department another name from a day on; what happened before keeps the old one."""
    if not department.is_valid_on(from_day) or from_day == department.valid_from:
        raise Refused(_("The day must lie after the first day of this name and not after its last."))
    end = department.valid_until
    close_department(department=department, last_day=from_day - timedelta(days=1), by=by)
    return add_department(
        organisation=department.organisation,
        campus=department.campus,
        parent=department.parent,
        code=department.code,
        name=name,
        valid_from=from_day,
        valid_until=end,
        by=by,
    )


@transaction.atomic
def close_department(*, department: Department, last_day: date, by: User | None) -> None:
    """Close a department after a day. Its cases and its history stay."""
    department.valid_until = last_day
    _save(department)
    log("accounts.department_closed", by=by, on=department, last_day=str(last_day))


def _refuse_circle(department: Department) -> None:
    if department.parent_id and department.parent_id in departments_below([department.pk]):
        raise Refused(_("A department cannot stand below itself or below what is part of it."))


def _save(department: Department) -> None:
    if department.valid_from and department.valid_until and department.valid_until < department.valid_from:
        raise Refused(_("The last day is before the first."))
    if department.parent and department.parent.organisation_id != department.organisation_id:
        raise Refused(_("The department above belongs to another organisation."))
    try:
        with transaction.atomic():
            department.save()
    except IntegrityError as problem:
        if "department_once_at_a_time" not in str(problem):
            raise
        raise Refused(
            _("The code %(code)s is in use by a department in that time. Close that first, or choose other dates.")
            % {"code": department.code}
        ) from problem


def _plain(value: Any) -> Any:
    return getattr(value, "code", None) or (None if value is None else str(value))

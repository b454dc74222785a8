"""The demo hospital's departments and staff, and one account for each role."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db import transaction

from zhiheng.accounts import actions
from zhiheng.accounts.models import Department, Organisation, Policy, Role, Staff, User
from zhiheng.sources.demo.catalogue import HOSPITAL, ORGANISATION, catalogue

WARD = "cardiology"  # where the filler and the reviewer of the demo work
OTHERS = {
    Role.QUALITY_OFFICER: ("quality", "ZK01", "周文静"),
    Role.SUBMITTER: ("submitter", "ZK02", "郑晓岚"),
    Role.LEADER: ("leader", "YZ01", "顾长青"),
    Role.MAINTENANCE_ENGINEER: ("engineer", "XX01", "何志远"),
    Role.SYSTEM_ADMINISTRATOR: ("system", "XX02", "陶建国"),
    Role.SECURITY_ADMINISTRATOR: ("security", "BW01", "秦海燕"),
    Role.AUDIT_ADMINISTRATOR: ("audit", "SJ01", "邵正明"),
}


@dataclass(frozen=True)
class Account:
    """How to log in as somebody of the demo hospital."""

    username: str
    password: str
    role: str
    name: str
    department: str


def settle(remembered: Path) -> None:
    """Make departments, staff and accounts; the passwords are kept in the file `remembered` alone."""
    with transaction.atomic():
        departments = _departments()
        accounts = [_account(*who) for who in _holders(departments)]
        actions.change_policy(changes={"password_days": 0, "idle_minutes": 120}, by=None)
        # No action allows this: a login without a second factor is for the hospital that does not exist alone.
        Policy.objects.update(totp_roles=[])
    with os.fdopen(os.open(remembered, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([asdict(account) for account in accounts], file, ensure_ascii=False)


def accounts(remembered: Path) -> list[Account]:
    """Return the accounts that `settle` made."""
    return [Account(**said) for said in json.loads(remembered.read_text())]


def _departments() -> dict[str, Department]:
    """Make the departments with their staff, and return them by their code, which two of them share."""
    hospital = actions.make_organisation(code=ORGANISATION, name=HOSPITAL, by=None)
    made: dict[str, Department] = {}
    campuses = {
        each.campus: actions.save_campus(organisation=hospital, code=each.campus, name=each.campus, by=None)
        for each in catalogue().departments.values()
    }
    for each in catalogue().departments.values():
        if each.code not in made:
            made[each.code] = actions.add_department(
                organisation=hospital, campus=campuses[each.campus], code=each.code, name=each.name, by=None
            )
        for person in each.physicians:
            actions.add_staff(code=person.code, name=person.name, department=made[each.code], by=None)
    return made


def _holders(departments: dict[str, Department]) -> list[tuple[Role, str, Staff, Department | None]]:
    ward = departments[catalogue().departments[WARD].code]
    senior, *_, junior = Staff.objects.filter(department=ward).order_by("code")
    others = [
        (role, username, actions.add_staff(code=code, name=name, by=None), None)
        for role, (username, code, name) in OTHERS.items()
    ]
    return [(Role.FILLER, "filler", junior, ward), (Role.DEPARTMENT_REVIEWER, "reviewer", senior, ward), *others]


def _account(role: Role, username: str, staff: Staff, department: Department | None) -> Account:
    user, password = actions.make_account(staff=staff, username=username, by=None)
    User.objects.filter(pk=user.pk).update(must_change=False)  # printed at every start of the demo
    actions.grant(user=user, role=role, department=department, by=None)
    return Account(username, password, str(role.label), staff.name, department.name if department else "全院")


def is_settled() -> bool:
    return Organisation.objects.exists()

"""The fixed cast of the tests: a hospital with two departments, one account per role, and an outsider.

from tests.cast import make_cast

cast = make_cast()
cast.filler, cast.quality_officer, cast.outsider, cast.cardiology ...
client.force_login(cast.filler)
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PASSWORD = "Cast-only-2026"


@dataclass(frozen=True)
class Cast:
    organisation: Any
    campus: Any
    cardiology: Any
    coronary_unit: Any  # below cardiology
    neurology: Any
    filler: Any  # of cardiology, as is the department reviewer
    department_reviewer: Any
    quality_officer: Any
    submitter: Any
    leader: Any
    maintenance_engineer: Any
    system_administrator: Any
    security_administrator: Any
    audit_administrator: Any
    outsider: Any  # a filler of neurology
    nobody: Any  # an account without any role

    def by_role(self, role: str) -> Any:
        return getattr(self, str(role))


def make_cast() -> Cast:
    """Make the hospital and its people, with `PASSWORD` as the password of all."""
    from zhiheng.accounts.models import Campus, Department, Organisation, Role

    organisation = Organisation.objects.create(code="H1", name="测试医院")
    campus = Campus.objects.create(organisation=organisation, code="C1", name="本部")

    def department(code: str, name: str, parent: Any = None) -> Any:
        return Department.objects.create(organisation=organisation, campus=campus, code=code, name=name, parent=parent)

    cardiology, neurology = department("0301", "心血管内科"), department("0302", "神经内科")
    within = {Role.FILLER: cardiology, Role.DEPARTMENT_REVIEWER: cardiology}
    accounts = {role.value: make_account(role.value, role, within.get(role)) for role in Role}
    return Cast(
        organisation=organisation,
        campus=campus,
        cardiology=cardiology,
        coronary_unit=department("030101", "冠心病监护室", cardiology),
        neurology=neurology,
        outsider=make_account("outsider", Role.FILLER, neurology),
        nobody=make_account("nobody"),
        **accounts,
    )


def make_account(username: str, role: str | None = None, department: Any = None) -> Any:
    """Make a person with an account that can log in and, where given, a role."""
    from django.utils import timezone

    from zhiheng.accounts.models import Grant, Staff, User
    from zhiheng.accounts.roles import kind_of

    user = User.objects.create(
        username=username,
        password=hashed(PASSWORD),
        kind=kind_of(role or ""),
        staff=Staff.objects.create(code=f"S-{username}", name=f"职工{username}", department=department),
        password_changed_at=timezone.now(),
        totp_secret="JBSWY3DPEHPK3PXP" * 2,
        totp_confirmed_at=timezone.now(),
    )
    if role:
        Grant.objects.create(user=user, role=role, department=department)
    return user


@lru_cache
def hashed(password: str) -> str:
    """Hash once for all: Argon2 is slow on purpose."""
    from django.contrib.auth.hashers import make_password

    return make_password(password)

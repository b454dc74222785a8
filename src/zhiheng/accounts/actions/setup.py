"""The very first accounts: the three administrators, made once with a token that `zhiheng init` prints."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.accounts import queries
from zhiheng.accounts.actions.accounts import valid_username
from zhiheng.accounts.actions.refusals import Refused
from zhiheng.accounts.models import Grant, Organisation, SetupToken, Staff, User
from zhiheng.accounts.passwords import problems_with
from zhiheng.accounts.roles import ADMINISTRATORS, Role, kind_of
from zhiheng.audit.recording import log
from zhiheng.vault.sealing import blind

VALID_HOURS = 24


@dataclass(frozen=True, kw_only=True)
class First:
    """One of the first three: who, and with which role."""

    role: str
    staff_code: str
    name: str
    username: str
    password: str


class Invalid(Refused):
    """What is wrong with one of the three; `role` and `field` say where."""

    def __init__(self, message: str, role: str, field: str) -> None:
        super().__init__(message)
        self.role, self.field = role, field


@transaction.atomic
def make_setup_token() -> str:
    """Return a token for the first accounts. Refused once there is any account. Earlier tokens stop working."""
    if queries.has_any_account():
        raise Refused(_("There are accounts already: the system administrator makes the others."))
    token = "-".join(secrets.token_hex(3) for _again in range(4))
    SetupToken.objects.filter(used_at=None).delete()
    SetupToken.objects.create(index=_index(token), expires_at=timezone.now() + timedelta(hours=VALID_HOURS))
    log("accounts.setup_token_made", by=None)
    return token


@transaction.atomic
def use_setup_token(*, token: str, organisation: tuple[str, str], accounts: list[First]) -> list[User]:
    """Make the hospital (code, name) and its first system, security and audit administrators, and use up the token."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('zhiheng.accounts.setup'))")
    _take_token(token)
    if sorted(first.role for first in accounts) != sorted(ADMINISTRATORS):
        raise Refused(_("One account is needed for each of the three administrators."))
    _refuse_same_person(accounts)
    code, name = organisation
    hospital = Organisation.objects.first() or Organisation.objects.create(code=code, name=name)
    made = [_make(first) for first in accounts]
    log("accounts.set_up", by=None, on=hospital, accounts=[user.username for user in made])
    return made


def _take_token(token: str) -> None:
    now = timezone.now()
    good = SetupToken.objects.filter(index=_index(token), used_at=None, expires_at__gt=now)
    if queries.has_any_account() or not good.update(used_at=now):
        raise Refused(
            _("The token is not right, was used, or is too old. On the server, `zhiheng init` prints a new one.")
        )


def _refuse_same_person(accounts: list[First]) -> None:
    for field in ("username", "staff_code", "password"):
        values = [getattr(first, field) for first in accounts]
        for first, value in zip(accounts, values, strict=True):
            if values.index(value) != accounts.index(first):
                raise Invalid(_("The three administrators are three people: each needs their own."), first.role, field)


def _make(first: First) -> User:
    try:
        valid_username(first.username)
    except ValidationError as problem:
        raise Invalid(" ".join(problem.messages), first.role, "username") from problem
    staff, _made = Staff.objects.get_or_create(code=first.staff_code, defaults={"name": first.name})
    user = User(username=first.username, staff=staff, kind=kind_of(first.role), password_changed_at=timezone.now())
    if problems := problems_with(first.password, user=user, policy=queries.current_policy()):
        raise Invalid(" ".join(problems), first.role, "password")
    user.set_password(first.password)
    user.save()
    Grant.objects.create(user=user, role=Role(first.role))
    log("accounts.account_made", by=None, on=user, staff=staff.code, role=first.role)
    return user


def _index(token: str) -> str:
    return blind("setup_token", token.strip().lower())

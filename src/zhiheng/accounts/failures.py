"""Count logins that failed, and lock the account or the address that had too many."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from zhiheng.accounts.models import Failures, Policy, User
from zhiheng.vault.sealing import blind

if TYPE_CHECKING:
    from datetime import datetime

ACCOUNT, ADDRESS = Failures.Kind.ACCOUNT, Failures.Kind.ADDRESS


class Locked(Exception):
    """Too many failures. `minutes` says for how long; it is the same for names that have no account."""

    def __init__(self, minutes: int) -> None:
        super().__init__(minutes)
        self.minutes = minutes


def limits(policy: Policy) -> dict[str, int]:
    return {ACCOUNT: policy.account_failures, ADDRESS: policy.address_failures}


def index(kind: str, subject: str) -> str:
    """Return what stands for a name or address: people type their password into the field of the name."""
    return blind(f"failures.{kind}", subject)


def before_try(subjects: dict[str, str], policy: Policy) -> None:
    """Count a try before it is made, so that many at one moment cannot all slip through. Locked: one too many."""
    for kind, subject in subjects.items():
        _count(kind, subject, limits(policy)[kind], timedelta(minutes=policy.lock_minutes))


@transaction.atomic
def _count(kind: str, subject: str, limit: int, lock: timedelta) -> None:
    now = timezone.now()
    Failures.objects.get_or_create(kind=kind, subject=index(kind, subject))
    row = Failures.objects.select_for_update().get(kind=kind, subject=index(kind, subject))
    if row.locked_until and row.locked_until > now:
        raise Locked(_minutes(row.locked_until - now))
    if row.locked_until or row.last_at < now - lock:
        row.count, row.locked_until = 0, None
    if row.count >= limit:  # others are being tried at this moment
        raise Locked(_minutes(lock))
    row.count, row.last_at = row.count + 1, now
    row.save()


def after_failure(subjects: dict[str, str], policy: Policy) -> list[str]:
    """Lock what has reached its limit; return the kinds that were locked now."""
    until = timezone.now() + timedelta(minutes=policy.lock_minutes)
    return [kind for kind, subject in subjects.items() if _lock(kind, subject, limits(policy)[kind], until)]


def _lock(kind: str, subject: str, limit: int, until: "datetime") -> bool:
    full = Failures.objects.filter(kind=kind, subject=index(kind, subject), count__gte=limit, locked_until__isnull=True)
    return bool(full.update(locked_until=until))


def take_back(subjects: dict[str, str]) -> None:
    """The try was no failure."""
    for kind, subject in subjects.items():
        Failures.objects.filter(kind=kind, subject=index(kind, subject)).update(count=Greatest(F("count") - 1, 0))


def try_password(user: User, password: str, policy: Policy) -> bool:
    """Is this the password of somebody who is logged in? Wrong ones count as at the login. Locked: one too many.

    Outside of the act's own transaction: the count must stay where the act is refused.
    """
    tried = {ACCOUNT: user.username}
    before_try(tried, policy)
    if not check_password(password, user.password):
        after_failure(tried, policy)
        return False
    take_back(tried)
    return True


def forget(username: str) -> bool:
    """Unlock an account; was there anything to forget?"""
    return bool(Failures.objects.filter(kind=ACCOUNT, subject=index(ACCOUNT, username)).delete()[0])


def locked_accounts() -> dict[str, "datetime"]:
    """Return until when the names of accounts are locked that are."""
    rows = Failures.objects.filter(kind=ACCOUNT, locked_until__gt=timezone.now())
    until = dict(rows.values_list("subject", "locked_until"))
    names = User.objects.values_list("username", flat=True) if until else ()
    return {name: until[key] for name in names if (key := index(ACCOUNT, name)) in until}


def _minutes(left: timedelta) -> int:
    return max(1, -int(-left.total_seconds() // 60))

"""What pages and other stages ask about people, departments and accounts."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils import timezone

from zhiheng.accounts.models import Department, Organisation, Policy, User

NEVER = 100_000


def current_policy() -> Policy:
    return Policy.objects.filter(pk=1).first() or Policy()


def password_days_left(user: User, policy: Policy, now: datetime | None = None) -> int:
    """Return how many days the password is still good: negative when its time is over."""
    if not policy.password_days:
        return NEVER
    age = (now or timezone.now()) - (user.password_changed_at or user.made_at)
    return (timedelta(days=policy.password_days) - age).days


def needs_totp(user: User, policy: Policy) -> bool:
    """Does the policy ask this account for a one-time code, for one of its roles?"""
    return bool(set(user.roles) & set(policy.totp_roles))


def organisation() -> Organisation | None:
    """Return the hospital: the first organisation, which all installations have but the emptiest."""
    return Organisation.objects.order_by("pk").first()


def departments_at(codes: Iterable[str], day: date | None = None) -> dict[str, Department]:
    """Return the departments that had these codes on a day (today), by code; a code that nobody knows is missing."""
    found = Department.objects.on(day or timezone.localdate()).filter(code__in=set(codes))
    return {department.code: department for department in found.select_related("campus")}


def unknown_departments(codes: Iterable[str]) -> list[str]:
    """Return which codes, as records carry them, belong to no department at any time, in order."""
    asked = {code for code in codes if code}
    return sorted(asked - set(Department.objects.filter(code__in=asked).values_list("code", flat=True)))


def has_any_account() -> bool:
    return User.objects.exists()

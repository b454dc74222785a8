"""Grant roles and take them back."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from zhiheng.accounts.actions.accounts import refuse_oneself
from zhiheng.accounts.actions.refusals import Refused
from zhiheng.accounts.models import Department, Grant, Role, User
from zhiheng.accounts.roles import HOSPITAL_WIDE, kind_of
from zhiheng.audit.recording import log


@transaction.atomic
def grant(
    *,
    user: User,
    role: str,
    by: User | None,
    department: Department | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Grant:
    """Let `user` hold `role` in a department and below, or everywhere. One that is held gets the new dates."""
    refuse_oneself(user, by)
    user = User.objects.select_for_update().get(pk=user.pk)
    if role in HOSPITAL_WIDE and department is not None:
        raise Refused(
            _("%(role)s is a role for the whole hospital: leave the department empty.") % {"role": _name(role)}
        )
    if valid_from and valid_until and valid_until < valid_from:
        raise Refused(_("The last day is before the first."))
    _take_kind(user, role)
    held, _made = Grant.objects.update_or_create(
        user=user, role=role, department=department, defaults={"valid_from": valid_from, "valid_until": valid_until}
    )
    log("accounts.granted", by=by, on=user, **_said(held))
    return held


@transaction.atomic
def revoke(*, grant: Grant, by: User | None) -> None:
    """Take a role back, at once: the next request of its holder is refused."""
    refuse_oneself(grant.user, by)
    said = _said(grant)
    grant.delete()
    log("accounts.revoked", by=by, on=grant.user, **said)


def _take_kind(user: User, role: str) -> None:
    """Make `user` an account of the kind that may hold `role`, as long as it holds nothing else."""
    if user.kind == kind_of(role):
        return
    if held := list(user.grants.values_list("role", flat=True)):
        raise Refused(
            _("%(username)s holds %(held)s, which excludes %(role)s. Take that back first, or choose another account.")
            % {"username": user.username, "held": ", ".join(sorted({_name(r) for r in held})), "role": _name(role)}
        )
    User.objects.filter(pk=user.pk).update(kind=kind_of(role))


def _name(role: str) -> str:
    return str(Role(role).label)


def _said(grant: Grant) -> dict[str, object]:
    department = grant.department.code if grant.department else None
    dates = {"from": str(grant.valid_from or ""), "until": str(grant.valid_until or "")}
    return {"role": grant.role, "department": department, **dates}

"""Enrol an authenticator, take it away, renew the recovery codes: always one's own."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.accounts import queries, totp
from zhiheng.accounts.actions.accounts import check_present_password
from zhiheng.accounts.actions.refusals import Refused
from zhiheng.accounts.models import User
from zhiheng.audit.recording import log


@transaction.atomic
def enrol(*, user: User, secret: str, code: str) -> list[str]:
    """Take the authenticator that shows `code` for `secret`; return recovery codes to keep."""
    if user.has_totp:
        raise Refused(_("An authenticator is set up already. Remove it first."))
    step = totp.step_of(secret, code)
    if step is None:
        raise Refused(_("The code is not right. Check the clock of the telephone, and type the code it shows now."))
    user.totp_secret, user.totp_confirmed_at, user.totp_step = secret, timezone.now(), step
    user.save(update_fields=["totp_secret", "totp_confirmed_at", "totp_step"])
    log("accounts.totp_enrolled", by=user, on=user)
    return totp.make_recovery_codes(user)


def disenrol(*, user: User, password: str) -> None:
    check_present_password(user, password)
    _disenrol(user)


@transaction.atomic
def _disenrol(user: User) -> None:
    if queries.needs_totp(user, queries.current_policy()):
        raise Refused(_("Your role needs an authenticator. To change it, ask the security administrator for a reset."))
    user.totp_secret, user.totp_confirmed_at, user.totp_step = None, None, 0
    user.save(update_fields=["totp_secret", "totp_confirmed_at", "totp_step"])
    user.recovery_codes.all().delete()
    log("accounts.totp_removed", by=user, on=user)


def new_recovery_codes(*, user: User, password: str) -> list[str]:
    """Replace the recovery codes: the old ones stop working."""
    check_present_password(user, password)
    return _new_recovery_codes(user)


@transaction.atomic
def _new_recovery_codes(user: User) -> list[str]:
    if not user.has_totp:
        raise Refused(_("Set up an authenticator first."))
    log("accounts.recovery_codes_made", by=user, on=user)
    return totp.make_recovery_codes(user)

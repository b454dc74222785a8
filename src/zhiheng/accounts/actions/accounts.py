"""Make accounts, disable them, and set their passwords."""

from django.core.validators import RegexValidator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhiheng.accounts import failures, sessions
from zhiheng.accounts.actions.refusals import Refused, too_many
from zhiheng.accounts.models import Staff, User
from zhiheng.accounts.passwords import make_temporary, problems_with
from zhiheng.accounts.queries import current_policy
from zhiheng.accounts.roles import ORDINARY
from zhiheng.audit.recording import log

valid_username = RegexValidator(
    r"\A[a-z0-9][a-z0-9._-]{1,59}\Z",
    gettext_lazy("A user name has 2 to 60 of: small letters, digits, dot, hyphen, underscore."),
)


@transaction.atomic
def make_account(*, staff: Staff, username: str, by: User | None, password: str | None = None) -> tuple[User, str]:
    """Make the account of a person; return it with its first password, which must be changed at the first login."""
    user = User(staff=staff, username=User.normalize_username(username).strip().lower(), must_change=True)
    valid_username(user.username)
    if staff.left_on:
        raise Refused(_("%(name)s has left: no account is made.") % {"name": staff.name})
    temporary = password or make_temporary()
    user.set_password(temporary)
    user.password_changed_at = timezone.now()
    _insert(user)
    log("accounts.account_made", by=by, on=user, staff=staff.code)
    return user, temporary


def _insert(user: User) -> None:
    if User.objects.filter(username=user.username).exists():
        raise Refused(_("The user name %(username)s is taken. Choose another.") % {"username": user.username})
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as problem:
        raise Refused(_("This person has an account already: each has at most one.")) from problem


def refuse_oneself(user: User, by: User | None) -> None:
    if by is not None and by.pk == user.pk:
        raise Refused(_("Nobody changes their own account here. Ask another administrator."))


@transaction.atomic
def disable(*, user: User, by: User | None) -> None:
    """Close an account: it cannot log in, and its sessions end now."""
    refuse_oneself(user, by)
    User.objects.filter(pk=user.pk).update(is_active=False)
    ended = sessions.end_all(user)
    log("accounts.account_disabled", by=by, on=user, sessions_ended=ended)
    user.is_active = False


@transaction.atomic
def enable(*, user: User, by: User | None) -> None:
    refuse_oneself(user, by)
    User.objects.filter(pk=user.pk).update(is_active=True)
    log("accounts.account_enabled", by=by, on=user)
    user.is_active = True


@transaction.atomic
def reset_password(*, user: User, by: User | None) -> str:
    """Give an account a new first password and return it; its sessions end, and its lock is lifted."""
    refuse_oneself(user, by)
    if by is not None and user.kind != ORDINARY and not user.has_totp:
        # With nothing but a password between them, one administrator could take the place of another.
        raise Refused(
            _("This administrator has no authenticator yet. On the server: zhiheng accounts reset %(username)s")
            % {"username": user.username}
        )
    temporary = make_temporary()
    _set_password(user, temporary)
    User.objects.filter(pk=user.pk).update(must_change=True)
    user.must_change = True
    failures.forget(user.username)
    sessions.end_all(user)
    log("accounts.password_reset", by=by, on=user)
    return temporary


@transaction.atomic
def unlock(*, user: User, by: User | None) -> bool:
    """Lift the lock after too many failed logins."""
    refuse_oneself(user, by)
    was_locked = failures.forget(user.username)
    log("accounts.unlocked", by=by, on=user, was_locked=was_locked)
    return was_locked


@transaction.atomic
def reset_totp(*, user: User, by: User | None) -> None:
    """Forget the authenticator and the recovery codes of somebody who lost both; sessions end."""
    refuse_oneself(user, by)
    user.totp_secret, user.totp_confirmed_at, user.totp_step = None, None, 0
    user.save(update_fields=["totp_secret", "totp_confirmed_at", "totp_step"])
    user.recovery_codes.all().delete()
    sessions.end_all(user)
    log("accounts.totp_reset", by=by, on=user)


@transaction.atomic
def rescue(*, user: User) -> str:
    """Give somebody whom nobody else can help a new first password, without authenticator: done on the server alone."""
    reset_totp(user=user, by=None)
    enable(user=user, by=None)
    log("accounts.rescued", by=None, on=user)
    return reset_password(user=user, by=None)


def check_present_password(user: User, password: str) -> None:
    """Refused where it is wrong, or was too often: whoever finds an open session must not guess its password."""
    try:
        is_right = failures.try_password(user, password, current_policy())
    except failures.Locked as locked:
        raise Refused(too_many(locked.minutes)) from None
    if not is_right:
        raise Refused(_("The present password is not right."))


def change_password(*, user: User, old: str, new: str) -> None:
    """Change one's own password. Refused, with what is wrong, by the policy. All sessions but one's own end."""
    check_present_password(user, old)
    _change_password(user, new)


@transaction.atomic
def _change_password(user: User, new: str) -> None:
    if problems := problems_with(new, user=user, policy=current_policy()):
        raise Refused(" ".join(problems))
    _set_password(user, new)
    User.objects.filter(pk=user.pk).update(must_change=False)
    user.must_change = False
    log("accounts.password_changed", by=user, on=user)


def _set_password(user: User, new: str) -> None:
    user.past_passwords.create(password=user.password)
    keep = user.past_passwords.order_by("-at").values_list("pk", flat=True)[:24]
    user.past_passwords.exclude(pk__in=list(keep)).delete()
    user.set_password(new)
    user.password_changed_at = timezone.now()
    user.save(update_fields=["password", "password_changed_at"])

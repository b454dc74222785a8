"""Log in, in one step or two, and out."""

import time
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.utils.translation import gettext as _

from zhiheng.accounts import failures, sessions, totp
from zhiheng.accounts.actions.refusals import Refused, too_many
from zhiheng.accounts.backends import Backend
from zhiheng.accounts.models import SignIn, User
from zhiheng.accounts.queries import current_policy
from zhiheng.audit.context import address_of
from zhiheng.audit.recording import log

WAITING = "zhiheng.waiting_for_code"
CODE_SECONDS = 300


def start_login(request: Any, *, username: str, password: str) -> bool:
    """Check the password. True: logged in. False: a one-time code is wanted. Refused: in words that tell nobody
    whether the account exists."""
    name = User.normalize_username(username).strip().lower()[:60]
    tried = subjects(request, name)
    _count_try(tried)
    user = authenticate(request, username=name, password=password)
    if user is None:
        _refuse(tried, name, _("User name or password is not right."))
    failures.take_back(tried)
    if user.has_totp:
        # The account's failures are not forgotten yet: else a known password would give endless tries at the code.
        request.session.cycle_key()
        request.session[WAITING] = {"user": user.pk, "at": time.time(), "hash": user.get_session_auth_hash()}
        return False
    _complete(request, user, "password")
    return True


def waiting_user(request: Any) -> User | None:
    """Return who gave the right password a moment ago and now owes the code."""
    waiting = request.session.get(WAITING)
    if not waiting or time.time() - waiting["at"] > CODE_SECONDS:
        return None
    user = Backend().get_user(waiting["user"])
    return user if user and user.get_session_auth_hash() == waiting["hash"] else None


def complete_with_code(request: Any, *, code: str) -> None:
    """Check the one-time code, or a recovery code in its place, and log in."""
    user = waiting_user(request)
    if user is None:
        raise Refused(_("It took too long. Log in again."))
    tried = subjects(request, user.username)
    _count_try(tried)
    if totp.use_code(user, code):
        way = "totp"
    elif totp.use_recovery_code(user, code):
        way = "recovery_code"
    else:
        _refuse(tried, user.username, _("The code is not right, or was used already. Wait for the next one."))
    failures.take_back(tried)
    _complete(request, user, way)


def subjects(request: Any, username: str) -> dict[str, str]:
    return {failures.ACCOUNT: username, failures.ADDRESS: address_of(request) or "unknown"}


def _count_try(tried: dict[str, str]) -> None:
    try:
        failures.before_try(tried, current_policy())
    except failures.Locked as locked:
        raise Refused(too_many(locked.minutes)) from None


@transaction.atomic
def _note_failure(tried: dict[str, str], username: str) -> None:
    locked = failures.after_failure(tried, current_policy())
    # A name without account is not written down: people type their password into the wrong field.
    log("accounts.login_failed", by=None, on=User.objects.filter(username=username).first(), locked=locked)


def _refuse(tried: dict[str, str], username: str, message: str) -> None:
    _note_failure(tried, username)
    raise Refused(message)


@transaction.atomic
def _complete(request: Any, user: User, way: str) -> None:
    request.session.pop(WAITING, None)
    login(
        request, user, backend="zhiheng.accounts.backends.Backend"
    )  # gives the session a new key and starts its clocks
    failures.forget(user.username)
    log("accounts.logged_in", by=user, on=user, way=way)


@transaction.atomic
def end_sessions(*, sign_ins: list[SignIn], by: User) -> int:
    """End some of one's own sessions; return how many."""
    ended = sessions.end(s.session_key for s in sign_ins if s.user_id == by.pk)
    log("accounts.sessions_ended", by=by, on=by, count=ended)
    return ended


@transaction.atomic
def log_out(request: Any, *, why: str = "asked") -> None:
    """End the session; `why` is "asked", "idle" or "too_long"."""
    if request.user.is_authenticated:
        log("accounts.logged_out", by=request.user, on=request.user, why=why)
        sessions.end([request.session.session_key])
    logout(request)

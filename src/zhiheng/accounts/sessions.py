"""Sessions: how long they last, what must be done first, and which of them an account has open."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from zhiheng.accounts import queries
from zhiheng.accounts.models import SignIn, User
from zhiheng.audit.context import address_of

KEY = "zhiheng.session"
NOTED_EVERY = timedelta(minutes=1)  # writing at every request would double the work of a save


def background(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that pages call by themselves: an open page alone does not keep a session alive."""
    view.is_background = True  # type: ignore[attr-defined]
    return view


def begin(request: Any, user: User) -> None:
    """Start the clocks of a session that has just been logged in to, and note where it was opened."""
    policy, now = queries.current_policy(), timezone.now()
    request.session[KEY] = {
        "idle": policy.idle_minutes * 60,
        "until": (now + timedelta(hours=policy.absolute_hours)).timestamp(),
        "seen": now.timestamp(),
        "due": due_step(user, policy, now),
    }
    if not request.session.session_key:
        request.session.save()
    SignIn.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "address": address_of(request),
            "browser": request.headers.get("User-Agent", "")[:120],
        },
    )
    User.objects.filter(pk=user.pk).update(last_seen_at=now)


def due_step(user: User, policy: Any, now: datetime) -> str:
    """Return what `user` must do before anything else: "password", "totp", or nothing."""
    if user.must_change or queries.password_days_left(user, policy, now) < 0:
        return "password"
    return "totp" if not user.has_totp and queries.needs_totp(user, policy) else ""


def refresh_due(request: Any) -> None:
    """Look again at what is due, after a step was done."""
    state = request.session.get(KEY) or {}
    state["due"] = due_step(request.user, queries.current_policy(), timezone.now())
    request.session[KEY] = state


def is_over(request: Any, now: datetime) -> bool:
    """Has the session been idle too long, or open too long, or never been begun?"""
    state, moment = request.session.get(KEY), now.timestamp()
    return state is None or moment > state["until"] or moment > state["seen"] + state["idle"]


def note_activity(request: Any, now: datetime) -> None:
    state = request.session[KEY]
    if now.timestamp() - state["seen"] < NOTED_EVERY.total_seconds():
        return
    request.session[KEY] = {**state, "seen": now.timestamp()}
    SignIn.objects.filter(session_key=request.session.session_key).update(seen_at=now)
    User.objects.filter(pk=request.user.pk).update(last_seen_at=now)


def renamed(old: str | None, request: Any) -> None:
    """The session got a new key, as it does with a new password: it is still the same one to people."""
    if not request.session.session_key:
        request.session.save()
    SignIn.objects.filter(session_key=old).update(session_key=request.session.session_key)


def open_of(user: User) -> list[SignIn]:
    """Return the sessions of `user` that have not ended, newest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return list(SignIn.objects.filter(user=user, session_key__in=alive).order_by("-seen_at"))


def end_all(user: User, except_key: str | None = None) -> int:
    """End the sessions of `user`, but for the one with `except_key`; return how many."""
    keys = SignIn.objects.filter(user=user).exclude(session_key=except_key or "")
    return end(keys.values_list("session_key", flat=True))


@transaction.atomic
def end(keys: Iterable[str]) -> int:
    keys = list(keys)
    Session.objects.filter(session_key__in=keys).delete()
    SignIn.objects.filter(session_key__in=keys).delete()
    return len(keys)

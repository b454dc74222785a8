"""From where the present request comes; audit entries take it from here, so that no action has to carry it along."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from django.conf import settings

_address: ContextVar[str | None] = ContextVar("address", default=None)
_told: ContextVar[set[int] | None] = ContextVar("told", default=None)


def current_address() -> str | None:
    """Return the network address of the present request, or None outside of one."""
    return _address.get()


@contextmanager
def coming_from(address: str | None) -> Iterator[None]:
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


@contextmanager
def noting_who_is_told_of() -> Iterator[set[int]]:
    """Yield the keys of the accounts that entries are made about until the end."""
    told: set[int] = set()
    token = _told.set(told)
    try:
        yield told
    finally:
        _told.reset(token)


def note_told_of(account: int | None) -> None:
    """An entry says what this account did, or did a moment ago."""
    if (told := _told.get()) is not None and account is not None:
        told.add(account)


def address_of(request: Any) -> str | None:
    """Return the address a request came from.

    A forwarded address is believed only from a proxy named in the settings: anybody can write that header.
    """
    sender = _valid(request.META.get("REMOTE_ADDR"))
    trusted = getattr(settings, "TRUSTED_PROXIES", ())
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while sender in trusted and (nearer := _valid(forwarded.pop().strip() if forwarded else None)):
        sender = nearer
    return sender


def _valid(address: str | None) -> str | None:
    try:
        return str(ip_address(address or ""))
    except ValueError:
        return None

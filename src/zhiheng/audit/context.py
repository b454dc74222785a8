"""From where the present request comes; audit entries take it from here, so that no action has to carry it along."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from django.conf import settings

_address: ContextVar[str | None] = ContextVar("address", default=None)


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

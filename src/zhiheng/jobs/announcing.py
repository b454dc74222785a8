"""Announce what has happened; `pipeline` alone says what follows from it."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

Listener = Callable[[Any], None]
_listeners: dict[str, list[Listener]] = {}


def when(event: str, listener: Listener) -> None:
    """Call `listener` with the object of each announced `event`, in the transaction of the announcement."""
    _listeners.setdefault(event, []).append(listener)


def announce(event: str, about: Any) -> None:
    """Say that `event` ("ingestion.batch_stored") has happened to `about`; what follows joins this transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"announce({event!r}) outside of a transaction: its jobs must stand or fall with the act.")
    for listener in _listeners.get(event, ()):
        listener(about)

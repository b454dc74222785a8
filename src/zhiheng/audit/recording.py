"""Append to the audit trail, in the transaction of the act itself."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from zhiheng.audit.context import current_address, note_told_of
from zhiheng.audit.models import Entry

MOST_SHOWN = 200  # codes of what a list has shown: the rows of its longest page
STILL_OPEN = timedelta(hours=1)  # parts of an opened page are fetched again and again; they say nothing new


def log(event: str, *, by: Any, on: Any = None, **detail: Any) -> Entry:
    """Record that `by` (an account, or None for the system) did `event` ("forms.confirmed") on a model instance.

    `detail` holds codes, counts and identifiers: never a patient's name, number or value.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"audit.log({event!r}) outside of a transaction: the entry must stand or fall with the act.")
    note_told_of(getattr(by, "pk", None))
    return Entry.objects.create(
        event=event,
        by=by,
        roles=",".join(getattr(by, "roles", ())),
        on_kind="" if on is None else on._meta.label_lower,
        on_code="" if on is None else code_of(on),
        detail=detail,
        address=current_address(),
    )


def code_of(thing: Any) -> str:
    """Return what the trail calls a thing: its code, or its key."""
    return str(getattr(thing, "code", None) or thing.pk or "")


def has_it_open(*, by: Any, code: str) -> bool:
    """Does the trail say that `by` opened what has this code, within the last hour?"""
    recent = Entry.objects.filter(by=by, on_code=code, at__gte=timezone.now() - STILL_OPEN)
    if found := recent.exists():
        note_told_of(by.pk)
    return found

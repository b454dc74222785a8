"""Append to the audit trail, in the transaction of the act itself."""

from typing import Any

from django.db import transaction

from zhiheng.audit.context import current_address
from zhiheng.audit.models import Entry


def log(event: str, *, by: Any, on: Any = None, **detail: Any) -> Entry:
    """Record that `by` (an account, or None for the system) did `event` ("forms.confirmed") on a model instance.

    `detail` holds codes, counts and identifiers: never a patient's name, number or value.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"audit.log({event!r}) outside of a transaction: the entry must stand or fall with the act.")
    return Entry.objects.create(
        event=event,
        by=by,
        roles=",".join(getattr(by, "roles", ())),
        on_kind="" if on is None else on._meta.label_lower,
        on_code="" if on is None else str(getattr(on, "code", None) or on.pk or ""),
        detail=detail,
        address=current_address(),
    )

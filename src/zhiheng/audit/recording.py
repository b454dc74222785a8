"""Append to the audit trail, in the transaction of the act itself."""

from typing import Any

from django.db import transaction

from zhiheng.audit.models import Entry


def log(event: str, *, by: Any, on: Any = None, **detail: Any) -> Entry:
    """Record that `by` (an account, or None for the system) did `event` ("forms.confirmed") on a model instance.

    `detail` holds codes, counts and identifiers: never a patient's name, number or value.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"audit.log({event!r}) outside of a transaction: the entry must stand or fall with the act.")
    kind = on._meta.label_lower if on is not None else ""
    code = str(getattr(on, "code", None) or getattr(on, "pk", "")) if on is not None else ""
    return Entry.objects.create(event=event, by=by, on_kind=kind, on_code=code, detail=detail)

"""Lists that were shown or exported are part of the trail: which, with what filter, how many rows."""

from typing import Any

from django.db import transaction

from zhiheng.audit.recording import log


@transaction.atomic
def record_use(
    sender: Any, *, request: Any, act: str, listing: str, query: str, searched: bool, count: int, **_signal: Any
) -> None:
    log(f"web.{act}", by=request.user, listing=listing, query=query, searched=searched, count=count)

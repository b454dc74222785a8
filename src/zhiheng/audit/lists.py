"""Lists that were shown or exported are part of the trail: which, with what filter, whose rows, how many."""

from itertools import islice
from typing import Any

from django.db import transaction

from zhiheng.audit.recording import MOST_SHOWN, code_of, log
from zhiheng.vault.watching import anything_opened


@transaction.atomic
def record_use(
    sender: Any,
    *,
    request: Any,
    act: str,
    listing: str,
    query: str,
    searched: bool,
    count: int,
    rows: Any,
    **_signal: Any,
) -> None:
    """Rows are named where patients' data were opened for them: people have a right to know who has seen theirs."""
    said = {"listing": listing, "query": query, "searched": searched, "count": count}
    if anything_opened():
        said["shown"] = [code_of(row) for row in islice(rows, MOST_SHOWN)]
    log(f"web.{act}", by=request.user, **said)

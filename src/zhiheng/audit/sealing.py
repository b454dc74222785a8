"""Chain the entries: each seal is a keyed digest of an entry and of the seal before it.

Pages only append entries. A job seals them soon after, in an order of its own: an entry whose transaction ended late is
sealed late, and never skipped. The key stands outside the database, so that whoever alters an entry there cannot forge
what follows.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from zhiheng.audit import anchor
from zhiheng.audit.models import Entry, Seal
from zhiheng.vault.sealing import digest

FIRST = "0" * 64
AT_ONCE = 5_000
# Looking for late entries among the newest is cheap enough for every minute; among all of them, for every hour.
RECENT = 50_000
LOCK = "select pg_try_advisory_xact_lock(hashtext('zhiheng.audit.sealing'))"


@dataclass(frozen=True)
class Head:
    """The end of the chain."""

    position: int = 0
    digest: str = FIRST


def seal_waiting(*, among_all: bool = False) -> int:
    """Seal the entries that wait for it; return how many. Only one process does so at a time."""
    sealed = 0
    while done := _seal_some(among_all):
        sealed += done
    return sealed


@transaction.atomic
def _seal_some(among_all: bool) -> int:
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        if not cursor.fetchone()[0]:
            return 0
    seals = list(chain(head(), unsealed(among_all=among_all).order_by("pk")[:AT_ONCE]))
    Seal.objects.bulk_create(seals)
    if seals:
        end = Head(seals[-1].position, seals[-1].digest)
        transaction.on_commit(lambda: anchor.write(end.position, end.digest))
    return len(seals)


def head() -> Head:
    last = Seal.objects.order_by("-position").first()
    return Head(last.position, last.digest) if last else Head()


def unsealed(*, among_all: bool = True) -> QuerySet[Entry]:
    entries = Entry.objects.exclude(Exists(Seal.objects.filter(entry_id=OuterRef("pk"))))
    if among_all:
        return entries
    newest = Seal.objects.order_by("-entry_id").values_list("entry_id", flat=True).first() or 0
    return entries.filter(pk__gt=newest - RECENT)


def chain(end: Head, entries: Iterable[Entry]) -> Iterable[Seal]:
    for entry in entries:
        end = Head(end.position + 1, link(end.digest, entry))
        yield Seal(position=end.position, entry_id=entry.pk, digest=end.digest)


def link(previous: str, entry: Entry) -> str:
    """Return the digest of `entry` as it follows on `previous`."""
    return digest("audit.seal", f"{previous}\n{_written(entry)}".encode())


def _written(entry: Entry) -> str:
    said: list[Any] = [
        entry.pk,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.by_id,
        entry.roles,
        entry.event,
        entry.on_kind,
        entry.on_code,
        entry.detail,
        entry.address,
    ]
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

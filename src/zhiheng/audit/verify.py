"""Examine the chain from its first link to its last."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from zhiheng.audit import anchor
from zhiheng.audit.models import Entry, Seal, Verification
from zhiheng.audit.sealing import FIRST, link, unsealed
from zhiheng.vault.keys import KeyringError

AT_ONCE = 2_000
SEALED_WITHIN = timedelta(minutes=10)

# What can be wrong with a link.
ALTERED = "altered"  # the entry, or a seal, is not what it was
MISSING = "missing"  # the entry of a seal is gone
GAP = "gap"  # a seal is gone
CUT_OFF = "cut_off"  # the newest seals are gone
NOT_SEALED = "not_sealed"  # entries wait for too long: the sealer does not run


@dataclass(frozen=True)
class Verdict:
    """What was found: `problem` at the first broken link, or that all is as it was."""

    outcome: str
    sealed: int = 0
    unsealed: int = 0
    problem: str = ""
    position: int | None = None
    entry_id: int | None = None

    @property
    def passed(self) -> bool:
        return self.outcome == Verification.Outcome.PASSED


def verify(now: datetime | None = None) -> Verdict:
    """Examine all links. An entry that is not sealed yet is counted, and is no failure unless it waits for long."""
    try:
        broken = _first_broken()
    except KeyringError:
        return Verdict(Verification.Outcome.COULD_NOT_RUN)
    waiting = unsealed()
    counts = {"sealed": Seal.objects.count(), "unsealed": waiting.count()}
    if broken is None:
        broken = _waits_for_long(waiting.aggregate(oldest=Min("at"))["oldest"], now or timezone.now())
    if broken is None:
        return Verdict(Verification.Outcome.PASSED, **counts)
    problem, position, entry = broken
    return Verdict(Verification.Outcome.FAILED, **counts, problem=problem, position=position, entry_id=entry)


@transaction.atomic
def verify_and_keep() -> Verification:
    """Examine, and keep what was found for the page of the audit administrator."""
    found = verify()
    return Verification.objects.create(**{field: getattr(found, field) for field in found.__dataclass_fields__})


Broken = tuple[str, int | None, int | None]


def _first_broken() -> Broken | None:
    previous, expected = FIRST, 1
    anchored = anchor.read()
    for seal, entry in _links():
        if seal.position != expected:
            return GAP, expected, None
        if entry is None:
            return MISSING, seal.position, seal.entry_id
        if link(previous, entry) != seal.digest or _differs(anchored, seal):
            return ALTERED, seal.position, seal.entry_id
        previous, expected = seal.digest, expected + 1
    if anchored and anchored[0] >= expected:
        return CUT_OFF, expected, None
    return None


def _differs(anchored: tuple[int, str] | None, seal: Seal) -> bool:
    return anchored is not None and anchored[0] == seal.position and anchored[1] != seal.digest


def _links() -> Iterator[tuple[Seal, Entry | None]]:
    seals = Seal.objects.order_by("position").iterator(chunk_size=AT_ONCE)
    while some := list(islice(seals, AT_ONCE)):
        entries = Entry.objects.in_bulk([seal.entry_id for seal in some])
        yield from ((seal, entries.get(seal.entry_id)) for seal in some)


def _waits_for_long(oldest: datetime | None, now: datetime) -> Broken | None:
    return (NOT_SEALED, None, None) if oldest and now - oldest > SEALED_WITHIN else None

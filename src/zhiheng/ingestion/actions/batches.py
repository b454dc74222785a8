"""What people and jobs do with deliveries: receive, preview, confirm, store, read again, cancel."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.audit import recording as audit
from zhiheng.ingestion import deliveries, reading, rejects, storing
from zhiheng.ingestion.deliveries import Delivery
from zhiheng.ingestion.failures import is_expected, why
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.ingestion.progress import Cancelled, Watched
from zhiheng.jobs.announcing import announce
from zhiheng.packversions.queries import profile
from zhiheng.sources.base import Reading

State = Batch.State
_TO_STORE = (State.WAITING, State.FAILED, State.STORED, State.RUNNING)
_COUNTS = tuple(asdict(storing.Stored()))
_NOT_BEGUN = (State.RECEIVED, State.PREVIEWED, State.WAITING, State.FAILED)


class CannotDo(Exception):
    """Why something cannot be done with a batch now: for people."""


def receive(
    *,
    files: Iterable[tuple[str, BinaryIO]],
    interface: Interface,
    by: Any = None,
    origin: str = Batch.Origin.UPLOAD,
    still_valid: Callable[[], bool] = lambda: True,
) -> Batch | None:
    """Take files in, sealed, as a batch of an interface. The same files again are the batch that they already are.

    Uploads wait for a person who has seen the preview; what a folder delivers is stored. None, and nothing kept, when
    the files changed while they were read (`still_valid`). Raises `web.archives.Refused`.
    """
    delivery = deliveries.keep(files)
    if not still_valid():
        delivery.remove()
        return None
    try:
        batch = _enter(delivery, interface, by, origin)
    except BaseException:
        delivery.remove()
        raise
    if batch.sealed["folder"] != delivery.folder:
        delivery.remove()
    return batch


@transaction.atomic
def _enter(delivery: Delivery, interface: Interface, by: Any, origin: str) -> Batch:
    interface = Interface.objects.select_for_update().get(pk=interface.pk)  # two that bring the same wait here
    known = interface.batches.filter(digest=delivery.digest, purged_at=None).exclude(state=State.CANCELLED).first()
    if known:
        return known
    is_upload = origin == Batch.Origin.UPLOAD
    batch = Batch.objects.create(
        interface=interface,
        origin=origin,
        state=State.RECEIVED if is_upload else State.WAITING,
        digest=delivery.digest,
        by=by,
        sealed=delivery.as_json(),
    )
    interface.last_received_at = timezone.now()
    interface.save(update_fields=["last_received_at"])
    size = sum(file.size for file in delivery.files)
    audit.log("ingestion.received", by=by, on=batch, origin=str(origin), files=len(delivery.files), bytes=size)
    announce("ingestion.batch_received" if is_upload else "ingestion.batch_confirmed", batch)
    return batch


def preview(*, batch: Batch) -> Batch:
    """Find out what reader and profile make of a batch, and store nothing of it."""
    batch = Batch.objects.get(pk=batch.pk)
    if batch.state not in (State.RECEIVED, State.PREVIEWED):
        return batch
    try:
        found = _read(batch)
    except Cancelled:
        return _end(batch, State.CANCELLED)
    except Exception as problem:
        _fail(batch, problem)
        if not is_expected(problem):
            raise
        return batch
    batch.sealed = {**batch.sealed, "preview": reading.preview(found)}
    return _end(batch, State.PREVIEWED)


@transaction.atomic
def confirm(*, batch: Batch, by: Any) -> Batch:
    """Let a previewed batch be stored."""
    batch = _locked(batch)
    if batch.state != State.PREVIEWED:
        raise CannotDo(_("This batch does not wait for a confirmation."))
    return _queue(batch, "ingestion.confirmed", by)


@transaction.atomic
def run_again(*, batch: Batch, by: Any) -> Batch:
    """Let a batch that failed, or was stored, be read again with the profile and the corrections of now."""
    batch = _locked(batch)
    if batch.state not in (State.FAILED, State.STORED):
        raise CannotDo(_("This batch cannot be read again now."))
    if batch.purged_at:
        raise CannotDo(_("The files of this batch are no longer kept. Have them delivered again."))
    return _queue(batch, "ingestion.run_again", by)


@transaction.atomic
def cancel(*, batch: Batch, by: Any) -> Batch:
    """Stop a batch. What was stored before stays; a run that is under way leaves nothing."""
    batch = _locked(batch)
    if batch.state == State.RUNNING and batch.is_cut_off:
        batch.state, batch.finished_at = State.FAILED, timezone.now()
        batch.problem = _("The run was cut off, by a power failure or a stopped worker. Read the files again.")
        batch.save(update_fields=["state", "finished_at", "problem"])
    elif batch.state == State.RUNNING:
        batch.is_cancelling = True
        batch.save(update_fields=["is_cancelling"])
    elif batch.state in _NOT_BEGUN and not batch.runs:
        batch.state, batch.finished_at = State.CANCELLED, timezone.now()
        batch.save(update_fields=["state", "finished_at"])
        transaction.on_commit(lambda: purge_files(batch))
    else:
        raise CannotDo(_("This batch can no longer be cancelled."))
    audit.log("ingestion.cancelled", by=by, on=batch)
    return batch


def store(*, batch: Batch) -> Batch:
    """Read the files of a batch and store their records: all of them, or nothing. May be done again and again."""
    batch = Batch.objects.get(pk=batch.pk)
    if not _begin(batch):
        return batch
    try:
        return _store(batch)
    except Cancelled:
        return _end(batch, State.STORED if batch.runs else State.CANCELLED)
    except Exception as problem:
        _fail(batch, problem)
        if not is_expected(problem):
            raise
        return batch


def _store(batch: Batch) -> Batch:
    progress = _watched(batch)
    try:
        found = reading.read(batch, progress)
        progress.step("storing", sum(table.num_rows for table in found.tables.values()))
        with transaction.atomic():
            if reading.is_empty(found):
                return _keep_nothing(batch, found)
            whole = profile(batch.interface.profile).whole_visits
            counts = storing.store(batch, found.tables, whole_visits=whole, advance=progress.stored)
            rejects.keep(batch, found.rejects)
            return _finish(batch, found, counts)
    finally:
        progress.close()


def _finish(batch: Batch, found: Reading, counts: dict[str, storing.Stored]) -> Batch:
    changed = {name: asdict(count) for name, count in counts.items()}
    batch.counts = _added_up(batch.counts, changed) if batch.runs else changed
    batch.runs += 1
    batch.sealed = {**batch.sealed, "read": reading.files(found)}
    _end(batch, State.STORED)
    rows = {name: count["new"] + count["corrected"] + count["retired"] for name, count in changed.items()}
    audit.log("ingestion.stored", by=None, on=batch, run=batch.runs, rejects=len(found.rejects), **rows)
    announce("ingestion.batch_stored", batch)
    return batch


def _added_up(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return what all runs of a batch changed. What a later run left unchanged says nothing new."""
    none = dict.fromkeys(_COUNTS, 0)
    return {
        name: {
            kind: before.get(name, none)[kind] + (now.get(name, none)[kind] if kind != "unchanged" else 0)
            for kind in _COUNTS
        }
        for name in dict.fromkeys([*before, *now])
    }


def _keep_nothing(batch: Batch, found: Reading) -> Batch:
    rejects.keep(batch, found.rejects)
    batch.sealed = {**batch.sealed, "read": reading.files(found)}
    batch.problem = _("No row could be read. The rejects say why, file by file: look at the profile first.")
    return _end(batch, State.FAILED)


def _read(batch: Batch) -> Reading:
    progress = _watched(batch)
    try:
        return reading.read(batch, progress)
    finally:
        progress.close()


def _watched(batch: Batch) -> Watched:
    files = batch.sealed["files"]
    return Watched(batch, "reading", len(files), sum(file["size"] for file in files))


@transaction.atomic
def _begin(batch: Batch) -> bool:
    """Say that a run is under way, unless somebody has cancelled the batch before it came to that."""
    batch.refresh_from_db(from_queryset=Batch.objects.select_for_update())
    if batch.state not in _TO_STORE or batch.purged_at:
        return False
    batch.state, batch.started_at, batch.finished_at = State.RUNNING, timezone.now(), None
    batch.problem, batch.is_cancelling = "", False
    batch.save(update_fields=["state", "started_at", "finished_at", "problem", "is_cancelling"])
    return True


@transaction.atomic
def _end(batch: Batch, state: str) -> Batch:
    now = _locked(batch)
    if now.state == State.CANCELLED:  # while its files were read for the preview: they are gone
        return now
    batch.state, batch.finished_at, batch.is_cancelling = state, timezone.now(), False
    batch.progress = {}
    batch.save()
    return batch


def _fail(batch: Batch, problem: Exception) -> Batch:
    batch.problem = why(problem)
    return _end(batch, State.FAILED)


def _queue(batch: Batch, event: str, by: Any) -> Batch:
    batch.state, batch.problem = State.WAITING, ""
    batch.save(update_fields=["state", "problem"])
    audit.log(event, by=by, on=batch)
    announce("ingestion.batch_confirmed", batch)
    return batch


def _locked(batch: Batch) -> Batch:
    return Batch.objects.select_for_update().get(pk=batch.pk)


def purge_files(batch: Batch) -> None:
    """Remove the files of a batch for good."""
    Delivery.from_json(batch.sealed).remove()
    Batch.objects.filter(pk=batch.pk).update(purged_at=timezone.now())


def purge_old() -> int:
    """Remove the files of batches that are older than their interface keeps them; return how many batches that were."""
    today, count = timezone.now(), 0
    for batch in Batch.objects.filter(purged_at=None).exclude(state=State.RUNNING).select_related("interface"):
        if today - batch.received_at > timedelta(days=batch.interface.keep_days):
            purge_files(batch)
            count += 1
    return count + _purge_strays()


def _purge_strays() -> int:
    """Remove deliveries that no batch knows, a day after a process was killed while it received them."""
    known = {sealed["folder"] for sealed in Batch.objects.filter(purged_at=None).values_list("sealed", flat=True)}
    yesterday = timezone.now().timestamp() - 86_400
    folders = deliveries.home().iterdir() if deliveries.home().is_dir() else ()
    strays = [each for each in folders if each.name not in known and each.stat().st_mtime < yesterday]
    for each in strays:
        shutil.rmtree(each)
    return len(strays)

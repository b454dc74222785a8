"""Look into the watched folder of an interface, take in what has arrived in full, and clear away what was stored."""

import os
import shutil
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.ingestion import folders
from zhiheng.ingestion.actions.batches import receive
from zhiheng.ingestion.actions.interfaces import folder_problem, is_within_inbox
from zhiheng.ingestion.folders import Found
from zhiheng.ingestion.models import Batch, Interface, Place
from zhiheng.packversions.queries import profile
from zhiheng.sources.profile import ProfileError
from zhiheng.web.archives import Refused


def look(*, interface: Interface, by: Any = None) -> list[Batch]:
    """Look into the folder of an interface; return the batches that what lies there has become."""
    if not interface.folder or not interface.is_enabled:
        return []
    batches: list[Batch] = []
    problem = folder_problem(interface.folder)
    try:
        if not problem:
            seen = folders.find(profile(interface.profile), Path(interface.folder), interface)
            batches = [batch for found in seen if (batch := _take(interface, found, by))]
            _forget_others(interface, seen)
    except ProfileError:
        problem = _("The profile cannot be used. Open the interface to see why.")
    except Refused as refused:
        problem = str(refused)
    except OSError as error:
        problem = _("The folder cannot be read (%(kind)s).") % {"kind": type(error).__name__}
    interface.last_looked_at, interface.problem = timezone.now(), problem
    interface.save(update_fields=["last_looked_at", "problem"])
    return batches


def tidy(*, batch: Batch) -> int:
    """Move the files of a stored batch out of the watched folder, where its interface asks for that."""
    interface = batch.interface
    place = interface.places.filter(batch=batch).first()
    if not place or not interface.move_to or batch.state != Batch.State.STORED:
        return 0
    target = Path(interface.folder) / interface.move_to / batch.code
    if not is_within_inbox(target):  # somebody has put a link in its place
        return 0
    moved = 0
    for found in folders.find(profile(interface.profile), Path(interface.folder), interface):
        if found.place == place.place and found.fingerprint == place.fingerprint:  # else: something newer lies there
            for file in found.files:
                moved += _move(found.folder / file, target / found.folder.relative_to(interface.folder) / file)
    return moved


def _take(interface: Interface, found: Found, by: Any) -> Batch | None:
    known, is_new = Place.objects.get_or_create(
        interface=interface,
        place=found.place,
        defaults={"fingerprint": found.fingerprint, "since": timezone.now()},
    )
    if not is_new and known.fingerprint != found.fingerprint:
        known.fingerprint, known.since, known.batch = found.fingerprint, timezone.now(), None
        known.save()
    if known.batch_id or not _is_complete(interface, known, found):
        return None
    with ExitStack() as opened:
        files = ((name, _opened(opened, found.folder / name)) for name in found.files)
        batch = receive(
            files=files, interface=interface, by=by, origin=Batch.Origin.FOLDER, still_valid=found.is_unchanged
        )
    if batch:
        _remember(known, batch)
    return batch


@transaction.atomic
def _remember(place: Place, batch: Batch) -> None:
    place.batch = batch
    place.save(update_fields=["batch"])


def _is_complete(interface: Interface, known: Place, found: Found) -> bool:
    if interface.marker:
        return found.has_marker
    return timezone.now() - known.since >= timedelta(seconds=interface.settle_seconds)


def _opened(opened: ExitStack, path: Path) -> BinaryIO:
    opened.pop_all().close()  # the file before: only one needs to be open
    # A file that has become a link since it was found leads who knows where.
    return opened.enter_context(os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb"))


def _forget_others(interface: Interface, seen: list[Found]) -> None:
    interface.places.exclude(place__in=[found.place for found in seen]).delete()


def _move(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return 0
    shutil.move(source, target)
    return 1

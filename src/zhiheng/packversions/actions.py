"""Import versions of packs and approve them."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.audit import recording as audit
from zhiheng.jobs.announcing import announce
from zhiheng.packs.caching import content_hash
from zhiheng.packs.loading import COMMON, Pack, default_root, load_packs, pack_folders
from zhiheng.packversions import compiling
from zhiheng.packversions.models import PackFile, PackText, PackVersion


class CannotApprove(Exception):
    """Why a version may not be approved by this person, now."""


@transaction.atomic
def import_packs(
    *, folder: Path | None = None, by: Any = None, only: Collection[str] | None = None
) -> list[PackVersion]:
    """Take in the packs below `folder` (by default those shipped with the product); return the versions that are new.

    A pack whose content is already there is left alone. A pack that cannot run refuses the whole import: PackError.
    Shipped packs were tested with the product and are in force at once; those of another folder need a person who
    imports them and another one who approves them.
    """
    root = folder or default_root()
    if folder is not None and by is None:
        raise ValueError("Packs of another folder are imported by a person.")
    known = set(PackVersion.objects.values_list("content_hash", flat=True))
    fresh = [each for each in _folders(root, only) if content_hash(root / COMMON, each) not in known]
    packs = load_packs(root, only=[each.name for each in fresh], cache=compiling.cache()) if fresh else ()
    versions = [_store(pack, root, by=by, shipped=folder is None) for pack in packs]
    in_force = [each for each in versions if each.is_approved]
    if in_force:
        announce("packversions.in_force", in_force)
    return versions


@transaction.atomic
def approve(*, version: PackVersion, by: Any) -> PackVersion:
    """Put an imported version into force. Whoever imported it cannot approve it."""
    version = PackVersion.objects.select_for_update().get(pk=version.pk)
    if version.is_approved:
        raise CannotApprove(_("This version is approved already."))
    if version.author == by:
        raise CannotApprove(_("You imported this version: another person has to approve it."))
    version.approved_by, version.approved_at = by, timezone.now()
    version.save(update_fields=["approved_by", "approved_at"])
    audit.log("packversions.approved", by=by, on=version)
    announce("packversions.in_force", [version])
    return version


def _folders(root: Path, only: Collection[str] | None) -> list[Path]:
    wanted = None if only is None else {name.lower() for name in only}
    return [each for each in pack_folders(root) if wanted is None or each.name.lower() in wanted]


def _store(pack: Pack, root: Path, *, by: Any, shipped: bool) -> PackVersion:
    spec = pack.spec
    version = PackVersion.objects.create(
        abbr=pack.abbr,
        version=pack.version,
        content_hash=pack.content_hash,
        number=spec.number,
        name=spec.name,
        name_en=spec.name_en or "",
        specialty=spec.specialty,
        unit=spec.unit,
        valid_from=spec.valid_from,
        valid_until=spec.valid_until,
        report_days=spec.reporting.days_after_discharge if spec.reporting else None,
        folder=pack.folder,
        origin=PackVersion.Origin.SHIPPED if shipped else PackVersion.Origin.IMPORTED,
        author=by,
        approved_at=timezone.now() if shipped else None,
    )
    _store_files(version, root)
    audit.log("packversions.imported", by=by, on=version, origin=version.origin)
    return version


def _store_files(version: PackVersion, root: Path) -> None:
    paths = sorted(path for name in (COMMON, version.folder) for path in (root / name).rglob("*.yaml"))
    # Read as bytes: the hash is of bytes, and the text must give them back.
    texts = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    digests = {path: hashlib.sha256(text).hexdigest() for path, text in texts.items()}
    PackText.objects.bulk_create(
        [PackText(digest=digests[path], text=text.decode()) for path, text in texts.items()], ignore_conflicts=True
    )
    PackFile.objects.bulk_create(
        [PackFile(pack_version=version, path=path, text_id=digest) for path, digest in digests.items()]
    )

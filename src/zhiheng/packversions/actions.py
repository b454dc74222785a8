"""Import versions of packs, take in those that are uploaded, and approve them."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.audit import recording as audit
from zhiheng.jobs.announcing import announce
from zhiheng.lib.models import Problem
from zhiheng.packs.caching import content_hash
from zhiheng.packs.loading import COMMON, Pack, default_root, load_packs, pack_folders
from zhiheng.packversions import checking, compiling, queries, uploads
from zhiheng.packversions.models import PackFile, PackText, PackVersion, Upload

MOST_PROBLEMS = 500  # that are kept of one upload: with more, the first ones lead on
_SHOWN = 160  # characters of the line in which a problem lies
_WRITTEN = ("abbr", "version", "name", "name_en", "specialty", "folder")  # by the author of the pack, at any length


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
    versions = [_store(_row(pack, by, shipped=folder is None), _files(root, pack.folder)) for pack in packs]
    in_force = [each for each in versions if each.is_approved]
    for version in in_force:
        _bring_overlays_along(version)
    if in_force:
        announce("packversions.in_force", in_force)
    return versions


@transaction.atomic
def upload(
    *, name: str, stream: BinaryIO, by: Any, valid_from: date | None = None, valid_until: date | None = None
) -> Upload:
    """Take in a ZIP of one pack or overlay, to be checked by a job. Raises `Refused` for what is no such archive.

    The dates narrow the validity that the pack states.
    """
    texts, left_out = uploads.unpacked(name, stream)
    found = Upload.objects.create(
        name=name[-200:],
        by=by,
        files=texts,
        valid_from=valid_from,
        valid_until=valid_until,
        warnings=[_said(Problem(path[-200:], 0, _("Left out: it is no YAML file of the pack."))) for path in left_out],
    )
    audit.log("packversions.uploaded", by=by, on=found, files=len(texts))
    announce("packversions.uploaded", found)
    return found


def check_upload(*, upload: Upload) -> Upload:
    """Check an upload as `zhiheng pack check` and `pack test` do. What is good becomes a version that waits for
    approval; of anything else only its problems are kept. Done twice, it has one effect."""
    if upload.state != Upload.State.WAITING:
        return upload
    try:
        found = checking.check(upload.files, on=upload.valid_from)
    except Exception as problem:
        _refuse(upload, [Problem("", 0, _("The check itself broke off (%s).") % type(problem).__name__)])
        raise
    return _finish(upload, found)


def _bring_overlays_along(version: PackVersion) -> None:
    """Have a hospital's additions to the version that this one replaces checked with this one too.

    They were approved with the former content only: with the new one they wait for approval, as if uploaded again.
    """
    before = queries.replaced_by(version)
    for name in sorted(compiling.overlays(before) - compiling.overlays(version)) if before else ():
        texts = {path: text for path, text in compiling.texts(before) if path.startswith(f"{name}/")}
        again = Upload.objects.create(name=f"{name} ({before.version})"[:200], by=before.author, files=texts)
        audit.log("packversions.uploaded", by=None, on=again, files=len(texts), because_of=version.code)
        announce("packversions.uploaded", again)


@transaction.atomic
def _finish(upload: Upload, found: checking.Checked) -> Upload:
    texts, upload.examples = upload.files, found.examples
    upload.warnings = [*upload.warnings, *(_said(each, texts) for each in found.warnings[:MOST_PROBLEMS])]
    if found.pack is None:
        return _refuse(upload, found.problems)
    row = _row(found.pack, upload.by, valid_from=upload.valid_from, valid_until=upload.valid_until)
    if problems := list(_not_fit(row, found.pack)):
        return _refuse(upload, problems)
    upload.version = _store(row, found.files, upload=upload.code)
    return _end(upload, Upload.State.MADE)


def _not_fit(row: PackVersion, pack: Pack) -> Iterable[Problem]:
    """Say why a pack that runs can be no version: it is there already, or its dates or names do not fit."""
    file = f"packs/{pack.folder}/pack.yaml"
    if known := PackVersion.objects.filter(content_hash=row.content_hash).first():
        yield Problem("", 0, _("This very content is there already: %(code)s.") % {"code": known.code})
    ends, stated = row.valid_until or date.max, pack.spec.valid_until or date.max
    if not pack.spec.valid_from <= row.valid_from <= ends <= stated:
        span = f"{pack.spec.valid_from} – {pack.spec.valid_until or ''}"
        yield Problem(file, 0, _("The dates must lie within the validity that the pack states (%s).") % span)
    try:
        row.clean_fields(exclude={each.name for each in row._meta.fields} - set(_WRITTEN))
    except ValidationError as wrong:
        for name, messages in wrong.message_dict.items():
            yield Problem(file, 0, f"“{name}”: {' '.join(messages)}")


@transaction.atomic
def _refuse(upload: Upload, problems: Iterable[Problem]) -> Upload:
    upload.problems = [_said(each, upload.files) for each in list(problems)[:MOST_PROBLEMS]]
    audit.log("packversions.upload_refused", by=None, on=upload, problems=len(upload.problems))
    return _end(upload, Upload.State.REFUSED)


def _end(upload: Upload, state: str) -> Upload:
    upload.state, upload.files, upload.finished_at = state, None, timezone.now()
    upload.save()
    return upload


def _said(problem: Problem, texts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a problem with what stands in its line."""
    lines = (texts or {}).get(problem.file.removeprefix("packs/"), "").splitlines()
    found = lines[problem.line - 1].strip()[:_SHOWN] if 0 < problem.line <= len(lines) else ""
    return {"file": problem.file, "line": problem.line, "found": found, "message": problem.message}


@transaction.atomic
def approve(*, version: PackVersion, by: Any, compared_with: int | None = None) -> PackVersion:
    """Put an imported version into force. Whoever imported it cannot approve it.

    `compared_with` is the version that it was compared with on the page (0: none): where another one has come into
    force since, nobody has seen what would change.
    """
    version = PackVersion.objects.select_for_update().get(pk=version.pk)
    if version.is_approved:
        raise CannotApprove(_("This version is approved already."))
    if version.author == by:
        raise CannotApprove(_("You imported this version: another person has to approve it."))
    against = queries.replaced_by(version)
    if compared_with is not None and compared_with != (against.pk if against else 0):
        raise CannotApprove(_("Another version has come into force meanwhile. Look at the comparison again."))
    version.approved_by, version.approved_at = by, timezone.now()
    version.save(update_fields=["approved_by", "approved_at"])
    audit.log("packversions.approved", by=by, on=version)
    _bring_overlays_along(version)
    announce("packversions.in_force", [version])
    return version


def _folders(root: Path, only: Collection[str] | None) -> list[Path]:
    wanted = None if only is None else {name.lower() for name in only}
    return [each for each in pack_folders(root) if wanted is None or each.name.lower() in wanted]


def _row(
    pack: Pack, by: Any, *, shipped: bool = False, valid_from: date | None = None, valid_until: date | None = None
) -> PackVersion:
    spec = pack.spec
    return PackVersion(
        abbr=pack.abbr,
        version=pack.version,
        content_hash=pack.content_hash,
        number=spec.number,
        name=spec.name,
        name_en=spec.name_en or "",
        specialty=spec.specialty,
        unit=spec.unit,
        valid_from=valid_from or spec.valid_from,
        valid_until=valid_until or spec.valid_until,
        report_days=spec.reporting.days_after_discharge if spec.reporting else None,
        folder=pack.folder,
        origin=PackVersion.Origin.SHIPPED if shipped else PackVersion.Origin.IMPORTED,
        author=by,
        approved_at=timezone.now() if shipped else None,
    )


def _files(root: Path, folder: str) -> dict[str, bytes]:
    paths = sorted(path for name in (COMMON, folder) for path in (root / name).rglob("*.yaml"))
    # Read as bytes: the hash is of bytes, and the text must give them back.
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _store(version: PackVersion, files: Mapping[str, bytes], **detail: str) -> PackVersion:
    version.save(force_insert=True)
    digests = {path: hashlib.sha256(text).hexdigest() for path, text in files.items()}
    PackText.objects.bulk_create(
        [PackText(digest=digests[path], text=text.decode()) for path, text in files.items()], ignore_conflicts=True
    )
    PackFile.objects.bulk_create(
        [PackFile(pack_version=version, path=path, text_id=digest) for path, digest in digests.items()]
    )
    audit.log("packversions.imported", by=version.author, on=version, origin=version.origin, **detail)
    return version

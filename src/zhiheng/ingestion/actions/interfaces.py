"""Set up the ways in which records come."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from zhiheng.audit import recording as audit
from zhiheng.ingestion.models import Interface
from zhiheng.packversions.queries import profile, profile_names
from zhiheng.sources.profile import ProfileError

FIELDS = ("name", "profile", "folder", "marker", "settle_seconds", "move_to", "keep_days", "is_enabled")


@transaction.atomic
def add_interface(*, by: Any, **fields: Any) -> Interface:
    """Add an interface. Raises ValidationError with what is wrong, field by field."""
    return _save(Interface(), "ingestion.interface_added", by, fields)


@transaction.atomic
def change_interface(*, interface: Interface, by: Any, **fields: Any) -> Interface:
    """Change an interface. What was received before stays as it is; it may be read again with the new profile."""
    locked = Interface.objects.select_for_update().get(pk=interface.pk)
    return _save(locked, "ingestion.interface_changed", by, fields)


def _save(interface: Interface, event: str, by: Any, fields: dict[str, Any]) -> Interface:
    changed = [name for name in FIELDS if name in fields and fields[name] != getattr(interface, name)]
    for name in changed:
        setattr(interface, name, fields[name])
    interface.full_clean()
    if wrong := dict(_wrong(interface)):
        raise ValidationError(wrong)
    interface.save()
    audit.log(event, by=by, on=interface, changed=changed)
    return interface


def _wrong(interface: Interface) -> Any:
    if problem := profile_problem(interface.profile):
        yield "profile", problem
    if interface.folder and (problem := folder_problem(interface.folder)):
        yield "folder", problem
    for name in ("marker", "move_to"):
        if Path(value := getattr(interface, name)).name != value or value in (".", ".."):
            yield name, _("A plain name within the watched folder, without slashes.")


def profile_problem(name: str) -> str:
    """Return why a profile cannot be used; empty where it can.

    What is wrong in a file is said with its text: so nothing but a file of that name is opened, and none of our own.
    """
    if name not in profile_names() and not _is_profile_of_hospital(Path(name)):
        return _("There is no profile of this name, and no such folder.")
    try:
        profile(name)
    except ProfileError as problem:
        return _("The profile cannot be used:") + f" {problem}"
    return ""


def _is_profile_of_hospital(path: Path) -> bool:
    file = path if path.name == "profile.yaml" else path / "profile.yaml"
    try:
        real = file.resolve(strict=True)
    except (OSError, ValueError):  # ValueError: a name that no system takes
        return False
    return path.is_absolute() and real.name == "profile.yaml" and real.is_file() and not _holds_our_data(real.parent)


def _holds_our_data(folder: Path) -> bool:
    """Is this the data folder or that of the keyring, or something within or above them?"""
    real = folder.resolve()
    ours = [Path(settings.DATA).resolve(), Path(settings.KEY_FILE).resolve()]
    return real.is_relative_to(ours[0]) or any(each.is_relative_to(real) for each in ours)


def folder_problem(folder: str) -> str:
    """Return why a folder cannot be watched; empty where it can.

    Of what stands elsewhere nothing is said, not even whether it exists.
    """
    path = Path(folder)
    if not path.is_absolute():
        return _("Write the whole path of the folder, from the root on.")
    if not is_within_inbox(path):
        return _(
            "Only folders within %(inboxes)s may be watched. Move the deliveries there, or let whoever runs the server "
            "name this folder in the setting ZHIHENG_INBOX."
        ) % {"inboxes": inboxes()}
    if not path.is_dir():
        return _("There is no such folder on the machine that runs Zhiheng, or it may not be opened.")
    return ""


def is_within_inbox(path: Path) -> bool:
    """Does a path lead into a folder that may be watched, wherever its links point?"""
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle; a name that no system takes
        return False
    return any(real.is_relative_to(inbox.resolve()) for inbox in settings.INBOXES)


def inboxes() -> str:
    return ", ".join(map(str, settings.INBOXES))

"""The end of the chain, kept in a file too: whoever cuts off the newest entries with their seals is noticed."""

import json
import os
from pathlib import Path

from django.conf import settings


def path() -> Path:
    return Path(settings.DATA) / "audit-head.json"


def write(position: int, digest: str) -> None:
    """Replace the file as a whole: a crash leaves the old or the new one."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"position": position, "digest": digest}, file)
    new.replace(target)


def read() -> tuple[int, str] | None:
    """Return position and digest as last written, or None where nothing was sealed on this machine yet."""
    try:
        said = json.loads(path().read_text())
        return int(said["position"]), str(said["digest"])
    except (FileNotFoundError, PermissionError, ValueError, KeyError, TypeError):
        return None

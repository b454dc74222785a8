"""The keyring: a file outside the database that holds the keys for sealing and for the blind index."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Keyring:
    """`seal` are the keys by their number, the highest is used for new values; `index` never changes."""

    seal: dict[int, bytes]
    index: bytes

    @property
    def newest(self) -> int:
        return max(self.seal)


def make(path: Path) -> None:
    """Write a new keyring, readable by its owner alone. FileExistsError where there is one: it is never overwritten."""
    ring = {"seal": {"1": _text(secrets.token_bytes(32))}, "index": _text(secrets.token_bytes(32))}
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(ring, file)


def read(path: Path) -> Keyring:
    said = json.loads(path.read_text())
    seal = {int(number): base64.b64decode(key) for number, key in said["seal"].items()}
    return Keyring(seal, base64.b64decode(said["index"]))


@lru_cache
def keyring() -> Keyring:
    """Return the keyring of this installation."""
    return read(settings.KEY_FILE)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()

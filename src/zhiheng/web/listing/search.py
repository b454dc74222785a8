"""What was searched for: it may be a patient's name or number, so the address carries it encrypted."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

A_DAY = 24 * 3600
LONGEST = 100


@dataclass(frozen=True)
class Search:
    label: Any
    find: Callable[[Any, str], Any]  # (rows, text) -> rows
    help: Any = ""


def to_token(text, user):
    """Encrypt `text` for an address that only `user` can open, for a day."""
    return box(settings.SECRET_KEY).encrypt(json.dumps([user.pk, text[:LONGEST]]).encode()).decode()


def from_token(token, user):
    """The text again, or None where the token is too old, another person's, or not one of ours."""
    try:
        owner, text = json.loads(box(settings.SECRET_KEY).decrypt(token, ttl=A_DAY))
    except (InvalidToken, ValueError):
        return None
    return text if owner == user.pk else None


@cache
def box(secret):
    derived = HKDF(SHA256(), 32, None, b"zhiheng.web.listing.search").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))

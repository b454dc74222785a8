"""Seal values with AES-256-GCM and open them again; find them by a blind index."""

import hashlib
import hmac
import os
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhiheng.vault.keys import keyring


class CannotOpen(Exception):
    """A sealed value that the keyring does not open: another key, another place, or damage."""


def seal(value: Any, *, about: str) -> bytes:
    """Return a JSON value sealed. It opens only with the same `about` (where it stands: "casefinding.case")."""
    return seal_bytes(orjson.dumps(value), about=about)


def unseal(sealed: bytes, *, about: str) -> Any:
    """Return the value that `seal` took. CannotOpen where the key, the place or the bytes are not the same."""
    return orjson.loads(unseal_bytes(sealed, about=about))


def seal_bytes(plain: bytes, *, about: str) -> bytes:
    number = keyring().newest
    nonce = os.urandom(12)
    return number.to_bytes(2) + nonce + _cipher(number).encrypt(nonce, plain, about.encode())


def unseal_bytes(sealed: bytes, *, about: str) -> bytes:
    sealed = bytes(sealed)
    number = int.from_bytes(sealed[:2])
    try:
        return _cipher(number).decrypt(sealed[2:14], sealed[14:], about.encode())
    except (InvalidTag, KeyError) as problem:
        raise CannotOpen(f"A value of {about}, sealed with key {number}, does not open.") from problem


def blind(kind: str, value: str) -> str:
    """Return 32 hex digits that are the same for the same value of a kind, and say nothing about it."""
    return hmac.digest(keyring().index, f"{kind}\0{value}".encode(), hashlib.sha256)[:16].hex()


@lru_cache
def _cipher(number: int) -> AESGCM:
    return AESGCM(keyring().seal[number])

"""Seal values with AES-256-GCM and open them again; find them by a blind index."""

import hashlib
import hmac
import os
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zhiheng.vault import keys, watching
from zhiheng.vault.keys import keyring

HEAD = 2  # bytes: the number of the key
NONCE = 12
TAG = 16


class CannotOpen(Exception):
    """A sealed value that the keyring does not open: another key, another place, or damage."""


def seal(value: Any, *, about: str) -> bytes:
    """Return a JSON value sealed. It opens only with the same `about` (where it stands: "casefinding.case")."""
    return seal_bytes(orjson.dumps(value), about=about)


def unseal(sealed: bytes, *, about: str, of_patients: bool = True) -> Any:
    """Return the value that `seal` took. CannotOpen where the key, the place or the bytes are not the same."""
    if of_patients:
        watching.note(about)
    return orjson.loads(unseal_bytes(sealed, about=about))


def seal_bytes(plain: bytes, *, about: str) -> bytes:
    ring = keyring()
    number = ring.newest
    nonce = os.urandom(NONCE)
    return number.to_bytes(HEAD) + nonce + _cipher(ring.seal[number]).encrypt(nonce, plain, about.encode())


def unseal_bytes(sealed: bytes, *, about: str) -> bytes:
    sealed = bytes(sealed)
    if len(sealed) < HEAD + NONCE + TAG:
        raise CannotOpen(f"A value of {about} is cut off: {len(sealed)} bytes are no sealed value.")
    number = key_number(sealed)
    try:
        return _cipher(_key(number, about)).decrypt(sealed[HEAD : HEAD + NONCE], sealed[HEAD + NONCE :], about.encode())
    except InvalidTag as problem:
        raise CannotOpen(
            f"A value of {about}, sealed with key {number}, does not open: it was changed or moved."
        ) from problem


def key_number(sealed: bytes) -> int:
    """Return the number of the key that a value was sealed with."""
    return int.from_bytes(bytes(sealed[:HEAD]))


def blind(kind: str, value: str) -> str:
    """Return 32 hex digits that are the same for the same value of a kind, and say nothing about it."""
    return hmac.digest(keyring().index, f"{kind}\0{value}".encode(), hashlib.sha256)[:16].hex()


def digest(kind: str, content: bytes) -> str:
    """Return the keyed digest of `content`: 64 hex digits that nobody without the keyring can work out."""
    key = hmac.digest(keyring().index, f"digest\0{kind}".encode(), hashlib.sha256)
    return hmac.digest(key, content, hashlib.sha256).hex()


def _key(number: int, about: str) -> bytes:
    if number not in keyring().seal:
        keys.forget()  # it may have been added a moment ago, by another process
    try:
        return keyring().seal[number]
    except KeyError:
        raise CannotOpen(
            f"A value of {about} was sealed with key {number}, which this keyring lacks. Its newest is "
            f"{keyring().newest}: copy the present keyring to every machine, or restore it from the backup of the keys."
        ) from None


@lru_cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)

"""The keyring: a file outside the database that holds the keys for sealing and for the blind index."""

import base64
import binascii
import json
import logging
import os
import secrets
import stat
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

LOOKED_AT_EVERY = 5.0  # seconds: processes that run take up a new key by themselves
KEY_BYTES = 32
logger = logging.getLogger(__name__)


class KeyringError(ValueError):
    """The keyring cannot be used; the message names the file and says what to do."""


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
    path.parent.mkdir(parents=True, exist_ok=True)
    ring = Keyring({1: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_written(ring))


def add(path: Path) -> int:
    """Add a key that new values are sealed with, and return its number. The older keys stay: they open what is old."""
    ring = read(path)
    number = ring.newest + 1
    _replace(path, Keyring({**ring.seal, number: secrets.token_bytes(KEY_BYTES)}, ring.index))
    return number


def remove(path: Path, number: int) -> None:
    """Take an older key out. What it sealed opens nowhere afterwards: whoever calls this has looked for such values."""
    ring = read(path)
    if number not in ring.seal or number == ring.newest:
        raise KeyringError(
            f"密钥文件 {path} 中没有可移除的第 {number} 把密钥；最新的一把（第 {ring.newest} 把）不能移除。"
        )
    _replace(path, Keyring({each: key for each, key in ring.seal.items() if each != number}, ring.index))


def _replace(path: Path, ring: Keyring) -> None:
    """Write the file as a whole: a crash leaves the old or the new one."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of a rotation that was broken off before it had any effect
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_written(ring))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    forget()


def read(path: Path) -> Keyring:
    """Return the keyring in a file. KeyringError where it is not a whole one."""
    try:
        said = json.loads(path.read_text())
        ring = Keyring({int(number): _key(key) for number, key in said["seal"].items()}, _key(said["index"]))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as problem:
        raise KeyringError(
            f"密钥文件 {path} 不完整或被改动过。请从密钥备份恢复它；不要新建，新密钥打不开旧数据。"
        ) from problem
    if not ring.seal or not 1 <= min(ring.seal) <= ring.newest < 1 << 16:
        raise KeyringError(f"密钥文件 {path} 中没有可用的密钥。请从密钥备份恢复它。")
    return ring


def is_private(path: Path) -> bool:
    """May only the owner of the file read it?"""
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


class _Held:
    """The keyring of this process, and when its file is looked at next."""

    path: Path | None = None
    stamp: tuple[int, int] = (0, 0)
    ring: Keyring | None = None
    until = 0.0


def keyring() -> Keyring:
    """Return the keyring of this installation."""
    path, now = settings.KEY_FILE, time.monotonic()
    if _Held.ring is None or _Held.path != path or now >= _Held.until:
        _look(path)
        _Held.until = now + LOOKED_AT_EVERY
    return _Held.ring  # type: ignore[return-value]


def forget() -> None:
    """Look at the file again at the next use."""
    _Held.ring = None


def _look(path: Path) -> None:
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if _Held.ring is None or (_Held.path, _Held.stamp) != (path, stamp):
            _Held.ring, _Held.path, _Held.stamp = read(path), path, stamp
            _warn_if_open(path)
    except FileNotFoundError:
        raise KeyringError(
            f"找不到密钥文件 {path}，患者数据无法加密或解密。首次安装请运行 zhiheng init；"
            "否则请从密钥备份恢复它，或用 ZHIHENG_KEY_FILE 指明它在哪里。"
        ) from None
    except PermissionError:
        raise KeyringError(f"无权读取密钥文件 {path}。它须属于运行质衡的账户：chown 该账户，chmod 600。") from None


@lru_cache
def _warn_if_open(path: Path) -> None:
    if not is_private(path):
        logger.warning("The keyring can be read by other accounts of this machine. Run: chmod 600 %s", path)


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key of another length")
    return key


def _written(ring: Keyring) -> str:
    seal = {str(number): base64.b64encode(key).decode() for number, key in sorted(ring.seal.items())}
    return json.dumps({"seal": seal, "index": base64.b64encode(ring.index).decode()})

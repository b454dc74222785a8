"""One-time codes of an authenticator (RFC 6238), and the codes that stand in for a lost one."""

import re
import secrets
import time
from collections.abc import Sequence

import pyotp
import segno
from django.utils.safestring import SafeString, mark_safe

from zhiheng.accounts.models import RecoveryCode, User
from zhiheng.vault.sealing import blind

STEP_SECONDS = 30
ISSUER = "质衡 Zhiheng"
RECOVERY_CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_secret() -> str:
    return pyotp.random_base32(32)


def address(secret: str, username: str) -> str:
    """Return the address that an authenticator reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def picture(secret: str, username: str) -> SafeString:
    """Return the address as a QR code: inline SVG without styles, which the Content-Security-Policy would refuse."""
    code = segno.make(address(secret, username), error="m", micro=False)
    drawn = code.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return mark_safe(drawn)


def step_of(secret: str, code: str, now: float | None = None) -> int | None:
    """Return the step that `code` belongs to: the present one or a neighbour, as clocks differ; None where wrong."""
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    present, totp = int((now or time.time()) // STEP_SECONDS), pyotp.TOTP(secret)
    steps = (present, present - 1, present + 1)
    return next((s for s in steps if secrets.compare_digest(totp.at(s * STEP_SECONDS), digits)), None)


def use_code(user: User, code: str, now: float | None = None) -> bool:
    """Is `code` right, and was it never used before?"""
    step = step_of(user.totp_secret, code, now) if user.totp_secret else None
    return step is not None and bool(User.objects.filter(pk=user.pk, totp_step__lt=step).update(totp_step=step))


def use_recovery_code(user: User, code: str) -> bool:
    """Is `code` one of the recovery codes? It is gone afterwards."""
    return bool(RecoveryCode.objects.filter(user=user, index=_index(user, code)).delete()[0])


def make_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes of `user`; only now are they readable."""
    codes = [_new_code() for _again in range(RECOVERY_CODES)]
    user.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, index=_index(user, code)) for code in codes)
    return codes


def _new_code() -> str:
    return "-".join("".join(_pick(ALPHABET) for _again in range(4)) for _again in range(3))


def _pick(letters: Sequence[str]) -> str:
    return secrets.choice(letters)


def _index(user: User, code: str) -> str:
    return blind("recovery_code", f"{user.pk}\0{re.sub(r'[^a-z0-9]', '', code.lower())}")

"""What is wrong with a password, by the policy."""

import re
import secrets
import string
from itertools import pairwise
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhiheng.accounts.naming import pinyin_of

if TYPE_CHECKING:
    from zhiheng.accounts.models import Policy, User

LOWER, UPPER, DIGITS, MARKS = string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation
LONGEST = 128  # hashing takes time: nobody may send us a novel
# Words that open hospital systems, with any digits and marks around them.
WORN_OUT = {"password", "passwd", "admin", "administrator", "root", "welcome", "qwerty", "qwer", "asdf", "qaz", "wsx"}
WORN_OUT |= {"zhiheng", "hospital", "yiyuan", "test", "user", "iloveyou", "woaini", "abc", "abcd", "aa", "qq", "pwd"}
LOOKS_LIKE = str.maketrans({"@": "a", "0": "o", "$": "s", "3": "e", "!": "i"})


def problems_with(password: str, *, user: "User", policy: "Policy") -> list[str]:
    """Return what is wrong with a new password for `user`, one sentence each; nothing where it may be used."""
    found = [
        _check_length(password, policy),
        _check_classes(password, policy),
        _check_person(password, user),
        _check_common(password),
        _check_runs(password),
    ]
    # The history costs a slow hash per entry: only for a password that is otherwise good.
    return [problem for problem in found if problem] or [p for p in [_check_history(password, user, policy)] if p]


def _check_length(password: str, policy: "Policy") -> str | None:
    if len(password) < policy.password_length:
        return ngettext(
            "Use at least %(least)s character.", "Use at least %(least)s characters.", policy.password_length
        ) % {"least": policy.password_length}
    return _("Use at most %(most)s characters.") % {"most": LONGEST} if len(password) > LONGEST else None


def _check_classes(password: str, policy: "Policy") -> str | None:
    classes = [LOWER, UPPER, DIGITS]
    count = sum(any(c in each for c in password) for each in classes)
    count += any(c not in LOWER + UPPER + DIGITS for c in password)
    if count >= policy.password_classes:
        return None
    return _("Mix at least %(least)s of: capital letters, small letters, digits, other characters.") % {
        "least": policy.password_classes
    }


def _check_person(password: str, user: "User") -> str | None:
    written = re.sub(r"\s", "", password).lower()
    names = [user.username, user.username[::-1], user.staff.name, user.staff.code, pinyin_of(user.staff.name)]
    if any(len(name) > 2 and name.replace(" ", "").lower() in written for name in names if name):
        return _("Do not use your user name, your name or your staff number.")
    return None


def _check_common(password: str) -> str | None:
    try:
        CommonPasswordValidator().validate(password)
    except ValidationError:
        return _("This password is one of the first that others would try.")
    core = re.sub(r"\A[^a-z]+|[^a-z]+\Z", "", password.lower())
    words = (re.sub(r"[^a-z]", "", each) for each in (core, core.translate(LOOKS_LIKE)))
    if WORN_OUT.intersection(words):
        return _("This password is a common word with digits or marks around it.")
    return None


def _check_runs(password: str) -> str | None:
    steps = [ord(b) - ord(a) for a, b in pairwise(password)]
    if any(steps[i : i + 4] in ([0] * 4, [1] * 4, [-1] * 4) for i in range(len(steps))):
        return _("Do not use five or more characters in a row that are the same or follow each other, like 12345.")
    return None


def _check_history(password: str, user: "User", policy: "Policy") -> str | None:
    if not user.pk:
        return None
    past = [
        user.password,
        *user.past_passwords.order_by("-at")[: policy.password_history].values_list("password", flat=True),
    ]
    if any(check_password(password, old) for old in dict.fromkeys(past)):
        return _("You have used this password before. The last %(count)s may not come back.") % {
            "count": max(policy.password_history, 1)
        }
    return None


def make_temporary() -> str:
    """Return a password for the first login: four groups that can be read out over the telephone."""
    letters = "abcdefghijkmnpqrstuvwxyz"
    groups = ["".join(secrets.choice(letters) for _again in range(4)) for _again in range(2)]
    number = "".join(secrets.choice("23456789") for _again in range(4))
    return f"{groups[0].capitalize()}-{groups[1]}-{number}"

"""Why an action was not done, in words for the person who asked for it."""

from django.utils.translation import ngettext


class Refused(Exception):
    """The action was not done; nothing has changed. The message says why and what would help."""


def too_many(minutes: int) -> str:
    """Say how long an account is locked; the same for names that have none."""
    return ngettext(
        "Too many failed logins. Try again in %(minutes)s minute, or ask the security administrator.",
        "Too many failed logins. Try again in %(minutes)s minutes, or ask the security administrator.",
        minutes,
    ) % {"minutes": minutes}

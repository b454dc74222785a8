"""Suggest the name that was probably meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher

NEAR_ENOUGH = 0.65
LISTED = 8


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that looks most like `name`, or None when nothing is near."""
    scored = [(_likeness(name, candidate), candidate) for candidate in names if candidate != name]
    if not scored:
        return None
    # Among equals the first in the caller's order wins: names come in the order of the form.
    likeness, candidate = max(scored, key=lambda pair: pair[0])
    return candidate if likeness >= NEAR_ENOUGH else None


def did_you_mean(name: str, names: Iterable[str], *, kind: str = "") -> str:
    """Return the sentence that ends an error about an unknown name; with `kind`, also what there is to choose from.

    The result begins with a space, or is empty when there is nothing to say.
    """
    names = list(names)
    found = nearest(name, names)
    suggestion = f' Did you mean "{found}"?' if found else ""
    if not kind or not names:
        return suggestion
    more = ", ..." if len(names) > LISTED else ""
    return f"{suggestion} {kind}: {', '.join(names[:LISTED])}{more}."


def _likeness(name: str, candidate: str) -> float:
    matcher = SequenceMatcher(None, name.lower(), candidate.lower())
    # The two quick bounds spare the full comparison for nearly all of hundreds of item names.
    if matcher.real_quick_ratio() < NEAR_ENOUGH or matcher.quick_ratio() < NEAR_ENOUGH:
        return 0.0
    return matcher.ratio()

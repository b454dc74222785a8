"""What was opened of patients' data while something was done: whoever was shown an answer may have seen all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_opened: ContextVar[set[str] | None] = ContextVar("opened", default=None)


@contextmanager
def watching() -> Iterator[set[str]]:
    """Yield the places ("casefinding.case.sealed") whose values are opened until the end, as they are."""
    opened: set[str] = set()
    token = _opened.set(opened)
    try:
        yield opened
    finally:
        _opened.reset(token)


def note(about: str) -> None:
    if (opened := _opened.get()) is not None:
        opened.add(about)


def anything_opened() -> bool:
    """Was any value of a patient opened since the watching began?"""
    return bool(_opened.get())

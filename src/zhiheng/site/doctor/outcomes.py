"""The four honest outcomes of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    COULD_NOT_RUN = "could_not_run"


@dataclass(frozen=True)
class Result:
    """What a check found, and what to do about it."""

    name: str
    outcome: Outcome
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Said:
    """What a check returns; its name is added by whoever ran it."""

    outcome: Outcome
    found: str
    remedy: str = ""


def passed(found: str) -> Said:
    return Said(Outcome.PASSED, found)


def failed(found: str, remedy: str) -> Said:
    return Said(Outcome.FAILED, found, remedy)


def not_applicable(why: str) -> Said:
    return Said(Outcome.NOT_APPLICABLE, why)


def could_not_run(why: str, remedy: str = "") -> Said:
    return Said(Outcome.COULD_NOT_RUN, why, remedy)


def passed_or_failed(is_good: bool, found: str, remedy: str) -> Said:
    return passed(found) if is_good else failed(found, remedy)

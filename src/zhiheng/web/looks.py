"""How a state looks: a tone and an icon for each word of the glossary, never colour alone."""

from typing import NamedTuple


class Look(NamedTuple):
    tone: str  # neutral, info, active, waiting, good, bad
    icon: str


NEUTRAL = Look("neutral", "circle")
LOOKS = {
    # a case
    "undecided": Look("waiting", "question-mark"),
    "to_fill": Look("info", "pencil"),
    "filling": Look("active", "progress"),
    "department_review": Look("active", "user-check"),
    "hospital_review": Look("active", "shield-check"),
    "returned": Look("bad", "arrow-back-up"),
    "cannot_complete": Look("bad", "ban"),
    "to_submit": Look("info", "send"),
    "submitting": Look("active", "loader"),
    "submitted": Look("good", "send"),
    "refused": Look("bad", "x"),
    "done": Look("good", "check"),
    "withdrawn": Look("neutral", "arrow-back-up"),
    "not_required": Look("neutral", "minus"),
    # a decision
    "in": Look("good", "check"),
    "out": Look("neutral", "minus"),
    # an answer
    "unanswered": Look("neutral", "circle-dashed"),
    "proposed": Look("info", "wand"),
    "confirmed": Look("good", "check"),
    "unknown": Look("waiting", "question-mark"),
    "open": Look("waiting", "message-circle"),
    "set_aside": Look("neutral", "eye-off"),
    # a finding
    "error": Look("bad", "circle-x"),
    "advisory": Look("waiting", "alert-triangle"),
    "hint": Look("info", "bulb"),
    # a batch, an interface, a job
    "waiting": Look("waiting", "clock"),
    "todo": Look("waiting", "clock"),
    "received": Look("info", "inbox"),
    "previewed": Look("info", "eye"),
    "running": Look("active", "loader"),
    "doing": Look("active", "loader"),
    "storing": Look("active", "loader"),
    "stored": Look("good", "check"),
    "succeeded": Look("good", "check"),
    "failed": Look("bad", "circle-x"),
    "aborted": Look("neutral", "ban"),
    "cancelled": Look("neutral", "ban"),
    "passed": Look("good", "check"),
    "not_applicable": Look("neutral", "minus"),
    "could_not_run": Look("waiting", "alert-triangle"),
}


def look_of(code):
    return LOOKS.get(str(code), NEUTRAL)

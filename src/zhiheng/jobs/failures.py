"""What is kept of a job that failed: enough to mend it, nothing of a patient."""

import traceback
from pathlib import Path

from django.db.utils import Error as DatabaseError

OURS, WORKER = "zhiheng", "jobs/working.py"


class Tellable(Exception):
    """An error whose message is written for people and never quotes a patient's name, number or value."""


def kind(problem: BaseException) -> str:
    return type(problem).__name__


def message(problem: BaseException) -> str:
    """Return the message of an error that may be shown. Other messages may quote what was found: they are not kept."""
    if isinstance(problem, Tellable):
        return str(problem)
    if isinstance(problem, DatabaseError) and (state := getattr(problem.__cause__, "sqlstate", None)):
        return f"SQLSTATE {state}"
    if isinstance(problem, ModuleNotFoundError):
        return f"{problem.name}"
    if isinstance(problem, OSError):
        return problem.strerror or ""
    return ""


def place(problem: BaseException) -> str:
    """Return where in our code it happened, as file, line and function: the innermost of our own frames."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if OURS in Path(frame.filename).parts and not frame.filename.endswith(WORKER)]
    frame = (own or frames or [None])[-1]
    if frame is None:
        return ""
    parts = Path(frame.filename).parts
    file = "/".join(parts[parts.index(OURS) + 1 :] if OURS in parts else parts[-1:])
    return f"{file}:{frame.lineno} {frame.name}"

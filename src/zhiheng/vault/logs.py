"""Logs and error reports that cannot carry a patient's name, number or value.

What a program says about itself is made of its own words (ASCII), and of codes. So whatever else comes into a line is
left out: texts in other scripts, long numbers, and the messages of errors, which quote what they stumbled over.
"""

import logging
import re
from typing import Any

from django.core.exceptions import DisallowedHost
from django.utils.html import escape
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

HIDDEN = "‹…›"
CODE = re.compile(r"[A-Za-z0-9_.:/@%+=,\[\]<>~-]{1,200}")
CASE_CODE = r"[A-Z][A-Z0-9]{1,19}-\d{2}-\d{6}"
# Case codes stay as they are; other scripts and numbers that could be a patient's do not.
UNSAID = re.compile(rf"({CASE_CODE})|[^\x00-\x7f]+|\d{{7,}}")
TELLING = (DisallowedHost,)  # errors whose message is about us, never about a patient


def screened(text: str) -> str:
    """Return `text` without what could be a patient's."""
    return UNSAID.sub(lambda found: found[1] or HIDDEN, text)


def harmless(value: Any) -> Any:
    """Return an argument of a log line as it may be printed: numbers and codes; of all else only what kind it is."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10_000_000 else HIDDEN
    if isinstance(value, BaseException):
        return _error_name(type(value))
    text = str(value)
    return screened(text) if CODE.fullmatch(text) else f"‹{type(value).__name__}›"


class QuietFormatter(logging.Formatter):
    """Writes time, level, logger and message; of an error its kind and where it happened."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return super().format(_without_values(record))

    def formatException(self, problem: Any) -> str:
        return "\n".join(_told(problem[1]))


def _without_values(record: logging.LogRecord) -> logging.LogRecord:
    quiet = logging.makeLogRecord({**vars(record), "exc_text": None, "stack_info": None})
    arguments = record.args
    if isinstance(arguments, dict):
        quiet.args = {name: harmless(value) for name, value in arguments.items()}
    elif arguments:
        quiet.args = tuple(harmless(value) for value in arguments)
    try:
        quiet.msg, quiet.args = screened(quiet.getMessage()), ()
    except (TypeError, ValueError):
        # The line wants a number where a text was hidden: its own words alone must do.
        quiet.msg, quiet.args = screened(str(record.msg)).replace("%", "%%"), ()
    return quiet


def _told(problem: BaseException | None) -> list[str]:
    """Return the kind of each error in the chain and the places it came through: no message, no source, no values."""
    lines: list[str] = []
    while problem is not None:
        trace = problem.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            lines.append(f"  {screened(code.co_filename)}:{trace.tb_lineno} in {code.co_name}")
            trace = trace.tb_next
        told = f": {screened(str(problem))}" if isinstance(problem, TELLING) else ""
        lines.append(f"{_error_name(type(problem))}{told}")
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
        if problem is not None:
            lines.append("caused by")
    return lines


def _error_name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def logging_config(level: str = "INFO") -> dict[str, Any]:
    """Return the settings of Python's logging: everything goes to the standard error, through `QuietFormatter`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"quiet": {"()": QuietFormatter}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "quiet"}},
        "root": {"handlers": ["console"], "level": level},
        # Django's own handlers would mail tracebacks and print requests; ours alone shall write.
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # They tell at each start, of every command, which tasks there are.
            "procrastinate.periodic": {"level": "WARNING"},
            "procrastinate.blueprints": {"level": "WARNING"},
            "django.db.backends": {"level": "INFO"},  # at DEBUG it prints statements with their values
        },
    }


class QuietReporter(ExceptionReporter):
    """Django's report of an error, without local variables, without what was posted, without messages."""

    def get_traceback_data(self) -> dict[str, Any]:
        return {"exception_type": _error_name(self.exc_type) if self.exc_type else "", "frames": []}

    def get_traceback_text(self) -> str:
        return "\n".join(_told(self.exc_value))

    def get_traceback_html(self) -> str:
        return f"<!doctype html><meta charset=utf-8><title>Error</title><pre>{escape(self.get_traceback_text())}</pre>"


class QuietFilter(SafeExceptionReporterFilter):
    def get_post_parameters(self, request: Any) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> list[Any]:
        return []

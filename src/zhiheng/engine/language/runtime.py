"""What generated Python calls: the functions that are more than one operator. No operand is ever None here."""

import calendar
import datetime as dt
import functools
import re
from collections.abc import Iterable

from zhiheng.records.codes import Cover

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
NOTHING = dt.timedelta(0)
FURTHEST_SECONDS = 4e9
FURTHEST_DAYS = 40000
FURTHEST_MONTHS = 1200
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,20})?\Z")


@functools.cache
def pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)  # RE2's \b knows ASCII letters only


def divide(a: float, b: float) -> float | None:
    return a / b if b else None


def minutes_between(start: dt.datetime, end: dt.datetime) -> int:
    elapsed = end - start
    return elapsed // MINUTE if elapsed >= NOTHING else -(-elapsed // MINUTE)


def hours_between(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start) / HOUR


def add_seconds(time: dt.datetime, seconds: float) -> dt.datetime | None:
    if not abs(seconds) <= FURTHEST_SECONDS:
        return None
    return time + dt.timedelta(seconds=int((seconds + 0.5) // 1))


def add_days(date: dt.date, days: float) -> dt.date | None:
    if not abs(days) <= FURTHEST_DAYS:
        return None
    return date + dt.timedelta(days=int((days + 0.5) // 1))


def add_months(date: dt.date, months: float) -> dt.date | None:
    if not abs(months) <= FURTHEST_MONTHS:
        return None
    year, month = divmod(date.year * 12 + date.month - 1 + int((months + 0.5) // 1), 12)
    return date.replace(year=year, month=month + 1, day=min(date.day, calendar.monthrange(year, month + 1)[1]))


def age_in_years(birth: dt.date, on: dt.date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def age_in_months(birth: dt.date, on: dt.date) -> int:
    return (on.year - birth.year) * 12 + on.month - birth.month - (on.day < birth.day)


def at_time(day: dt.date, hour: int, minute: int) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, minute)


def earliest(*times: dt.date | None) -> dt.date | None:
    return min((time for time in times if time is not None), default=None)


def latest(*times: dt.date | None) -> dt.date | None:
    return max((time for time in times if time is not None), default=None)


def round_half_up(x: float, scale: float) -> float:
    # 1.005 is stored a little below itself; the small addition brings back the half that people see.
    rounded = (abs(x) * scale + 0.500000001) // 1 / scale
    return rounded if x >= 0 else -rounded


def number(text: str) -> float | None:
    return float(text) if NUMBER.match(text) else None


def extract_number(text: str, compiled: re.Pattern[str]) -> float | None:
    found = compiled.search(text)
    if found is None:
        return None
    return number(found.group(1 if compiled.groups else 0) or "")


def text(x: float) -> str:
    return repr(float(x)).removesuffix(".0") if x else "0"  # there is a negative zero


def has_any(choices: Iterable[str], options: tuple[str, ...]) -> bool:
    return any(option in options for option in choices)


def has_all(choices: Iterable[str], options: tuple[str, ...]) -> bool:
    return set(options).issubset(choices)


def count_of(choices: Iterable[str | None]) -> int:
    return len({choice for choice in choices if choice is not None})


@functools.cache
def cover(listed: tuple[str, ...]) -> Cover:
    return Cover.of(listed)


moment = functools.cache(dt.datetime.fromisoformat)
day = functools.cache(dt.date.fromisoformat)

"""Read what people type into an item: times in any usual writing, numbers, options by digit, code, name or initials.

Strict where a guess could be wrong: what can mean two things is refused with a hint, never chosen.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from zhiheng.engine.form.values import Wrong
from zhiheng.forms import searching
from zhiheng.forms.sheet import Sheet, SheetItem, SheetOption

LONGEST = 5000  # letters in one answer
ONE_DAY = timedelta(days=1)


class Unreadable(ValueError):
    """What somebody typed cannot be read as an answer; the message says what was found and what would be right."""


@dataclass(frozen=True)
class Clock:
    """What a time without year, or with a word for its day, is read against."""

    now: datetime  # the hospital's local time
    admitted: datetime | None = None
    discharged: datetime | None = None


def read(sheet: Sheet, item: SheetItem, typed: str | Sequence[str] | None, clock: Clock) -> Any:
    """Return the answer in JSON form that `typed` means, None when it is empty. Unreadable when it means none.

    What the item's limits say is not looked at: an answer beyond them is saved, with its finding.
    """
    if typed is None:
        return None
    if sum(map(len, typed)) > LONGEST:
        raise Unreadable(_("This is too long (%(length)d letters).") % {"length": sum(map(len, typed))})
    value = _READERS[_kind(sheet, item)](item, typed, clock)
    if value is None:
        return None
    try:
        sheet.form.readers[item.code][1](value)
    except Wrong as wrong:
        raise Unreadable(wrong.message) from None
    return value


def _kind(sheet: Sheet, item: SheetItem) -> str:
    return "number" if item.type == "text" and sheet.counts_as_number(item.code) else item.type


def _line(typed: str | Sequence[str]) -> str:
    if isinstance(typed, str):
        return typed.strip()
    if len(typed) > 1:
        raise Unreadable(_("One value is wanted here, %(count)d were given.") % {"count": len(typed)})
    return typed[0].strip() if typed else ""


def _text(item: SheetItem, typed: str | Sequence[str], clock: Clock) -> str | None:
    return _line(typed).replace("\0", "").replace("\r\n", "\n") or None


# Digits and signs that Chinese input methods write full-width. Only these: ㎎, Ⅱ or ① would change their meaning.
_FULL_WIDTH = str.maketrans("０１２３４５６７８９：－／．＋，％　", "0123456789:-/.+,% ")


# Numbers -------------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_NUMBER_AND_REST = re.compile(r"([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([^\s0-9.,+-].*)", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", re.ASCII)
_BOUNDS = "<>≤≥＜＞《》≦≧~～≈"


def _number(item: SheetItem, typed: str | Sequence[str], clock: Clock) -> int | float | None:
    text = _line(typed).translate(_FULL_WIDTH).strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return _as_number(text)
    if text[0] in _BOUNDS:
        raise Unreadable(
            _("“%(typed)s” is a bound, not a value. Enter the exact value, or mark the item as not determined.")
            % {"typed": _short(text)}
        )
    if _THOUSANDS.fullmatch(text):
        plain = text.replace(",", "")
        raise Unreadable(_("“%(typed)s”: enter it without commas: %(plain)s.") % {"typed": text, "plain": plain})
    found = _NUMBER_AND_REST.fullmatch(text)
    if found is None:
        raise Unreadable(_("“%(typed)s” is no number. Enter it like 36 or 36.5.") % {"typed": _short(text)})
    number, unit = found.groups()
    _check_unit(item, number, unit)
    return _as_number(number)


def _check_unit(item: SheetItem, number: str, unit: str) -> None:
    """A unit behind the number is fine where it is the item's; nothing is converted in secret."""
    if item.unit and _fold_unit(unit) == _fold_unit(item.unit):
        return
    if item.unit:
        message = _("“%(typed)s”: this item is in %(unit)s. Convert the value and enter the number alone.")
        raise Unreadable(message % {"typed": _short(number + unit), "unit": item.unit})
    raise Unreadable(_("“%(typed)s”: enter the number alone: %(number)s.") % {"typed": number + unit, "number": number})


def _fold_unit(unit: str) -> str:
    same = str.maketrans({"／": "/", "μ": "u", "µ": "u", "²": "2", "³": "3", "⁹": "9", "^": "", " ": "", "％": "%"})
    return unit.translate(same).casefold()


def _as_number(text: str) -> int | float:
    found = float(text)
    return int(found) if found.is_integer() else found


# Days and times ------------------------------------------------------------------------------------------------------

_SEPARATED = re.compile(r"(?:([0-9]{4})[-/.年])?([0-9]{1,2})[-/.月]([0-9]{1,2})[日号]?", re.ASCII)
_TIME = re.compile(r"([0-9]{1,2})(?::|时|点|h)(?:([0-9]{1,2})(?::([0-9]{1,2})|分(?:([0-9]{1,2})秒)?)?)?", re.ASCII)
_HALF = re.compile(r"(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里)")
_AFTER_NOON = ("下午", "傍晚", "晚上")
_WORDS = {"今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "前天": -2, "前日": -2, "大前天": -3}
_OF_STAY = re.compile(r"(入院|出院)(?:当天|当日|日|那天)")
_NEXT_OF_STAY = re.compile(r"入院(?:次日|第二天|第2天)")


def _datetime(item: SheetItem, typed: str | Sequence[str], clock: Clock) -> str | None:
    text = _line(typed).translate(_FULL_WIDTH).strip()
    if not text:
        return None
    moment = _compact_datetime(item, text, clock) if text.isascii() and text.isdigit() else _spoken(item, text, clock)
    return moment.isoformat(" ", "seconds" if moment.second else "minutes")


def _date(item: SheetItem, typed: str | Sequence[str], clock: Clock) -> str | None:
    text = _line(typed).translate(_FULL_WIDTH).strip()
    if not text:
        return None
    day, rest = _day(item, text, clock)
    if rest and not _is_time(rest):
        raise _no_date(text)
    return day.isoformat()


def _spoken(item: SheetItem, text: str, clock: Clock) -> datetime:
    day, rest = _day(item, text.replace("T", " ", 1), clock)
    if not rest:
        message = _("“%(typed)s” has no time of day. Enter date and time, like %(example)s 14:05.")
        raise Unreadable(message % {"typed": _short(text), "example": day.isoformat()})
    return _at(day, rest, text)


def _day(item: SheetItem, text: str, clock: Clock) -> tuple[date, str]:
    """Return the day that the text begins with, and what stands behind it."""
    for word in sorted(_WORDS, key=len, reverse=True):
        if text.startswith(word):
            return clock.now.date() + timedelta(days=_WORDS[word]), text[len(word) :].strip()
    if found := _NEXT_OF_STAY.match(text):
        return _of_stay("入院", clock) + ONE_DAY, text[found.end() :].strip()
    if found := _OF_STAY.match(text):
        return _of_stay(found[1], clock), text[found.end() :].strip()
    if found := _SEPARATED.match(text):
        year, month, day = found.groups()
        return _whole(item, year, int(month), int(day), text, clock), text[found.end() :].strip()
    digits, _space, rest = text.partition(" ")
    if digits.isascii() and digits.isdigit():
        return _compact_day(item, digits, text, clock), rest.strip()
    raise _no_date(text)


def _of_stay(which: str, clock: Clock) -> date:
    moment = clock.admitted if which == "入院" else clock.discharged
    if moment is None:
        raise Unreadable(_("The records of this case do not say when that was. Enter the date in digits."))
    return moment.date()


def _compact_day(item: SheetItem, digits: str, text: str, clock: Clock) -> date:
    if len(digits) == 8:
        return _whole(item, digits[:4], int(digits[4:6]), int(digits[6:]), text, clock)
    if len(digits) == 4:
        return _whole(item, None, int(digits[:2]), int(digits[2:]), text, clock)
    if len(digits) == 6 and not _is_birth(item):
        return _whole(item, "20" + digits[:2], int(digits[2:4]), int(digits[4:]), text, clock)
    raise _no_date(text)


def _compact_datetime(item: SheetItem, digits: str, clock: Clock) -> datetime:
    """Read digits alone. Where they can be read in two ways that are both days, none is chosen."""
    found = [each for cut in _CUTS.get(len(digits), ()) if (each := _cut(item, digits, cut, clock)) is not None]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        both = _(" or ").join(f"{each:%Y-%m-%d %H:%M}" for each in found)
        message = _("“%(digits)s” may mean %(both)s. Enter it with the year: YYYYMMDDHHMM.")
        raise Unreadable(message % {"digits": digits, "both": both})
    if len(digits) == 8 and _exists(int(digits[:4]), int(digits[4:6]), int(digits[6:])):
        message = _("“%(typed)s” has no time of day. Enter date and time, like %(example)s 14:05.")
        raise Unreadable(message % {"typed": digits, "example": f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"})
    raise _no_time(digits)


# Where the year ends and the time begins: MMDDHHMM, YYMMDDHHMM or MMDDHHMMSS, YYYYMMDDHHMM, YYYYMMDDHHMMSS.
_CUTS = {8: ((0, 4),), 10: ((2, 6), (0, 4)), 12: ((4, 8),), 14: ((4, 8),)}


def _cut(item: SheetItem, digits: str, cut: tuple[int, int], clock: Clock) -> datetime | None:
    year, clock_at = cut
    said = ("20" if year == 2 else "") + digits[:year] if year else None
    try:
        day = _whole(item, said, int(digits[year : year + 2]), int(digits[year + 2 : year + 4]), digits, clock)
        hour, minute, second = (int(digits[at : at + 2] or 0) for at in (clock_at, clock_at + 2, clock_at + 4))
        return _clock_time(day, hour, minute, second, digits)
    except Unreadable:
        return None


def _whole(item: SheetItem, year: str | None, month: int, day: int, text: str, clock: Clock) -> date:
    if year is None:
        return _with_year(item, month, day, text, clock)
    if not _exists(int(year), month, day):
        said = f"{year}-{month:02}-{day:02}"
        raise Unreadable(_("There is no such day: %(day)s. Check month and day.") % {"day": said})
    return date(int(year), month, day)


def _with_year(item: SheetItem, month: int, day: int, text: str, clock: Clock) -> date:
    """Return the day of the year that makes sense: nearest to the stay, and never in the future."""
    if _is_birth(item):
        raise Unreadable(_("“%(typed)s”: enter a date of birth with its year.") % {"typed": _short(text)})
    today = clock.now.date()
    first = (clock.admitted or clock.discharged or clock.now).date()
    last = (clock.discharged or clock.admitted or clock.now).date()
    years = range(first.year - 8, last.year + 2)  # a 29 February may be years away
    days = [date(year, month, day) for year in years if _exists(year, month, day)]
    past = [each for each in days if each <= max(today, last)]
    if not past:
        raise Unreadable(_("There is no such day: %(day)s. Check month and day.") % {"day": f"{month:02}-{day:02}"})
    return min(past, key=lambda each: (max(first - each, each - last, timedelta()), -each.toordinal()))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return 1900 <= year <= 2199


def _at(day: date, said: str, text: str) -> datetime:
    half = _HALF.match(said)
    bare = said[half.end() :].strip() if half else said
    found = _TIME.fullmatch(bare)
    if found:
        hour, minute = int(found[1]), int(found[2] or 0)
        second = int(found[3] or found[4] or 0)
    elif bare.isascii() and bare.isdigit() and len(bare) in (4, 6):
        hour, minute, second = int(bare[:2]), int(bare[2:4]), int(bare[4:] or 0)
    else:
        raise _no_time(text)
    if half and half[1] in _AFTER_NOON and 1 <= hour < 12:
        hour += 12
    return _clock_time(day, hour, minute, second, text)


def _is_time(said: str) -> bool:
    try:
        _at(date(2000, 1, 1), said, said)
    except Unreadable:
        return False
    return True


def _clock_time(day: date, hour: int, minute: int, second: int, text: str) -> datetime:
    if (hour, minute, second) == (24, 0, 0):  # the end of a day, as nurses write it
        return datetime.combine(day + ONE_DAY, time())
    try:
        return datetime.combine(day, time(hour, minute, second))
    except ValueError:
        raise _no_time(text) from None


def _is_birth(item: SheetItem) -> bool:
    return "出生" in item.label


def _no_date(text: str) -> Unreadable:
    message = _("“%(typed)s” is no date. Enter it like 2026-11-22, 20261122 or 1122.")
    return Unreadable(message % {"typed": _short(text)})


def _no_time(text: str) -> Unreadable:
    message = _("“%(typed)s” is no date with a time. Enter it like 2026-11-22 14:05, 202611221405 or 11221405.")
    return Unreadable(message % {"typed": _short(text)})


# Options -------------------------------------------------------------------------------------------------------------

_BETWEEN = re.compile(r"[,，、;；\s]+")


def _choice(item: SheetItem, typed: str | Sequence[str], clock: Clock) -> str | None:
    text = _line(typed)
    if not text:
        return None
    return _option(item, text).value if item.options else text


def _choices(item: SheetItem, typed: str | Sequence[str], clock: Clock) -> list[str] | None:
    parts = [part.strip() for part in _parts(item, typed)]
    wanted = [part for part in parts if part]
    if not item.options:
        return list(dict.fromkeys(wanted)) or None
    chosen = {_option(item, part).value for part in wanted}
    return [option.value for option in item.options if option.value in chosen] or None


def _parts(item: SheetItem, typed: str | Sequence[str]) -> Iterable[str]:
    if not isinstance(typed, str):
        return typed
    # A label may hold commas itself.
    whole = searching.fold(typed)
    return [typed] if any(option.folded == whole for option in item.options) else _BETWEEN.split(typed)


def _option(item: SheetItem, text: str) -> SheetOption:
    """Return the option that is meant: by its value, its label, its place, or whatever only one option fits."""
    by_value = {option.value: option for option in item.options}
    folded = searching.fold(text)
    exact = by_value.get(text) or _only(item.options, lambda option: option.value.lower() == folded)
    if exact or (exact := _only(item.options, lambda option: option.folded == folded)):
        return exact
    place = text.translate(_FULL_WIDTH)
    if place.isascii() and place.isdigit() and 1 <= int(place) <= len(item.options):
        return item.options[int(place) - 1]
    found = searching.search(item.options, text, 6)
    if len(found) == 1:
        return found[0]
    return _refuse_option(text, found)


def _refuse_option(text: str, found: Sequence[SheetOption]) -> SheetOption:
    if found:
        said = _("; ").join(f"{option.value} {_short(option.label)}" for option in found[:5])
        raise Unreadable(_("“%(typed)s” may mean several options: %(options)s.") % {"typed": text, "options": said})
    message = _("There is no option “%(typed)s”. Enter its number, code, name or the initials of its pinyin.")
    raise Unreadable(message % {"typed": _short(text)})


def _only(options: Sequence[SheetOption], fits: Callable[[SheetOption], bool]) -> SheetOption | None:
    found = [option for option in options if fits(option)]
    return found[0] if len(found) == 1 else None


def _short(text: str) -> str:
    return f"{text[:30]}…" if len(text) > 30 else text


_READERS: dict[str, Callable[[SheetItem, str | Sequence[str], Clock], Any]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "choices": _choices,
}

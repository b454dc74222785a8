"""Clinical times: local as written, each with the precision with which it is known.

`24:00` is the end of a day and is stored as 00:00 of the next. Fractions of a second are cut off.
An offset is left aside (the time is local as written) unless the caller names the zone to convert to.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from zhiheng.records.folding import fold
from zhiheng.records.problems import Problem, shown


class Moment(NamedTuple):
    """A time, and how exactly it is known: 'date', 'minute' or 'second'."""

    value: datetime
    precision: str


FIRST_YEAR, LAST_YEAR = 1850, 2150  # outside, it is a placeholder or a slip of the keys

_DATE = (
    r"(?P<year>\d{4})(?:(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|年(?P<cmonth>\d{1,2})月(?P<cday>\d{1,2})日?)"
)
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
_CHINESE_CLOCK = r"(?P<chour>\d{1,2})[时点](?P<cminute>\d{1,2})分?(?:(?P<csecond>\d{1,2})秒)?"
_OFFSET = r"(?:\s*(?P<offset>Z|[+-]\d{2}:?\d{2}))?"
_WRITTEN = re.compile(rf"{_DATE}(?:(?:[T ]\s*|(?<=日)){_CLOCK}{_OFFSET}|(?: |(?<=日)){_CHINESE_CLOCK})?", re.ASCII)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    rf"(?:[T ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d(?:\.\d{{1,9}})?)?{_OFFSET})?",
    re.ASCII,
)
_TWO_DIGIT_YEAR = re.compile(r"\d{1,2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\D.*)?", re.ASCII)
_REMEDY = "请按“2025-03-02”或“2025-03-02 14:05”的形式导出，或在接入方案中为该列写明 format"


def parse(text: str, formats: Sequence[str] = (), zone: timedelta | None = None) -> Moment | Problem:
    """Return the time that `text` writes, by the given strptime `formats` or else by the usual ways of writing.

    `zone`: a time with an offset is converted to this zone; without it the time stays local as written.
    """
    folded = fold(text)
    if formats:
        return _by_format(folded, text, formats)
    match = _WRITTEN.fullmatch(folded) or _COMPACT.fullmatch(folded)
    if not match:
        return _unreadable(folded, text)
    said = match.groupdict()
    return _moment(said, text, zone)


def _moment(said: dict[str, str | None], text: str, zone: timedelta | None) -> Moment | Problem:
    def part(name: str) -> str | None:
        return said.get(name) or said.get("c" + name)

    year, month, day = int(said["year"] or 0), int(part("month") or 0), int(part("day") or 0)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return _problem("implausible_year", text, f"年份 {year} 不在 {FIRST_YEAR}–{LAST_YEAR} 之间，可能是占位值")
    try:
        start = datetime(year, month, day)
    except ValueError:
        return _problem("impossible_date", text, f"日历上没有 {year} 年 {month} 月 {day} 日")
    hour, minute, second = part("hour"), part("minute"), part("second")
    if hour is None or minute is None:
        return Moment(start, "date")
    clock = _clock(int(hour), int(minute), int((second or "0").split(".")[0]))
    if clock is None:
        return _problem("impossible_time", text, f"一天中没有 {hour}:{minute}{':' + second if second else ''} 这一时刻")
    value = start + clock
    offset = said.get("offset")
    if offset and zone is not None:
        value += zone - _offset(offset)
    return Moment(value, "minute" if second is None else "second")


def _clock(hour: int, minute: int, second: int) -> timedelta | None:
    if hour == 24 and minute == second == 0:
        return timedelta(days=1)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    digits = text[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size


def _by_format(folded: str, text: str, formats: Sequence[str]) -> Moment | Problem:
    for form in formats:
        if form == "excel":
            try:
                return from_excel(float(folded))
            except ValueError:
                continue
        try:
            value = datetime.strptime(folded, form)
        except ValueError:
            continue
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            return _problem(
                "implausible_year", text, f"年份 {value.year} 不在 {FIRST_YEAR}–{LAST_YEAR} 之间，可能是占位值"
            )
        return Moment(value.replace(microsecond=0, tzinfo=None), format_precision(form))
    return _problem("wrong_format", text, f"与约定的时间格式不符（{'、'.join(formats)}）")


def format_precision(form: str) -> str:
    """Return the precision that a strptime format can express."""
    if "%S" in form or "%T" in form or "%c" in form or "%X" in form:
        return "second"
    return "minute" if "%M" in form else "date"


def from_excel(serial: float, since_1904: bool = False) -> Moment | Problem:
    """Return the time of an Excel serial number. Only for columns that are known to hold such numbers."""
    found = f"{serial:g}"
    if since_1904:
        epoch = datetime(1904, 1, 1)
    elif 60 <= serial < 61:
        return _problem("impossible_date", found, "Excel 序列号 60 表示并不存在的 1900 年 2 月 29 日")
    else:
        epoch = datetime(1899, 12, 30) if serial >= 61 else datetime(1899, 12, 31)
    if not 1 <= serial < 2958466:
        return _problem("impossible_date", found, "不是有效的 Excel 日期序列号")
    value = epoch + timedelta(seconds=round(serial * 86400))
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        return _problem(
            "implausible_year", found, f"年份 {value.year} 不在 {FIRST_YEAR}–{LAST_YEAR} 之间，可能是占位值"
        )
    if float(serial).is_integer():
        return Moment(value, "date")
    return Moment(value, "second" if value.second else "minute")


def from_value(value: date | datetime) -> Moment:
    """Return a typed date or time (of a spreadsheet cell, say) with its precision, local as written."""
    if isinstance(value, datetime):
        return Moment(value.replace(microsecond=0, tzinfo=None), "second")
    return Moment(datetime.combine(value, time()), "date")


def _unreadable(folded: str, text: str) -> Problem:
    if _TWO_DIGIT_YEAR.fullmatch(folded):
        return _problem("two_digit_year", text, "年份不是四位数，无法确定是哪一年或哪个是日、月")
    if re.fullmatch(r"\d{4}(?:[-/.年]\d{1,2}月?)?", folded, re.ASCII):
        return _problem("incomplete_date", text, "只有年或年月，缺少日")
    if re.fullmatch(r"\d{4,5}(?:\.\d+)?", folded, re.ASCII):
        return _problem("excel_serial", text, "像是 Excel 日期序列号，而不是日期")
    return _problem("not_a_time", text, "不能识别为日期或时间")


def _problem(kind: str, text: str, reason: str) -> Problem:
    return Problem(kind, "", shown(text), reason, _REMEDY)

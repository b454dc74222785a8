"""The period of a report: the discharge dates that it is about."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime

FORMS = "2025, 2025Q1, 2025-03, 2025-03-15, 2025-01..2025-06"
_POINT = re.compile(r"(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?", re.IGNORECASE)


class PeriodError(ValueError):
    """A period that cannot be understood."""


@dataclass(frozen=True)
class Period:
    """Discharge dates from `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `2025`, `2025Q1`, `2025-03`, `2025-03-15`, or two of them joined by `..`; PeriodError otherwise."""
        start, _, end = text.strip().partition("..")
        period = cls(_span(start)[0], _span(end or start)[1])
        if period.last < period.first:
            raise PeriodError(f"The period {text!r} ends before it begins. Write the earlier date first.")
        return period

    def holds(self, moment: date | datetime | None) -> bool:
        """Return whether a discharge at `moment` belongs to the period; one without a date does not."""
        if moment is None:
            return False
        day = moment.date() if isinstance(moment, datetime) else moment
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first.isoformat()}..{self.last.isoformat()}"


def _span(text: str) -> tuple[date, date]:
    match = _POINT.fullmatch(text.strip())
    if not match:
        raise PeriodError(f"The period {text!r} is not understood. Write it like {FORMS}.")
    year = int(match["year"])
    try:
        if match["day"]:
            day = date(year, int(match["month"]), int(match["day"]))
            return day, day
        if match["month"]:
            first_month = last_month = int(match["month"])
        elif match["quarter"]:
            last_month = 3 * int(match["quarter"])
            first_month = last_month - 2
        else:
            first_month, last_month = 1, 12
        return date(year, first_month, 1), date(year, last_month, monthrange(year, last_month)[1])
    except ValueError as problem:
        raise PeriodError(f"The period {text!r} names no date that exists. Write it like {FORMS}.") from problem

"""Times as seconds from a first day, and their text by table: a million visits write fifty million times."""

from datetime import date, timedelta

MINUTE, HOUR, DAY = 60, 3600, 86400

_CLOCKS = [f" {hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60)]


class Calendar:
    """Turns seconds since `first` into text. It covers `days` days from there on."""

    def __init__(self, first: date, days: int) -> None:
        self.first = first
        self.days = [(first + timedelta(n)).isoformat() for n in range(days)]

    def seconds(self, day: date) -> int:
        """Return the midnight of `day` in seconds."""
        return (day - self.first).days * DAY

    def day(self, at: int) -> date:
        return self.first + timedelta(at // DAY)

    def date(self, at: int) -> str:
        """Return '2025-03-02'."""
        return self.days[at // DAY]

    def minute(self, at: int) -> str:
        """Return '2025-03-02 14:05'."""
        return self.days[at // DAY] + _CLOCKS[at % DAY // 60]

    def second(self, at: int) -> str:
        """Return '2025-03-02 14:05:09'."""
        return f"{self.days[at // DAY]}{_CLOCKS[at % DAY // 60]}:{at % 60:02d}"

"""A period is understood as its dates, or refused with the forms that are."""

from datetime import date, datetime

import pytest

from zhiheng.records.periods import Period, PeriodError


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2025Q1", date(2025, 1, 1), date(2025, 3, 31)),
        ("2025q4", date(2025, 10, 1), date(2025, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-03-15", date(2025, 3, 15), date(2025, 3, 15)),
        ("2025-01..2025-06", date(2025, 1, 1), date(2025, 6, 30)),
        (" 2024..2025Q2 ", date(2024, 1, 1), date(2025, 6, 30)),
    ],
)
def test_a_period_is_its_first_and_last_discharge_date(text, first, last):
    assert Period.parse(text) == Period(first, last)


@pytest.mark.parametrize(
    "text", ["", "25", "2025-13", "2025Q5", "2025-02-30", "2025/03", "last year", "2025-06..2025-01"]
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(PeriodError):
        Period.parse(text)


def test_a_discharge_belongs_to_the_period_by_its_date():
    march = Period.parse("2025-03")
    assert march.holds(datetime(2025, 3, 31, 23, 59))
    assert not march.holds(date(2025, 4, 1))
    assert not march.holds(None)

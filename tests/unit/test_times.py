"""Clinical times: what is accepted, with which precision, and what is refused."""

from datetime import datetime, timedelta

import pytest

from zhiheng.records import times
from zhiheng.records.problems import Problem


@pytest.mark.parametrize(
    ("text", "value", "precision"),
    [
        ("2025-03-02", "2025-03-02 00:00:00", "date"),
        ("20250302", "2025-03-02 00:00:00", "date"),
        ("2025/3/2", "2025-03-02 00:00:00", "date"),
        ("2025.03.02", "2025-03-02 00:00:00", "date"),
        ("2025年3月2日", "2025-03-02 00:00:00", "date"),
        ("2024-02-29", "2024-02-29 00:00:00", "date"),
        ("2025-03-02 14:05", "2025-03-02 14:05:00", "minute"),
        ("2025/3/2 9:05", "2025-03-02 09:05:00", "minute"),
        ("202503021405", "2025-03-02 14:05:00", "minute"),
        ("20250302 1405", "2025-03-02 14:05:00", "minute"),
        ("2025年3月2日14时5分", "2025-03-02 14:05:00", "minute"),
        ("2025年3月2日 14:05", "2025-03-02 14:05:00", "minute"),
        ("2025-03-02T14:05", "2025-03-02 14:05:00", "minute"),
        ("2025-03-02 14:05:09", "2025-03-02 14:05:09", "second"),
        ("20250302140509", "2025-03-02 14:05:09", "second"),
        ("2025年3月2日14时5分9秒", "2025-03-02 14:05:09", "second"),
        ("2025-03-02T14:05:09.987654", "2025-03-02 14:05:09", "second"),  # cut, never rounded up into the next second
        ("2025-03-02T14:05:09+08:00", "2025-03-02 14:05:09", "second"),  # local as written
        ("2025-03-02T14:05:09Z", "2025-03-02 14:05:09", "second"),
        ("2025-03-02 00:00", "2025-03-02 00:00:00", "minute"),  # a midnight that somebody wrote
        ("2025-03-02 24:00", "2025-03-03 00:00:00", "minute"),  # the end of the day is the start of the next
        ("2024-12-31 24:00:00", "2025-01-01 00:00:00", "second"),
        ("２０２５－０３－０２　１４：０５", "2025-03-02 14:05:00", "minute"),
        ("  2025-03-02 14:05  ", "2025-03-02 14:05:00", "minute"),
    ],
)
def test_times_are_read_with_their_precision(text, value, precision):
    assert times.parse(text) == (datetime.fromisoformat(value), precision)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2025-02-29", "impossible_date"),
        ("2025-13-01", "impossible_date"),
        ("20250230", "impossible_date"),
        ("2025-03-02 25:00", "impossible_time"),
        ("2025-03-02 24:01", "impossible_time"),
        ("2025-03-02 14:60", "impossible_time"),
        ("0001-01-01", "implausible_year"),
        ("9999-12-31 23:59:59", "implausible_year"),
        ("25-03-02", "two_digit_year"),
        ("02/03/25", "two_digit_year"),
        ("2025-03", "incomplete_date"),
        ("2025", "incomplete_date"),
        ("45718", "excel_serial"),
        ("45718.58", "excel_serial"),
        ("2025-03/02", "not_a_time"),
        ("2025-03-02 14时", "not_a_time"),  # the hour alone is no precision of ours
        ("昨天", "not_a_time"),
        ("2025-03-02 14:05 下午", "not_a_time"),
        ("٢٠٢٥-٠٣-٠٢", "not_a_time"),  # Arabic digits: int() would take them
        ("", "not_a_time"),
    ],
)
def test_what_is_no_time_is_refused_and_shown_as_it_was(text, kind):
    problem = times.parse(text)
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.found) == (kind, text)
    assert problem.reason
    assert problem.remedy


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2025-03-02T14:05:00Z", "2025-03-02 22:05:00"),
        ("2025-03-02T14:05:00-05:00", "2025-03-03 03:05:00"),
        ("2025-03-02T14:05:00+08:00", "2025-03-02 14:05:00"),
        ("2025-03-02 14:05:00", "2025-03-02 14:05:00"),
    ],
)
def test_an_offset_is_converted_only_when_a_zone_is_named(text, local):
    moment = times.parse(text, zone=timedelta(hours=8))
    assert moment == (datetime.fromisoformat(local), "second")


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("02/03/2025", "%d/%m/%Y", ("2025-03-02 00:00", "date")),
        ("02/03/2025 14:05", "%d/%m/%Y %H:%M", ("2025-03-02 14:05", "minute")),
        ("02-03-25", "%d-%m-%y", ("2025-03-02 00:00", "date")),  # the profile says which century and order
        ("45718", "excel", ("2025-03-02 00:00", "date")),
    ],
)
def test_a_stated_format_decides(text, form, expected):
    assert times.parse(text, [form]) == (datetime.fromisoformat(expected[0]), expected[1])


def test_a_time_in_another_than_the_stated_format_is_refused():
    problem = times.parse("2025-03-02", ["%d/%m/%Y"])
    assert isinstance(problem, Problem)
    assert problem.kind == "wrong_format"


@pytest.mark.parametrize(
    ("serial", "expected"),
    [
        (45718, ("2025-03-02 00:00:00", "date")),
        (45718.5, ("2025-03-02 12:00:00", "minute")),
        (45718.58680555555, ("2025-03-02 14:05:00", "minute")),
        (1, ("1900-01-01 00:00:00", "date")),
        (61, ("1900-03-01 00:00:00", "date")),
        (59, ("1900-02-28 00:00:00", "date")),
    ],
)
def test_excel_serials(serial, expected):
    assert times.from_excel(serial) == (datetime.fromisoformat(expected[0]), expected[1])


@pytest.mark.parametrize("serial", [60, 60.5, 0, -1, 2958466, float("inf"), float("nan")])
def test_excel_serials_that_are_no_dates(serial):
    assert isinstance(times.from_excel(serial), Problem)


def test_the_serials_of_1904_workbooks():
    assert times.from_excel(44256, since_1904=True) == (datetime(2025, 3, 2), "date")

"""The filters of a list: what they read from an address, what they say, what they refuse."""

from datetime import date, datetime

import pytest
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone, translation

from zhiheng.web.listing import Boolean, Choice, DateRange, Text, Tree

TREE = [("1", "内科", 0), ("2", "心内科", 1), ("3", "外科", 0)]
STATE = Choice("state", "State", choices=[("", "---"), ("a", "To fill"), ("b", "Returned")])
ONE = Choice("disease", "Disease", field="pack__abbr", choices=lambda request: [(1, "STEMI"), (2, "HF")], several=False)
PLACE = Tree("place", "Place", options=lambda request: TREE, within=lambda value: [value, f"{value}1"])
DAYS = DateRange("left", "Discharged", field="discharge_time", local=True)
MOMENTS = DateRange("opened", "Opened", field="opened_at")
LATE = Boolean("late", "Late", condition=Q(due__lt=3))
WRONG = Boolean("wrong", "Errors", field="has_errors", otherwise="none", yes="some")
CODE = Text("code", "Code")


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def read(each, query):
    return each.read(QueryDict(query), None)


@pytest.mark.parametrize(
    ("each", "query", "q", "words"),
    [
        (STATE, "state=a&state=b", Q(state__in=["a", "b"]), "To fill、Returned"),
        (ONE, "disease=2", Q(pack__abbr__in=["2"]), "HF"),
        (PLACE, "place=2", Q(place__in=["2", "21"]), "心内科"),
        (LATE, "late=1", Q(due__lt=3), "Yes"),
        (WRONG, "wrong=1", Q(has_errors=True), "some"),
        (WRONG, "wrong=0", ~Q(has_errors=True), "none"),
        (CODE, "code=+STEMI-26+", Q(code__icontains="STEMI-26"), "STEMI-26"),
        (DAYS, "left_from=2026-11-01", Q(discharge_time__gte=datetime(2026, 11, 1)), "from 2026-11-01"),
        (DAYS, "left_until=20261130", Q() & Q(discharge_time__lt=datetime(2026, 12, 1)), "until 2026-11-30"),
        (
            DAYS,
            "left_from=2026/11/01&left_until=2026.11.30",
            Q(discharge_time__gte=datetime(2026, 11, 1)) & Q(discharge_time__lt=datetime(2026, 12, 1)),
            "2026-11-01 – 2026-11-30",
        ),
    ],
)
def test_a_filter_narrows_and_says_so(each, query, q, words):
    value = read(each, query)
    assert each.q(value) == q
    assert each.says(value, None) == words


@pytest.mark.parametrize("each", [STATE, ONE, PLACE, DAYS, LATE, WRONG, CODE])
def test_a_filter_that_is_not_in_the_address_is_not_in_use(each):
    assert read(each, "") is None
    assert read(each, "state=&disease=&place=&left_from=&left_until=&late=&wrong=&code=") is None


@pytest.mark.parametrize(
    ("each", "query", "problem"),
    [
        (STATE, "state=a&state=zz", "zz is not among its choices"),
        (PLACE, "place=9", "9 is not among its choices"),
        (LATE, "late=0", "0 is not among its choices"),  # nobody can ask for it: it has no opposite
        (DAYS, "left_from=2026-13-01", "Write it as 2026-11-22"),
        (DAYS, "left_from=yesterday", "yesterday is not a day"),
        (DAYS, "left_from=2026-11-02&left_until=2026-11-01", "after the last"),
    ],
)
def test_what_cannot_be_used_is_explained(each, query, problem):
    with pytest.raises(ValueError, match=problem):
        read(each, query)


def test_days_of_a_system_time_begin_at_midnight_in_the_hospital():
    q = MOMENTS.q((date(2026, 11, 1), None))
    assert q == Q(opened_at__gte=timezone.make_aware(datetime(2026, 11, 1)))


def test_a_tree_shows_its_levels_without_style_sheets():
    control = PLACE.control("2", None)
    assert control["options"] == [("1", "内科"), ("2", "\u3000心内科"), ("3", "外科")]

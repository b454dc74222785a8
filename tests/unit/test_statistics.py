"""Intervals and quartiles agree with published values and with R."""

import csv

import duckdb
import pytest

from zhiheng.engine.statistics import SMALL, exact, is_small, wilson

# Newcombe, Stat Med 1998; 17: 857-872, table I: methods 3 (score) and 5 (exact), four decimals.
PUBLISHED = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
# As R prints them: binom.test, and prop.test without continuity correction.
EXACT_TO_SIX = [
    (8, 10, (0.4901625, 0.9433178), (0.4439045, 0.9747893)),
    (10, 10, (0.7224672, 1.0), (0.6915029, 1.0)),
]


@pytest.mark.parametrize(("met", "of", "score", "clopper_pearson"), PUBLISHED)
def test_intervals_are_those_of_newcombe(met, of, score, clopper_pearson):
    assert wilson([met], [of])[0] == pytest.approx(score, abs=5e-5)
    assert exact([met], [of])[0] == pytest.approx(clopper_pearson, abs=5e-5)


@pytest.mark.parametrize(("met", "of", "score", "clopper_pearson"), EXACT_TO_SIX)
def test_intervals_are_right_to_a_millionth(met, of, score, clopper_pearson):
    assert wilson([met], [of])[0] == pytest.approx(score, abs=1e-6)
    assert exact([met], [of])[0] == pytest.approx(clopper_pearson, abs=1e-6)


def test_the_exact_interval_leaves_a_fortieth_outside_on_each_side():
    """Its own definition, summed term by term: at the bound, so many or more (fewer) come with chance 0.025."""
    from math import comb

    lower, upper = exact([7], [25])[0]
    at_least = sum(comb(25, k) * lower**k * (1 - lower) ** (25 - k) for k in range(7, 26))
    at_most = sum(comb(25, k) * upper**k * (1 - upper) ** (25 - k) for k in range(8))
    assert at_least == pytest.approx(0.025, abs=1e-9)
    assert at_most == pytest.approx(0.025, abs=1e-9)


def test_a_share_of_no_case_has_no_interval():
    assert wilson([0], [0]) == [None]
    assert exact([0], [0]) == [None]


def test_a_share_of_fewer_than_thirty_is_flagged():
    assert is_small(SMALL - 1)
    assert not is_small(SMALL)


def test_quartiles_are_those_of_r(shared):
    values = [float(text) for text in shared("data/stats/r-base/quantiles_input.csv").read_text().split(",")]
    with shared("data/stats/r-base/quantiles_R_types.csv").open() as file:
        by_share = {row[""]: float(row["type7"]) for row in csv.DictReader(file)}
    found = duckdb.execute("select quantile_cont(v, [0.25, 0.5, 0.75]) from (select unnest(?) as v)", [values])
    assert found.fetchone()[0] == pytest.approx([by_share["25%"], by_share["50%"], by_share["75%"]], abs=1e-6)

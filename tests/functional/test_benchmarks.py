"""The benchmarks still run: a trial of each gives numbers. How fast they are is no test."""

from math import isfinite

import pytest
from benchmarks.__main__ import BENCHMARKS, measure, written
from benchmarks.measuring import Result, Scale


# A trial of `serving` takes as long as half of these tests; the product that it serves has tests of its own.
@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != "serving"])
def test_a_trial_of_each_benchmark_gives_numbers(name):
    results = list(measure([name], Scale(quick=True)))

    assert results
    assert all(isfinite(result.value) and result.value >= 0 for result in results)
    assert not any("OTHER" in result.note for result in results), "ours and the SQL by hand must find the same"


def test_ours_and_sql_by_hand_find_the_same_candidates():
    from benchmarks.find import measure as measure_find

    found = measure_find(2_000)

    assert found["found"] == found["found_by_hand"] > 0


@pytest.mark.parametrize(("value", "limit", "verdict"), [(0.3, 0.3, "met"), (0.31, 0.3, "NOT MET"), (9, None, "")])
def test_a_number_is_held_to_its_target(value, limit, verdict):
    result = Result("find", "candidates", value, "s", limit)

    assert result.verdict == verdict
    assert verdict in written([result])

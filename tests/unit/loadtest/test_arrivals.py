"""When visitors arrive: by the seed alone, as often as asked, independently of each other."""

import numpy as np
import pytest

from loadtest.arrivals import times

from .stalls import waits


def test_seed_decides_the_times() -> None:
    assert times(20, 1, 5, "7/1") == times(20, 1, 5, "7/1")
    assert times(20, 1, 5, "7/1") != times(20, 1, 5, "7/2")


def test_as_many_arrive_as_the_rate_says_in_order_within_their_time() -> None:
    found = times(20, 1.5, 5, "7/1")
    assert found == sorted(found)
    assert sum(-1.5 <= moment < 0 for moment in found) == 30
    assert sum(0 <= moment < 5 for moment in found) == 100


def test_the_measure_has_an_arrival_at_any_rate() -> None:
    assert len(times(0.01, 0, 0.2, "7/1")) == 1


def test_gaps_vary_as_those_of_a_poisson_process() -> None:
    gaps = np.diff(times(50, 0, 200, "7/1"))
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(gaps[1:], gaps[:-1])[0, 1] == pytest.approx(0, abs=0.05)


def test_a_stall_shows_in_the_tail_as_theory_has_it() -> None:
    """Of arrivals spread over T, a share (S - x) / T waits longer than x in a stall of S."""
    length, stall = 10.0, 1.4
    found = [
        np.quantile(waits(times(100, 0, length, str(seed)), 4, 4 + stall), 0.99)
        for seed in range(200)
    ]
    assert np.mean(found) == pytest.approx(stall - 0.01 * length, rel=0.01)

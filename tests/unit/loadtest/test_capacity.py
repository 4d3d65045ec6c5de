"""The search for capacity: finds what is there, within its bounds, and says where it isn't."""

import numpy as np
import pytest

from loadtest.capacity import STEPS, Found, Probe, found, missed, next_rate, seconds_of
from loadtest.samples import Samples

from .test_samples import row


def searched(truth: float, top: float) -> tuple[Found, int]:
    """The end of a search on a cell that keeps the target up to the rate `truth`."""
    probes: list[Probe] = []
    while (rate := next_rate(probes, top)) is not None:
        probes.append(Probe(rate=rate, met=rate <= truth))
    return found(probes), len(probes)


@pytest.mark.parametrize("truth", [13, 20, 40, 77, 99])
def test_search_narrows_the_capacity_down_to_seven_percent(truth: float) -> None:
    end, probes = searched(truth, top=100)
    assert probes == STEPS
    assert (end.rate or 12.5) <= truth <= (end.not_at or 110)
    assert (end.not_at or 110) / (end.rate or 12.5) < 1.08


def test_cell_that_never_keeps_the_target_has_no_capacity() -> None:
    end, _ = searched(0, top=100)
    assert end.rate is None
    assert end.not_at == pytest.approx(12.5, rel=0.08)


def test_cell_that_always_keeps_it_has_no_upper_end() -> None:
    end, _ = searched(1e9, top=100)
    assert end.not_at is None
    assert end.rate == pytest.approx(110, rel=0.08)


def test_where_chance_contradicts_itself_the_lower_rate_counts() -> None:
    probes = [Probe(rate=10, met=True), Probe(rate=20, met=False), Probe(rate=30, met=True)]
    assert found(probes) == Found(rate=10, not_at=20)


def test_failures_and_unanswered_requests_miss_the_target() -> None:
    rows = [row(0, 0.1, lag_s=0), row(0, 0.3, lag_s=0), row(0, 0.1, error="status", lag_s=0)]
    taken = Samples.of(rows, 1.0, arrivals=True)
    assert missed(taken, 250, requests=4) == pytest.approx(3 / 4)
    assert missed(Samples.of([], 1.0, arrivals=True), 250, requests=0) == 1


@pytest.mark.parametrize(("rate", "seconds"), [(10, 12), (50, 8), (500, 4)])
def test_probe_lasts_for_a_sure_percentile_within_bounds(rate: float, seconds: float) -> None:
    assert np.isclose(seconds_of(rate), seconds)

"""Exact quantiles, and when they rest on too few samples."""

import numpy as np
import pytest

from loadtest.quantiles import Quantile, quantile


@pytest.mark.parametrize(
    ("share", "value", "beyond"), [(0.5, 50, 50), (0.95, 95, 5), (0.99, 99, 1), (1.0, 100, 0)]
)
def test_quantile_is_the_smallest_sample_that_the_share_does_not_exceed(
    share: float, value: float, beyond: int
) -> None:
    samples = np.random.default_rng(1).permutation(np.arange(1.0, 101.0))
    assert quantile(samples, share) == Quantile(value, beyond)


def test_quantile_is_a_sample_never_an_interpolation() -> None:
    found = quantile(np.array([1.0, 10.0]), 0.5)
    assert found is not None
    assert found.value == 1.0


def test_no_samples_have_no_quantile() -> None:
    assert quantile(np.array([]), 0.5) is None


@pytest.mark.parametrize(("size", "sure"), [(1999, False), (2000, True)])
def test_p99_is_sure_from_20_samples_beyond_it(size: int, sure: bool) -> None:
    found = quantile(np.arange(float(size)), 0.99)
    assert found is not None
    assert found.sure is sure

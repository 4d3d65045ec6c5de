"""Exact quantiles from raw timings, and whether there are enough of them to believe one.

Counts and rates are in `figures.py`, intervals in `model.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ("ENOUGH_BEYOND", "Quantile", "quantile")

ENOUGH_BEYOND = 20
"""A quantile with fewer samples beyond it rests on a handful of requests: it is marked."""


@dataclass(frozen=True)
class Quantile:
    """`value` in the samples' unit, `beyond`: how many samples are larger in rank."""

    value: float
    beyond: int

    @property
    def sure(self) -> bool:
        return self.beyond >= ENOUGH_BEYOND


def quantile(samples: NDArray[np.float64], share: float) -> Quantile | None:
    """The smallest sample that at least `share` of all don't exceed; None without samples.

    This is the inverse of the empirical distribution (Hyndman and Fan 1996, definition 1): a value
    that really was measured, never an interpolation.
    """
    if not samples.size:
        return None
    value = float(np.quantile(samples, share, method="inverted_cdf"))
    rank = int(np.ceil(round(share * samples.size, 9)))
    return Quantile(value, samples.size - rank)

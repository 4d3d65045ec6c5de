"""Ratios within blocks, their intervals, and the goals they are held to."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import t as student

__all__ = ["GOALS", "THROUGHPUT_GOALS", "Ratio", "ratio", "verdict"]

CONFIDENCE = 0.95

GOALS: Mapping[str, float] = {
    "one-row hit": 0.7,
    "100-row hit": 0.7,
    "100-row hit, joined": 0.7,
    "miss, a list": 0.8,
    "miss, a row": 0.8,
    "autocommit write": 1.5,
    "atomic write": 1.5,
}
"""At most so many times cachalot's time on the same server."""

THROUGHPUT_GOALS: Mapping[float, float] = {0.01: 2.0, 0.10: 1.0}
"""At this share of writes, at least so many times the database's own throughput."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its bounds at 95 %; without bounds where there is one block."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.middle:g}"
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(values: Sequence[float], others: Sequence[float]) -> Ratio:
    """Return the geometric mean of the ratios of pairs, each from one block, by Student's t."""
    logs = [math.log(value / other) for value, other in zip(values, others, strict=True)]
    count = len(logs)
    mean = sum(logs) / count
    if count == 1:
        return Ratio(0.0, math.exp(mean), math.inf)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in logs) / (count - 1))
    half = float(student.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / math.sqrt(count)
    return Ratio(math.exp(mean - half), math.exp(mean), math.exp(mean + half))


def verdict(found: Ratio, goal: float, *, at_most: bool) -> str:
    """Return 'met' or 'missed' where the whole interval says so, else what its middle says."""
    low, middle, high = found.low, found.middle, found.high
    if not at_most:
        low, middle, high, goal = -high, -middle, -low, -goal
    if high <= goal:
        return "met"
    if low > goal:
        return "missed"
    return "met, the interval crosses it" if middle <= goal else "missed, the interval crosses it"

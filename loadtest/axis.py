"""Axes: where a value is drawn on one, and which values are named on it."""

import math
from dataclasses import dataclass

from matplotlib.ticker import LogLocator, MaxNLocator

__all__ = ("Scale", "ticks")

NAMED = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 7, 10, 20, 50)


def ticks(low: float, high: float, *, parts: int) -> list[float]:
    """Of ratios: 1 and those that fit beside it, none nearer to another than a part of the axis."""
    apart = math.log(high / low) / parts
    chosen = [1.0]
    for tick in sorted((t for t in NAMED if low <= t <= high), key=lambda t: abs(math.log(t))):
        if all(abs(math.log(tick / other)) >= apart for other in chosen):
            chosen.append(tick)
    return sorted(chosen)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """An axis whose `low` is drawn at `begin` and whose `high` at `end`, in percent of its length."""

    low: float
    high: float
    begin: float = 0
    end: float = 100
    logarithmic: bool = True

    def place(self, value: float) -> float:
        """Return where a value is drawn."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 2)

    @property
    def ticks(self) -> list[float]:
        """Round values on it."""
        locator = LogLocator(subs=(1.0, 2.0, 5.0)) if self.logarithmic else MaxNLocator(5)
        found = locator.tick_values(self.low, self.high)
        return [float(one) for one in found if self.low <= one <= self.high]

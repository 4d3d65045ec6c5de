"""A logarithmic axis of ratios: which of them are named on it."""

import math

__all__ = ("ticks",)

NAMED = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 7, 10, 20, 50)


def ticks(low: float, high: float, *, parts: int) -> list[float]:
    """1 and those that fit beside it, none nearer to another than a part of the axis."""
    apart = math.log(high / low) / parts
    chosen = [1.0]
    for tick in sorted((t for t in NAMED if low <= t <= high), key=lambda t: abs(math.log(t))):
        if all(abs(math.log(tick / other)) >= apart for other in chosen):
            chosen.append(tick)
    return sorted(chosen)

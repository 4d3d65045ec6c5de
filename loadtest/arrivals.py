"""When visitors of an open phase arrive: decided before it begins, whatever the replica does.

Poisson arrivals, since visitors who know nothing of each other come like that: evenly spaced ones
would hide the queues that even a half idle site has. Conditioned on their number, so that the rate is
exactly the same in every window: given how many there are, the times of a Poisson process are that
many independent uniform ones in order (Kingman, Poisson Processes, 1993, section 2.4). The same seed
gives the same times in all cells of a block.
"""

import random

__all__ = ("times",)


def times(rate: float, warmup_seconds: float, seconds: float, seed: str) -> list[float]:
    """Seconds from the beginning of the measure, in order; those of the warm-up are negative.

    rate: arrivals per second, in the warm-up as in the measure. At least one arrival is measured.
    """
    source = random.Random(f"{seed}/arrivals")
    warm = _uniform(source, round(rate * warmup_seconds), -warmup_seconds, 0.0)
    return warm + _uniform(source, max(1, round(rate * seconds)), 0.0, seconds)


def _uniform(source: random.Random, number: int, low: float, high: float) -> list[float]:
    return sorted(low + (high - low) * source.random() for _ in range(number))

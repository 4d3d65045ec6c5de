"""What the visits of a phase are: the n-th of them is the same in every cell of a block.

Actions follow an additive recurrence, frac(start + n * golden ratio), of which every stretch is even
(Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods, 1992, section 3.1). Any stretch
of visits thus holds the scenario's shares but for two or three visits: a window that got more of the
long pages would look like a slow cell. How one is carried out over HTTP is in `visitor.py`.
"""

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, count

from loadtest.scenario import ACTIONS, Scenario

__all__ = ("Visit", "visits")

GOLDEN_RATIO = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An action; `position` within its share, from 0 to 1, and `choices` settle which page it asks for."""

    action: str
    position: float
    choices: random.Random


def visits(scenario: Scenario, seed: str) -> Iterator[Visit]:
    """Yield visits without end."""
    ends = list(accumulate(scenario.weights))
    start = random.Random(f"{seed}/visits").random()
    for number in count():
        point = (start + number * GOLDEN_RATIO) % 1 * ends[-1]
        index = bisect(ends, point)  # the first that ends behind the point, so it has a weight
        yield Visit(
            action=ACTIONS[index],
            position=1 - (ends[index] - point) / scenario.weights[index],
            choices=random.Random(f"{seed}/{number}"),
        )

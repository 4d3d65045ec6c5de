"""Capacity at a latency target: the highest arrival rate at which 95 of 100 requests keep it.

Found by bisection between an eighth of what the cell serves at saturation and a tenth more than that,
on a logarithmic scale: each step narrows a factor of 9 to its root, so that STEPS probes leave 7 %.
The search follows from the probes on disk: a resumed run goes on with it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loadtest.samples import Samples

__all__ = (
    "PACE_SECONDS",
    "STEPS",
    "Found",
    "Probe",
    "found",
    "missed",
    "next_rate",
    "probes_of",
    "seconds_of",
    "summary",
)

STEPS = 5
SHARE_BEYOND = 0.05
SPAN, BEYOND = 8.0, 1.1
PACE_SECONDS = 10.0
"""A concurrent user is one who opens a page every so many seconds on average."""
SURE_REQUESTS = 400
"""Of which 20 lie beyond the 95th percentile."""
SHORTEST_SECONDS, LONGEST_SECONDS = 4.0, 12.0


@dataclass(frozen=True, kw_only=True)
class Probe:
    """`met`: at this rate (requests per second) the target was kept."""

    rate: float
    met: bool


@dataclass(frozen=True, kw_only=True)
class Found:
    """The target is kept at `rate` and no longer at `not_at`; None: not found within the bounds."""

    rate: float | None
    not_at: float | None


def next_rate(probes: Sequence[Probe], top: float) -> float | None:
    """The rate to probe next; None once the search is over. `top`: the cell's rate at saturation."""
    if len(probes) >= STEPS:
        return None
    end = found(probes)
    low, high = end.rate or top / SPAN, end.not_at or top * BEYOND
    return math.sqrt(low * high)


def found(probes: Sequence[Probe]) -> Found:
    """What the probes say. Where chance contradicts itself, the lower rate counts."""
    not_at = min((probe.rate for probe in probes if not probe.met), default=None)
    met = [probe.rate for probe in probes if probe.met and (not_at is None or probe.rate < not_at)]
    return Found(rate=max(met, default=None), not_at=not_at)


def missed(taken: Samples, target_ms: float, requests: int) -> float:
    """The share of requests that were slower than the target or failed."""
    kept = int(np.sum(taken.latencies_ms <= target_ms))
    return 1 - kept / requests if requests else 1.0


def seconds_of(rate: float) -> float:
    """Length of a probe: enough requests to know the 95th percentile, within bounds."""
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, SURE_REQUESTS / rate))


def summary(
    windows: Sequence[Mapping[str, Any]], cells: Sequence[str], requests_per_action: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each cell's capacity in requests per second and in users, from the probes' records."""
    for cell in cells:
        end = found(probes_of(windows, cell))
        yield (
            cell,
            {
                "rate": end.rate,
                "not_at": end.not_at,
                "users": end.rate and end.rate / requests_per_action * PACE_SECONDS,
                "probes": sum(window["cell"] == cell for window in windows),
            },
        )


def probes_of(windows: Sequence[Mapping[str, Any]], cell: str) -> list[Probe]:
    return [
        Probe(rate=window["rate"], met=window["missed"] <= SHARE_BEYOND)
        for window in windows
        if window["cell"] == cell
    ]

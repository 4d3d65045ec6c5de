"""Whether a phase's figures are the replica's: the generator was neither the limit nor late.

A window of which they aren't is thrown away and measured again: `attempts.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from loadtest.errors import InvalidWindow

__all__ = ("MAX_LAG_MS", "SATURATED", "check")

SATURATED = 0.9
"""Share of a core above which the generator, not the replica, may have been the limit."""
MAX_LAG_MS = 2.0
"""Of the 99th percentile of how much later than intended arrivals were sent."""


def check(phases: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise InvalidWindow with every reason; `phases` by name, as the generator answered."""
    reasons = [reason for name, phase in phases.items() for reason in _reasons(name, phase)]
    if reasons:
        raise InvalidWindow("; ".join(reasons))


def _reasons(name: str, phase: Mapping[str, Any]) -> Iterator[str]:
    share = phase["generator_cpu_share"]
    if share > SATURATED:
        taken = f"the generator took {share:.0%} of its core in {name}"
        yield f"{taken}, of which {SATURATED:.0%} are allowed: it may have been the limit"
    lag = phase.get("lag_p99_ms")
    if lag is not None and lag > MAX_LAG_MS:
        late = f"the generator was late in {name}: one of 100 arrivals by {lag:.1f} ms or more"
        yield f"{late}, {MAX_LAG_MS:g} ms are allowed: stop other programs"
    if phase.get("turned_away"):
        yield (
            f"{phase['turned_away']} arrivals in {name} found no visitor free to make them: "
            "too many were waiting for an answer"
        )

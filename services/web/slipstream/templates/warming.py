"""Loads templates before they are asked for: at the boot of a worker, or before workers are forked."""

from collections.abc import Callable, Collection, Mapping

from slipstream.templates import cached, shared

__all__ = ["warm"]

WARMERS: Mapping[str, Callable[[], int]] = {
    "cached-templates": cached.warm,
    "shared-templates": shared.warm,
}


def warm(active: Collection[str]) -> int:
    """Load what the active level keeps in the process; return how many templates that is."""
    return sum(load() for name, load in WARMERS.items() if name in active)

"""What the services' own statistics grew by over a window, and the figures made of it.

The probes of /-/optimizations read them. What is expected of the figures is in `proofs.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = (
    "Figure",
    "Growth",
    "fragments",
    "hit_ratio",
    "keys_per_hit",
    "own_memory",
    "per_request",
    "pooled",
)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What the probes' evidence, by optimization, grew by over a window.

    requests: good responses by phase; the warm-ups' come on top of them. queries: of all of them.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    requests: Mapping[str, int]
    queries: float = 0.0

    def of(self, optimization: str, figure: str) -> float | None:
        """None where one of the pages doesn't say. A counter that began anew counts from zero."""
        then, now = (
            page[optimization]["evidence"].get(figure) for page in (self.before, self.after)
        )
        if then is None or now is None:
            return None
        return float(now - then if now >= then else now)

    def now(self, optimization: str, figure: str) -> float | None:
        """What the page after the window says."""
        value = self.after[optimization]["evidence"].get(figure)
        return None if value is None else float(value)

    @property
    def all_requests(self) -> int:
        return sum(self.requests.values())


Figure = Callable[[Growth], float | None]
"""None where it can't be told."""


def per_request(optimization: str, figure: str, phase: str = "") -> Figure:
    def ratio(seen: Growth) -> float | None:
        requests = seen.requests.get(phase, 0) if phase else seen.all_requests
        return _ratio(seen.of(optimization, figure), requests)

    return ratio


def _ratio(value: float | None, base: float) -> float | None:
    return None if value is None or base <= 0 else value / base


def pooled(seen: Growth) -> float | None:
    """A page that writes has one transaction for several queries, one out of a cache has none."""
    return _ratio(
        seen.of("pgbouncer", "pgbouncer_transactions"), min(seen.queries, seen.all_requests)
    )


def own_memory(seen: Growth) -> float | None:
    """Of the worker that answered. Pages of several processes count in part, by their number."""
    share = seen.now("preload", "anonymous_share_bytes")
    return _ratio(share, seen.now("preload", "anonymous_bytes") or 0.0)


def fragments(seen: Growth) -> float | None:
    """Of the fragments that were asked for, those that came from the cache or were put there."""
    return _share_of_asked(seen, "fragment-cache", "hits", "misses")


def hit_ratio(seen: Growth) -> float | None:
    return _share_of_asked(seen, "query-cache", "hits")


def _share_of_asked(seen: Growth, optimization: str, *outcomes: str) -> float | None:
    """Of all that a cache was asked for, what had these outcomes."""
    asked = {what: seen.of(optimization, what) for what in ("hits", "misses", "bypasses")}
    known = {what: count for what, count in asked.items() if count is not None}
    if len(known) < len(asked):
        return None
    return _ratio(sum(known[what] for what in outcomes), sum(known.values()))


def keys_per_hit(seen: Growth) -> float | None:
    return _ratio(
        seen.of("query-cache", "keys_found_by_server"), seen.of("query-cache", "hits") or 0.0
    )

"""Whether the site's count of its queries is the database's: neither is believed alone."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ("TOLERANCE", "flags", "sums")

TOLERANCE = 0.01


def sums(phases: Mapping[str, Mapping[str, Any]]) -> tuple[int, int] | None:
    """Queries by Server-Timing and statements by pg_stat_statements, of the phases that have both."""
    both = [
        one for one in phases.values() if "asked" in one and "postgres" in one.get("servers", {})
    ]
    if not both:
        return None
    said = sum(one["asked"]["queries"] for one in both)
    return said, sum(one["servers"]["postgres"]["statements"] for one in both)


def flags(phases: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what to distrust in a window."""
    found = sums(phases)
    if found is None:
        return
    counts = [one["servers"]["postgres"] for one in phases.values() if one.get("servers")]
    if any(one["evicted"] or one["resets"] for one in counts):
        yield "queries could not be cross-checked: pg_stat_statements dropped or reset its counts"
        return
    said, counted = found
    if abs(said - counted) > TOLERANCE * max(said, counted):
        untimed = sum(one["asked"]["untimed"] for one in phases.values() if "asked" in one)
        lost = f" ({untimed} responses came without it)" if untimed else ""
        yield (
            f"Server-Timing counts {said} queries{lost}, pg_stat_statements {counted} statements of "
            "web's role: more than 1 % apart, so queries per request are not what they seem"
        )

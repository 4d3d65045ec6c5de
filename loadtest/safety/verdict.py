"""From probes to a verdict per cell: *safe*, *unsafe* or *not shown*; which probes apply is a table."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

__all__ = ("APPLY", "EVERYWHERE", "applying", "shared_by", "verdicts")

CRAWL, WRITES, SESSIONS = "crawl", "write-then-read", "sessions"
EVERYWHERE = (CRAWL, WRITES, SESSIONS)
"""Done in every cell, the baseline as their control. The others are done once, for all cells."""
VERIFY, NO_MEMCACHED, NO_REDIS = "verify", "without memcached", "without redis"

APPLY: Mapping[str, tuple[str, ...]] = {
    # What is kept of a log-in, and for whom.
    "sessions": (CRAWL, WRITES, SESSIONS, NO_REDIS),
    # A connection that others used before: its settings and its open transaction.
    "connections": (CRAWL, WRITES, SESSIONS),
    # Old rows, rows of other visitors, a user who has logged out.
    "queries": (CRAWL, WRITES, SESSIONS, VERIFY, NO_MEMCACHED),
    # Another template, or an old one; what visitors wrote, unescaped.
    "templates": (CRAWL, WRITES),
    "engine": (CRAWL, WRITES),
    # HTML of another visitor, or from before a write.
    "pages": (CRAWL, WRITES, SESSIONS, NO_MEMCACHED),
    # What forked processes share.
    "processes": (CRAWL, WRITES, SESSIONS),
}
"""By factor: what can go wrong with it, as the probes that would see it."""


def applying(factors: Iterable[str]) -> tuple[str, ...]:
    """The probes of a cell with these factors; for a factor without any, none can show it safe."""
    return tuple(dict.fromkeys(probe for factor in factors for probe in APPLY.get(factor, ())))


def shared_by(factors: Iterable[Iterable[str]]) -> list[str]:
    """The probes that cells with these factors need once for all of them."""
    wanted = dict.fromkeys(probe for own in factors for probe in applying(own))
    return [probe for probe in wanted if probe not in EVERYWHERE]


def verdicts(
    cells: Iterable[Mapping[str, Any]],
    records: Mapping[str, Mapping[str, Any]],
    shared: Mapping[str, Mapping[str, Any]],
    vouched: Mapping[str, str],
) -> dict[str, dict[str, Any]]:
    """By cell with an optimization: {cell, verdict, because, probes: {name: as in probe.py}}.

    cells: name and factors of each. records: by cell, its probes. shared: the probes that were done
    once, which hold for each cell that they apply to. vouched: by cell the one that was probed in its
    place, which is the row's `cell`.
    """
    plan = {cell["name"]: cell["factors"] for cell in cells}
    controls = [records[name]["probes"] for name in plan if not plan[name] and name in records]
    spoilt = {
        probe
        for probes in controls
        for probe, found in probes.items()
        if found["status"] != "passed"
    }
    return {
        name: {"cell": own}
        | _verdict(factors, {**shared, **records.get(own, {}).get("probes", {})}, spoilt)
        for name, factors in plan.items()
        if factors
        for own in (vouched.get(name, name),)
    }


def _verdict(
    factors: Collection[str], probes: Mapping[str, Any], spoilt: Collection[str]
) -> dict[str, Any]:
    wanted = applying(factors)
    row: dict[str, Any] = {"probes": {name: probes[name] for name in wanted if name in probes}}
    untold = [f"no probe applies to {one!r}" for one in factors if not APPLY.get(one)]
    for name in wanted:
        found = probes.get(name)
        if found is None:
            untold.append(f"{name}: wasn't done")
        elif name in spoilt:
            untold.append(f"{name}: the baseline doesn't pass it either")
        elif found["status"] == "failed":
            return row | {"verdict": "unsafe", "because": f"{name}: {found['example']}"}
        elif found["status"] == "not done":
            untold.append(f"{name}: {found['reason']}")
    if untold:
        return row | {"verdict": "not shown", "because": "; ".join(untold)}
    return row | {"verdict": "safe", "because": ""}

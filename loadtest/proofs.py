"""The table of proofs: what tells from outside that an optimization is in force, or that it is off.

Beside the probes of /-/optimizations there are two kinds: counts that the responses of a phase
carry, and what the services' own statistics grew by over a window (`growth.py`). `truth.py` judges
them.

Bounds lie far from both what is seen of a factor at work and what is seen of one that isn't:
nearly none against about one per request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from typing import Any

from loadtest import growth
from loadtest.figures import PHASES

__all__ = ("RESPONSES", "SERVICES", "OfResponses", "OfServices", "Range")


FIRST_TIMES = 16
"""Connections that threads may still open, templates that processes compile and queries that nobody
asked yet, for the first time: much in a short window on a slow machine, far less than the one per
request of a broken cell.
"""


@dataclass(frozen=True, kw_only=True)
class Range:
    least: float = -inf
    most: float = inf

    def broken_by(self, value: float, above: float = 0.0, below: float = 0.0) -> dict[str, float]:
        """The bound that the value breaks, by its name; none where it lies within.

        above: what something else may have added to a value that is to be small; below: to one
        that is to be large.
        """
        if value < self.least + below:
            return {"at least": self.least + below}
        if value > self.most + above:
            return {"at most": self.most + above}
        return {}


@dataclass(frozen=True, kw_only=True)
class OfResponses:
    """A figure of Server-Timing while one of the factor's levels is on, or none is.

    seen: the figure in words. figure: from the means per request; None where they don't say.
    unless: a level of the factor of which it says nothing. spared_by: another factor, or an
    optimization, that may lower it as well. first_times: what may come on top of `most`.
    """

    factor: str
    seen: str
    figure: Callable[[Mapping[str, float | None]], float | None]
    phases: tuple[str, ...]
    on: Range
    off: Range
    unless: str = ""
    spared_by: str = ""
    first_times: int = FIRST_TIMES


def _count(factor: str, count: str, **how: Any) -> OfResponses:
    """The proof by a count as it is."""
    return OfResponses(factor=factor, seen=f"{count} per request", figure=itemgetter(count), **how)


def _queries_per_round_trip(counts: Mapping[str, float | None]) -> float | None:
    """A read that the cache is asked for costs a round trip, and a miss two and a query."""
    queries, round_trips = counts["queries"], counts["round_trips"]
    if queries is None or round_trips is None:
        return None
    return queries / round_trips if round_trips else inf


@dataclass(frozen=True, kw_only=True)
class OfServices:
    """A figure of the services while this optimization is on, or no level of its factor is.

    seen: the figure in words. probes: what the probes themselves, and health checks, may add to it.
    """

    factor: str
    optimization: str
    seen: str
    figure: growth.Figure
    on: Range
    off: Range = Range()
    probes: int = 0
    spared_by: str = ""


NONE, ONE, SOME = Range(most=0.05), Range(least=0.5), Range(least=0.05)
RUST = "rust-templates"

RESPONSES = (
    _count("connections", "connections", phases=PHASES, on=NONE, off=ONE, spared_by="queries"),
    # The one-query page is never Jinja2's; of the mix that may leave next to nothing to compile.
    # The engine in Rust compiles by itself, unseen.
    *(
        _count("templates", "compiled", phases=(phase,), on=NONE, off=off, spared_by=RUST)
        for phase, off in (("mix", Range(least=0.01)), ("one-query", ONE))
    ),
    # In the mix visitors write, so that how much is left to ask depends on their pace; but the
    # cache is asked first.
    _count("queries", "queries", phases=("one-query",), on=NONE, off=Range(least=0.9)),
    OfResponses(
        factor="queries",
        seen="queries per cache round trip",
        figure=_queries_per_round_trip,
        phases=("mix",),
        on=Range(most=1.2),
        off=Range(),
        first_times=0,
    ),
    _count(
        "engine",
        "jinja2",
        phases=("mix",),
        on=SOME,
        off=Range(most=0),
        unless=RUST,
        first_times=0,
    ),
)

_NEW_SESSIONS = "sessions that Postgres began, per request"
_BEGUN = "pg_stat_database_sessions"

SERVICES = (
    OfServices(
        factor="sessions",
        optimization="redis-sessions",
        seen="statements on the sessions' table per request of the mix",
        figure=growth.per_request("redis-sessions", "queries_of_session_table", "mix"),
        on=NONE,
        off=ONE,
        probes=4,
    ),
    OfServices(
        factor="sessions",
        optimization="redis-sessions",
        seen="reads of a session from Redis per request of the mix",
        figure=growth.per_request("redis-sessions", "reads_in_redis", "mix"),
        on=ONE,
    ),
    *(
        OfServices(
            factor="connections",
            optimization=level,
            seen=_NEW_SESSIONS,
            figure=growth.per_request(level, _BEGUN),
            on=NONE,
            off=ONE,
            probes=20,
            spared_by="queries",
        )
        for level in ("persistent-connections", "connection-pool", "pgbouncer")
    ),
    OfServices(
        factor="connections",
        optimization="pgbouncer",
        seen="transactions through PgBouncer per request that asks",
        figure=growth.pooled,
        on=ONE,
        probes=40,
    ),
    # Half of the mix's reads or more once warm; a window begins cold.
    OfServices(
        factor="queries",
        optimization="query-cache",
        seen="hit ratio of the query cache",
        figure=growth.hit_ratio,
        on=Range(least=0.2),
    ),
    # An entry and the generation of its table, at least.
    OfServices(
        factor="queries",
        optimization="query-cache",
        seen="keys that memcached found per hit",
        figure=growth.keys_per_hit,
        on=Range(least=1),
    ),
    # How many hit depends on how cold a window begins; none that can be shared is passed by.
    OfServices(
        factor="pages",
        optimization="fragment-cache",
        seen="share of fragments that are served or stored",
        figure=growth.fragments,
        on=ONE,
        off=NONE,
    ),
    # By the kernel. Measured: 0.50 to 0.57 of two workers, 0.94 where each loaded the site itself.
    OfServices(
        factor="processes",
        optimization="preload",
        seen="share of a worker's memory for objects that it has for itself",
        figure=growth.own_memory,
        on=Range(most=0.8),
        off=Range(least=0.85),
    ),
)

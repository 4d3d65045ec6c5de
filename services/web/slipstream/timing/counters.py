"""What is counted during one request, and where the instrumentation finds it.

The measuring is in `instruments.py`, the header in `middleware.py`.
"""

from contextvars import ContextVar
from time import perf_counter

__all__ = ["CURRENT", "Counters", "record_round_trip"]


class Counters:
    """Times in seconds and numbers of one request; a plain mutable object, for speed.

    `in_*` say that the time is being taken already: what is nested is not taken twice. They belong
    to the request, not to a thread: where a view does several things at once, wall time counts.
    """

    __slots__ = (
        "cache_seconds",
        "compiled",
        "connect_seconds",
        "connections",
        "db_seconds",
        "in_cache",
        "in_connect",
        "in_template",
        "queries",
        "rendered_by_jinja2",
        "round_trips",
        "start",
        "template_seconds",
    )

    def __init__(self) -> None:
        self.db_seconds = self.connect_seconds = self.template_seconds = self.cache_seconds = 0.0
        self.queries = self.connections = self.compiled = self.round_trips = 0
        self.rendered_by_jinja2 = 0
        self.in_cache = self.in_connect = self.in_template = False
        self.start = perf_counter()

    def header(self) -> str:
        """Return the value of Server-Timing as of now, times in milliseconds."""
        jinja2 = f'jinja2;desc="{self.rendered_by_jinja2}", ' if self.rendered_by_jinja2 else ""
        return (
            f'db;dur={self.db_seconds * 1e3:.3f};desc="{self.queries}", '
            f'connect;dur={self.connect_seconds * 1e3:.3f};desc="{self.connections}", '
            f'template;dur={self.template_seconds * 1e3:.3f};desc="{self.compiled}", '
            f'cache;dur={self.cache_seconds * 1e3:.3f};desc="{self.round_trips}", '
            f"{jinja2}total;dur={(perf_counter() - self.start) * 1e3:.3f}"
        )


# None outside of a request. Threads that Django or asgiref start for a request see the same object.
CURRENT: ContextVar[Counters | None] = ContextVar("slipstream_timing", default=None)


def record_round_trip(seconds: float) -> None:
    """Count one round trip to a cache, for clients that aren't redis-py, which counts by itself."""
    counters = CURRENT.get()
    if counters is not None:
        counters.round_trips += 1
        counters.cache_seconds += seconds

"""How fast this machine is while a phase lasts: a fixed piece of work, timed again and again.

It runs on the generator's core, so what the replica does can't change it but through what the
cores share. CPU time, so that waiting for the core doesn't count. About 1 % of the core.
"""

import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time

import gevent

__all__ = ("Gauge", "gauged")

EVERY_SECONDS = 0.04
WORK = {f"name {n}": [n, str(n), None, {"value": n / 7}] for n in range(60)}
"""What the site does, too: objects of Python made and looked up."""


class Gauge:
    """The times of the work so far, in microseconds of CPU time."""

    def __init__(self) -> None:
        self.times_us: list[float] = []

    @property
    def median_us(self) -> float | None:
        return statistics.median(self.times_us) if self.times_us else None

    def time(self) -> None:
        """Do the work once."""
        start = thread_time()
        json.loads(json.dumps(WORK))
        self.times_us.append((thread_time() - start) * 1e6)

    def _run(self) -> None:
        while True:
            gevent.sleep(EVERY_SECONDS)
            self.time()


@contextmanager
def gauged() -> Iterator[Gauge]:
    """Time the work again and again while the block lasts."""
    gauge = Gauge()
    running = gevent.spawn(gauge._run)
    try:
        yield gauge
    finally:
        running.kill()

"""One open phase: visitors arrive at times decided beforehand, whether or not others were answered.

Latency counts from the intended arrival, so that a stalled replica can't put off the requests that
would have shown it (coordinated omission: Tene, How NOT to Measure Latency, 2013). The closed,
saturated phase is in `phase.py`.

An arrival is one action of the scenario, carried out by a visitor who is free; what follows within
the action (a form sent, a redirect) counts from its own start.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import gevent
from gevent.monkey import get_original
from locust.env import Environment

from loadtest import samples
from loadtest.errors import GeneratorError
from loadtest.figures import QUANTILES
from loadtest.generator.visitor import Plan, Visitor
from loadtest.generator.visits import Visit
from loadtest.quantiles import quantile
from loadtest.samples import Samples

__all__ = ("MAX_VISITORS", "run")

MAX_VISITORS = 800
"""Under way at once; each holds a socket, of which a process has 1,024 unless told otherwise."""
EARLY_SECONDS = 0.0015
"""The event loop's timers are more than a millisecond late: the last part of a wait is made of naps."""
NAP_SECONDS = 0.0002
"""A nap leaves the core to others: whoever polls without one loses it for milliseconds when asked."""
nap = get_original("time", "sleep")
LAST_ANSWER_SECONDS = 45
"""Longer than a visitor waits for an answer: a bound for what must not happen."""


@dataclass
class Crowd:
    """Visitors without anything to do, the last one first: few connections are used where few do."""

    idle: list[Visitor]
    visits: list[gevent.Greenlet] = field(default_factory=list)
    turned_away: int = 0

    @property
    def busy(self) -> int:
        return sum(not visit.ready() for visit in self.visits)

    def send(self, due: float, visit: Visit) -> None:
        """Have somebody make a visit; count an arrival for whom there is nobody."""
        if not self.idle:
            self.turned_away += 1
            return
        self.visits.append(gevent.spawn(self._visit, self.idle.pop(), due, visit))

    def close(self) -> None:
        """End what is still under way; raise GeneratorError where a visit failed by itself."""
        gevent.killall(self.visits)
        failed = [visit.exception for visit in self.visits if visit.exception]
        if failed:
            raise GeneratorError(f"a visit failed: {failed[0]!r}: its trace is in generator.log")

    def _visit(self, visitor: Visitor, due: float, visit: Visit) -> None:
        visitor.intended = due
        try:
            visitor.make(visit)
        finally:
            visitor.intended = None
            self.idle.append(visitor)


def run(  # noqa: PLR0913 - the same as a closed phase, and when visitors arrive
    plan: Plan,
    *,
    arrivals: Sequence[float],
    warmup_seconds: float,
    seconds: float,
    raw: Path,
    tell: Callable[..., None],
) -> dict[str, Any]:
    """Write the raw samples to `raw` and return the phase's figures.

    arrivals: seconds from the end of the warm-up. Nothing is told before the last one is sent: that
    would make the generator late.
    """
    # Decided beforehand: an arrival asks the same in every cell, even after one that found nobody.
    visits = list(islice(plan.visits, len(arrivals)))
    crowd = Crowd(_visitors(plan, min(MAX_VISITORS, len(arrivals))))
    with _no_garbage_collection():
        cpu, began = time.process_time(), time.perf_counter() + warmup_seconds
        plan.recorder.begin(began)
        busy = _arrive(crowd, arrivals, visits, began)
        _wait_until(began + seconds)
        cpu = time.process_time() - cpu
        after = crowd.busy
        answered = len(plan.recorder.responses)
        tell("progress", rate=answered / (warmup_seconds + seconds))
        gevent.joinall(crowd.visits, timeout=LAST_ANSWER_SECONDS)
    unanswered = crowd.busy
    crowd.close()
    plan.recorder.end(began + seconds)
    return _figures(plan.recorder.samples(), unanswered, raw) | {
        "error_examples": plan.recorder.examples(),
        "generator_cpu_share": round(cpu / (warmup_seconds + seconds), 4),
        "began": began,
        "turned_away": crowd.turned_away,
        "under_way": [busy, after],
    }


def _visitors(plan: Plan, number: int) -> list[Visitor]:
    content = {"plan": plan, "born": 0, "host": plan.base_url}
    user_class = type("OpenVisitor", (Visitor,), content)
    environment = Environment(user_classes=[user_class])
    return [user_class(environment) for _ in range(number)]


def _arrive(crowd: Crowd, arrivals: Sequence[float], visits: Sequence[Visit], began: float) -> int:
    """Send every visitor at their time; return how many were under way when the measure began."""
    busy = None
    for due, visit in zip(arrivals, visits, strict=True):
        if busy is None and due >= 0:
            _wait_until(began)
            busy = crowd.busy
        _wait_until(began + due)
        crowd.send(began + due, visit)
    return busy or 0


def _wait_until(moment: float) -> None:
    while (left := moment - time.perf_counter()) > 0:
        if left > EARLY_SECONDS:
            gevent.sleep(left - EARLY_SECONDS)
        else:
            gevent.sleep(0)  # answers that have come in
            nap(min(NAP_SECONDS, max(0.0, moment - time.perf_counter())))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A collection takes longer than an arrival may be late."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _figures(taken: Samples, unanswered: int, raw: Path) -> dict[str, Any]:
    samples.save(raw, taken)
    requests, good = int(taken.counted.sum()) + unanswered, int(taken.good.sum())
    lags = taken.lags_ms
    late = quantile(lags, QUANTILES["p99"])
    found = {name: quantile(taken.latencies_ms, share) for name, share in QUANTILES.items()}
    return {
        "seconds": round(taken.seconds, 6),
        "requests": requests,
        "errors": requests - good,
        "requests_per_second": int(taken.served.sum()) / taken.seconds,
        "quantiles": {name: one and one.value for name, one in found.items()},
        "lag_p99_ms": late and late.value,
        "lag_max_ms": float(lags.max()) if lags.size else None,
        "raw": raw.name,
    }

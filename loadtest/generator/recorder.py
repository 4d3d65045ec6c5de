"""Records every response of a phase; Locust's own statistics are rounded and aren't used.

What a response should have been is decided by the visitor, who hands it over.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from loadtest.costs.asked import asked
from loadtest.costs.meter import Meter
from loadtest.generator import server_timing
from loadtest.samples import Samples

__all__ = ("MAX_EXAMPLES", "Recorder", "Response")

MAX_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Response:
    """`start` in seconds of `time.perf_counter`; `error`: its kind, empty for none.

    lag_s: how much later than intended it was sent, where that was decided beforehand; `start` and
    `latency_s` are of the intended time then.
    """

    start: float
    latency_s: float
    page: str
    visitor: int
    status: int
    response_bytes: int
    timing: str
    error: str = ""
    detail: str = ""
    lag_s: float | None = None


@dataclass
class Recorder:
    """Keeps what ends after `begin`; what came before is thrown away.

    A closed phase begins after its warm-up, an open one before it: there the intended start tells.

    meter: reads what the replica's containers spent between `begin` and `end`. warmup: the
    Server-Timing of the warm-up, all that is kept of it.
    arrivals: when visitors arrive was decided beforehand (`Samples.arrivals`).
    """

    began: float | None = None
    ended: float | None = None
    arrivals: bool = False
    responses: list[Response] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    warmup: list[str] = field(default_factory=list)

    def begin(self, at: float | None = None) -> None:
        self.meter.begin()
        self.began = time.perf_counter() if at is None else at

    def end(self, at: float | None = None) -> None:
        self.ended = time.perf_counter() if at is None else at
        self.meter.end()

    def add(self, response: Response) -> None:
        if self.began is None:
            self.warmup.append(response.timing)
        else:
            self.responses.append(response)

    @property
    def seconds(self) -> float:
        began = self.began or 0.0
        return (self.ended or time.perf_counter()) - began

    def samples(self) -> Samples:
        """The header is read here, after the phase: it costs the generator nothing during it."""
        began = self.began or 0.0
        rows = [_row(one, began) for one in self.responses]
        return Samples.of(rows, self.seconds, arrivals=self.arrivals)

    def costs(self, requests: int) -> dict[str, Any]:
        """What they cost, and what the site said that it asked of others; see `window.py`."""
        timings = (*self.warmup, *(one.timing for one in self.responses))
        return {"costs": self.meter.costs(requests), "asked": asked(timings)}

    def examples(self) -> list[dict[str, Any]]:
        """Some errors, one per kind and page first, for the table and the result."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for one in self.responses:
            if one.error:
                example = {"error": one.error, "page": one.page, "status": one.status}
                found.setdefault((one.error, one.page), example | {"detail": one.detail[:300]})
        return list(found.values())[:MAX_EXAMPLES]


def _row(response: Response, began: float) -> dict[str, Any]:
    return {
        "start_s": response.start - began,
        "latency_s": response.latency_s,
        "status": response.status,
        "page": response.page,
        "error": response.error,
        "visitor": response.visitor,
        "response_bytes": response.response_bytes,
        "lag_s": -1 if response.lag_s is None else response.lag_s,
        **server_timing.parse(response.timing),
    }

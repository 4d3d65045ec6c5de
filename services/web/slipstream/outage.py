"""What a process knows of an outage: when it began, why, and when the server may be asked again.

No server in here: who asks one (`sessions/connection.py`, `generations/stores/guard.py`) reports.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Breaker", "Outage"]


@dataclass(kw_only=True)
class Outage:
    """One kind of trouble. Its begin and its end are logged, and nothing in between.

    `consequence` says in the log what the outage means to visitors; `logger` is a logger's name.
    """

    what: str
    consequence: str
    logger: str
    clock: Callable[[], float] = time.monotonic
    reason: str = ""
    since: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ongoing(self) -> bool:
        """Say whether the last report was a failure."""
        return self.since is not None

    def begin(self, reason: str) -> None:
        """Note a failure; only the first one of an outage is logged."""
        with self._lock:
            self.reason = reason
            if self.ongoing:
                return
            self.since = self.clock()
        logging.getLogger(self.logger).error("%s: %s; %s", self.what, reason, self.consequence)

    def end(self) -> None:
        """Note a success; the first one after an outage is logged."""
        if not self.ongoing:
            return
        with self._lock:
            since, self.since = self.since, None
        if since is not None:  # another thread may have been here first
            seconds = self.clock() - since
            logging.getLogger(self.logger).warning("%s: over after %.1f s", self.what, seconds)


class Breaker:
    """A circuit breaker: after a failure nobody asks for `seconds`, then one at a time.

    A single caller probes however long that takes (a name server may let it wait), so that an
    outage holds up one thread of a process, not all of them.
    """

    def __init__(self, outage: Outage, *, seconds: float = 1.0) -> None:
        self.outage = outage
        self.seconds = seconds
        self._clock = outage.clock
        self._retry_at = 0.0
        self._probe: object | None = None
        self._lock = threading.Lock()

    def enter(self) -> object | None:
        """Return a ticket for `leave`, or None where the caller must do without the server."""
        if not self.outage.ongoing:
            return self
        with self._lock:
            if self._probe is not None or self._clock() < self._retry_at:
                return None
            self._probe = object()
            return self._probe

    def leave(self, ticket: object, failure: str | None) -> None:
        """Report how the call went that `ticket` was given for; `failure` is None for well.

        A call that began before the outage can't end it: it may have been answered before the
        server went away.
        """
        if failure is None and not self.outage.ongoing:
            return
        with self._lock:
            probed = ticket is self._probe
            if probed:
                self._probe = None
            if failure is not None:
                self._retry_at = self._clock() + self.seconds
        if failure is not None:
            self.outage.begin(failure)
        elif probed:
            self.outage.end()

"""What a process knows of an outage: when it began, why, and when Redis may be asked again.

No Redis in here: `connection.py` reports to it, `status.py` and the log read it.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Breaker", "Outage"]

logger = logging.getLogger("slipstream.sessions")


@dataclass(kw_only=True)
class Outage:
    """One kind of trouble. Its begin and its end are logged, and nothing in between."""

    what: str
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
        logger.error("%s: %s; visitors keep their cookies and may try again", self.what, reason)

    def end(self) -> None:
        """Note a success; the first one after an outage is logged."""
        if not self.ongoing:
            return
        with self._lock:
            since, self.since = self.since, None
        if since is not None:  # another thread may have been here first
            logger.warning("%s: over after %.1f s", self.what, self.clock() - since)


class Breaker:
    """A circuit breaker: after a failure nobody asks for `seconds`, then one at a time.

    A single caller probes however long that takes (a name server may let it wait), so that an
    outage holds up one thread of a process, not all of them.
    """

    def __init__(
        self, what: str, *, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.outage = Outage(what=what, clock=clock)
        self.seconds = seconds
        self._clock = clock
        self._retry_at = 0.0
        self._probe: object | None = None
        self._lock = threading.Lock()

    def enter(self) -> object | None:
        """Return a ticket for `leave`, or None where the caller must do without Redis."""
        if not self.outage.ongoing:
            return self
        with self._lock:
            if self._probe is not None or self._clock() < self._retry_at:
                return None
            self._probe = object()
            return self._probe

    def leave(self, ticket: object, failure: str | None) -> None:
        """Report how the call went that `ticket` was given for; `failure` is None for well.

        A call that began before the outage can't end it: it may have been answered before Redis
        went away.
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

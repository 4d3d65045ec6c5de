"""Writes that the cache could not be told: told as soon as it answers, before this process reads it.

Only with CACHE_DOWN='proceed'. Until then other processes may serve what was before the write,
if the outage is this process's alone; a cache that comes back empty is quarantined as a whole.
"""

import logging
import threading
import time
from collections.abc import Iterable

from slipstream.generations.item import new_token
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.writing import Mark, Writer

__all__ = ["Owed"]

logger = logging.getLogger("slipstream.generations")

RETRY_SECONDS = 0.5


class Owed:
    """Tags whose items this process still has to replace."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._tags: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __bool__(self) -> bool:
        return bool(self._tags)

    def add(self, tags: Iterable[str]) -> None:
        """Note tags, and try until the cache has been told."""
        with self._lock:
            self._tags |= set(tags)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._retry, name="slipstream-owed", daemon=True
                )
                self._thread.start()

    def settle(self) -> None:
        """Replace the generations of all that is owed; raises StoreUnavailable."""
        with self._lock:
            tags = frozenset(self._tags)
        if tags:
            self._writer.unmark(Mark(hold=new_token(), tags=tuple(tags)))
            with self._lock:
                self._tags -= tags

    def _retry(self) -> None:
        while not self._settled():
            try:
                self.settle()
            except StoreUnavailable:
                time.sleep(RETRY_SECONDS)
        logger.warning("the cache has been told of all writes that it missed")

    def _settled(self) -> bool:
        with self._lock:
            if not self._tags:
                self._thread = None
            return not self._tags

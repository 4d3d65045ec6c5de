"""Copies of fragments in the process that served them: asked for by their generations alone.

Whether one may be shown is decided in `cache.py`, by the same comparison as of an entry in the store.
"""

import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from slipstream.fragments.entries import Dependencies

__all__ = ["Copies", "Copy"]

OVERHEAD_BYTES = 1536
DEPENDENCY_BYTES = 200
"""About what a copy takes besides its body: key, digest and objects, and for each of its dependencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A fragment with the digest of the generations it was made of; not shown after `until`.

    shown: its text, or the bytes of a page. until: by this process's monotonic clock, in seconds.
    """

    dependencies: Dependencies
    expected: bytes
    shown: str | bytes
    until: float


class Copies:
    """Those used last, as many as fit."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._copies: OrderedDict[str, Copy] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Copy | None:
        """Return the copy under a key, unless its time is over."""
        with self._lock:
            copy = self._copies.get(key)
            if copy is None:
                return None
            if copy.until <= time.monotonic():
                self._take_out(key)
                return None
            self._copies.move_to_end(key)
            return copy

    def keep(self, key: str, copy: Copy) -> None:
        """Keep a copy, and let go of those used longest ago."""
        if _size(copy) > self._most_bytes:
            return
        with self._lock:
            self._take_out(key)
            self._copies[key] = copy
            self._bytes += _size(copy)
            while self._bytes > self._most_bytes:
                self._take_out(next(iter(self._copies)))

    def drop(self, key: str, copy: Copy | None = None) -> None:
        """Let go of what is kept under a key, or of this copy alone."""
        with self._lock:
            if copy is None or self._copies.get(key) is copy:
                self._take_out(key)

    def _take_out(self, key: str) -> None:
        copy = self._copies.pop(key, None)
        if copy is not None:
            self._bytes -= _size(copy)


def _size(copy: Copy) -> int:
    kept = OVERHEAD_BYTES + DEPENDENCY_BYTES * len(copy.dependencies.keys)
    return sys.getsizeof(copy.shown) + kept

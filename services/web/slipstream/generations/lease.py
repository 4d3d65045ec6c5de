"""One client computes what all of them missed; the others wait for it, and not for long.

The lease's key holds the generations, so that nobody waits for what a write has made useless.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from slipstream.generations.stores import Store, StoreUnavailable

__all__ = ["MISS", "NONE", "Lease", "Wanted"]

MISS: Final = object()
"""What stands for an entry that can't be used; None may be a result."""

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.25
PAUSE_SHARE = 0.25
"""Of the time waited so far, until one looks again: a hundred that wait must not keep the store busy."""


class Lease:
    """`found` is what somebody else computed; MISS where the holder has to do it."""

    def __init__(self, found: Any = MISS, store: Any = None, key: str = "") -> None:
        self.found = found
        self._store = store
        self._key = key

    def end(self) -> None:
        """Let others have it: the entry is stored, or can't be."""
        if self._store is None:
            return
        try:
            self._store.delete(self._key)
        except StoreUnavailable:
            return  # it ends by itself after so many seconds


NONE = Lease()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An entry that was missed, and the key of its lease.

    look: returns what is found now, or MISS, and whether somebody has the lease.
    """

    store: Store
    key: str
    seconds: int
    wait_seconds: float
    look: Callable[[], tuple[Any, bool]]

    def lease(self) -> Lease:
        """Return the lease, or what its holder has stored; an empty one when that lasts."""
        try:
            return self._taken() or self._awaited()
        except StoreUnavailable:
            return NONE

    def _taken(self) -> Lease | None:
        """Return the lease if nobody has it, or what its last holder has stored just now."""
        if not self.store.add(self.key, b"1", self.seconds):
            return None
        lease = Lease(store=self.store, key=self.key)
        found, _ = self.look()  # it was missed before somebody else gave the lease back
        if found is MISS:
            return lease
        lease.end()
        return Lease(found)

    def _awaited(self) -> Lease:
        """Look until it is there, or the lease is free; not for too long."""
        begun, waited = time.monotonic(), 0.0
        while waited < self.wait_seconds:
            left = self.wait_seconds - waited
            pause = max(FIRST_PAUSE_SECONDS, waited * PAUSE_SHARE)
            time.sleep(min(pause, LONGEST_PAUSE_SECONDS, left))
            found, held = self.look()
            if found is not MISS:
                return Lease(found)
            lease = None if held else self._taken()
            if lease is not None:
                return lease
            waited = time.monotonic() - begun
        return NONE

"""One client computes a missed entry; the others wait for it, and not for long.

The lease's key holds the generations, so that nobody waits for what a write has made useless.
"""

import time
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache.values import MISS, opened

if TYPE_CHECKING:
    from slipstream.querycache.cache import Cache
    from slipstream.querycache.needs import Need

__all__ = ["NONE", "Lease", "acquired"]

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.25
PAUSE_SHARE = 0.25
"""Of the time waited so far, until one looks again: a hundred that wait must not keep the store busy."""


class Lease:
    """`rows` is what somebody else computed; MISS where the holder has to do it."""

    def __init__(self, rows: Any = MISS, store: Any = None, key: str = "") -> None:
        self.rows = rows
        self._store = store
        self._key = key

    def end(self) -> None:
        """Let others have it: the entry is stored, or can't be."""
        if self._store is None:
            return
        try:
            self._store.delete(self._key)
        except StoreUnavailable:
            return  # it ends by itself after LEASE_SECONDS


NONE = Lease()


def acquired(cache: "Cache", key: str, need: "Need", usable: Sequence[bytes | None]) -> Lease:
    """Return the lease, or the rows once its holder has stored them; an empty one when that lasts."""
    vector = b"".join(item for item in need.of_tables(usable) if item)
    digest = blake2b(key.encode() + vector, digest_size=20).hexdigest()
    wanted = _Wanted(cache, key, need, f"l:{digest}")
    try:
        return wanted.taken() or wanted.awaited()
    except StoreUnavailable:
        return NONE


class _Wanted:
    """An entry that was missed, and the key of its lease."""

    def __init__(self, cache: "Cache", key: str, need: "Need", lease_key: str) -> None:
        self.store = cache.store_of_entries
        self.settings = cache.settings
        self.signer = cache.signer
        self.key = key
        self.need = need
        self.items = [cache.reader.items.key(tag) for tag in need.tags]
        self.lease_key = lease_key

    def taken(self) -> Lease | None:
        """Return the lease if nobody has it, or what its last holder has stored just now."""
        if not self.store.add(self.lease_key, b"1", self.settings.LEASE_SECONDS):
            return None
        lease = Lease(store=self.store, key=self.lease_key)
        rows, _ = self._seen()  # it was missed before somebody else gave the lease back
        if rows is MISS:
            return lease
        lease.end()
        return Lease(rows)

    def awaited(self) -> Lease:
        """Look for the rows until they are there, or the lease is free; not for too long."""
        begun, waited = time.monotonic(), 0.0
        while waited < self.settings.LEASE_WAIT_SECONDS:
            left = self.settings.LEASE_WAIT_SECONDS - waited
            pause = max(FIRST_PAUSE_SECONDS, waited * PAUSE_SHARE)
            time.sleep(min(pause, LONGEST_PAUSE_SECONDS, left))
            rows, held = self._seen()
            if rows is not MISS:
                return Lease(rows)
            lease = None if held else self.taken()
            if lease is not None:
                return lease
            waited = time.monotonic() - begun
        return NONE

    def _seen(self) -> tuple[Any, bool]:
        """Return the rows, or MISS, and whether somebody has the lease."""
        found = self.store.get_many([self.key, self.lease_key, *self.items])
        entry = found.get(self.key)
        vectors = self.need.vectors([found.get(item) for item in self.items])
        rows = MISS if entry is None else opened(self.signer, self.key, entry, vectors)
        return rows, self.lease_key in found

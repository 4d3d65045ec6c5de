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
    from slipstream.querycache.reads import Need

__all__ = ["NONE", "Lease", "acquired"]

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05


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
    store = cache.store_of_entries
    vector = b"".join(item for item in need.of_tables(list(usable)) if item)
    digest = blake2b(key.encode() + vector, digest_size=20).hexdigest()
    lease_key = f"l:{digest}"
    deadline = time.monotonic() + cache.settings.LEASE_WAIT_SECONDS
    pause = FIRST_PAUSE_SECONDS
    try:
        while not store.add(lease_key, b"1", cache.settings.LEASE_SECONDS):
            if time.monotonic() > deadline:
                return NONE
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            entry, found = cache.reader.read(need.tags, key)
            vectors = need.vectors(found)
            rows = MISS if entry is None else opened(cache.signer, key, entry, vectors)
            if rows is not MISS:
                return Lease(rows)
    except StoreUnavailable:
        return NONE
    return Lease(store=store, key=lease_key)

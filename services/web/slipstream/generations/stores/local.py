"""A store in the memory of this process, for a site that is one process: development, tests.

Not the dictionary of Django's local-memory cache, which holds pickles: that cache's `clear` does
not reach what is in here, nor do other processes see it.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import count
from time import monotonic
from typing import Any, NamedTuple

from slipstream.generations.stores import Answered, Change, Exchanged, key_prefix

__all__ = ["LocalStore", "build"]

MAX_ENTRIES = 10_000


class _Entry(NamedTuple):
    value: bytes
    version: int
    expires_at: float


class LocalStore:
    """At most `max_entries` values; the one that was not asked for the longest goes first."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._versions = count(1)
        self._lock = threading.Lock()

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store."""
        return {key: value for key, (value, _version) in self.exchange((), keys)[1].items()}

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        """See Store."""
        with self._lock:
            done = [self._swap(change) for change in changes]
            found = ((key, self._find(key)) for key in keys)
            return done, {key: (entry.value, entry.version) for key, entry in found if entry}

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Answered:
        """See Store."""
        return Answered(self.exchange(changes, keys))

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """See Store."""
        with self._lock:
            for change in after:
                self._swap(change)
            self._put(key, value, monotonic() + timeout_seconds)

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        with self._lock:
            if self._find(key):
                return False
            self._put(key, value, monotonic() + timeout_seconds)
            return True

    def delete(self, key: str) -> None:
        """See Store."""
        with self._lock:
            self._entries.pop(key, None)

    def served(self) -> None:
        """See Store."""

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def start_anew(self) -> None:
        """Forget everything, in a process that was forked while a thread may have had the lock."""
        self._lock = threading.Lock()
        self._entries = OrderedDict()

    def _find(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= monotonic():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    def _swap(self, change: Change) -> bool:
        entry = self._find(change.key)
        if (entry.version if entry else None) != change.version:
            return False
        self._put(change.key, change.value, float("inf"))
        return True

    def _put(self, key: str, value: bytes, expires_at: float) -> None:
        self._entries[key] = _Entry(value, next(self._versions), expires_at)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)


# By LOCATION and key prefix: two aliases onto one local memory are one store, as in Django.
_by_name: dict[tuple[str, str], LocalStore] = {}


def build(_alias: str, config: Mapping[str, Any]) -> LocalStore:
    """Return the store of an entry of CACHES; MAX_ENTRIES of its OPTIONS holds for it as well."""
    options = config.get("OPTIONS") or {}
    name = (str(config.get("LOCATION") or ""), key_prefix(config))
    return _by_name.setdefault(name, LocalStore(int(options.get("MAX_ENTRIES", MAX_ENTRIES))))


def _start_all_anew() -> None:
    for store in _by_name.values():
        store.start_anew()


os.register_at_fork(after_in_child=_start_all_anew)

"""The cache servers as generations see them: bytes under keys, compare-and-swap, and one error.

Which of CACHES it is comes from the caller. What the bytes mean is `item.py`'s and `protocol.py`'s.

Every store keeps its keys apart from those of Django on the same server: they begin with
`slipstream`, which is followed by a digest of the alias's KEY_PREFIX where it has one, and a `|`.
Nothing that a store returns was unpickled, or is to be without a check of its signature.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from slipstream.errors import ConfigurationError, SlipstreamError, did_you_mean

__all__ = [
    "Answered",
    "Asked",
    "Change",
    "Exchanged",
    "Store",
    "StoreRefused",
    "StoreUnavailable",
    "Versions",
    "key_prefix",
    "reset",
    "store_for",
]

_PACKAGE = "slipstream.generations.stores"

BUILDERS: Mapping[str, str] = {
    "django.core.cache.backends.locmem.LocMemCache": f"{_PACKAGE}.local.build",
    "django.core.cache.backends.memcached.PyLibMCCache": f"{_PACKAGE}.memcached.build",
    "django.core.cache.backends.memcached.PyMemcacheCache": f"{_PACKAGE}.memcached.build",
    "django.core.cache.backends.redis.RedisCache": f"{_PACKAGE}.redis.build",
    "django_redis.cache.RedisCache": f"{_PACKAGE}.redis.build",
}


class StoreUnavailable(SlipstreamError):
    """The store can't be asked now: no network, no answer in time, or a server in trouble.

    A change may have been made all the same: the answer to it may be what was lost.
    """


class StoreRefused(StoreUnavailable):
    """The server answers and says no: it is out of memory, read-only, or forbids the command.

    Unlike in an outage other processes may go on reading, so that what a refused change was to
    replace stays in use unless it can be deleted (Redis deletes when it is out of memory).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One compare-and-swap. `version` is from `exchange`; None: the key must be absent."""

    key: str
    value: bytes
    version: Any | None


Versions = dict[str, tuple[bytes, Any]]
"""By key, a value and what a later change of it needs as its version."""

Exchanged = tuple[list[bool], Versions]
"""Whether each change was made, and what was read after them."""


class Asked(Protocol):
    """An `exchange` that is under way: either of the two is to be called, once."""

    def answer(self) -> Exchanged:
        """Wait for the answer. Raises StoreUnavailable."""

    def drop(self) -> None:
        """Do without the answer; the changes may have been made."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An `exchange` of a store that lets nobody wait."""

    exchanged: Exchanged

    def answer(self) -> Exchanged:
        """See Asked."""
        return self.exchanged

    def drop(self) -> None:
        """See Asked."""


class Store(Protocol):
    """Keys are ASCII of at most 200 characters, without blanks. All methods raise StoreUnavailable.

    `timeout_seconds` is at least 1. What `exchange` stores does not expire, but every store may
    forget anything at any time.
    """

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those keys that are there, in one round trip."""

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        """Make each change whose version is still the present one, in order, and then read.

        Says of each change whether it was made, and returns value and version of those keys that
        are there. One round trip.
        """

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Asked:
        """Send what `exchange` does; its answer is waited for later."""

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """Make changes, then store the value, without waiting where the protocol allows that.

        Nobody is told which changes were made. At most one round trip.
        """

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """Store the value if the key is absent; say whether it was."""

    def delete(self, key: str) -> None:
        """Remove the key, if it is there."""

    def served(self) -> int | None:
        """Return how many keys the servers say that they found; None where there is no server.

        For all their clients, since they started: a difference tells something.
        """


class _OwnedStore(Store, Protocol):
    def close(self) -> None:
        """Close connections that are not in use; the store opens new ones when asked again."""


Builder = Callable[[str, Mapping[str, Any]], _OwnedStore]

_lock = threading.Lock()
_stores: dict[str, _OwnedStore] = {}


def store_for(alias: str) -> Store:
    """Return this process's store on the cache `alias`. Raises ConfigurationError.

    It is made from settings alone: no server is asked.
    """
    try:
        return _stores[alias]
    except KeyError:
        with _lock:
            if alias not in _stores:
                _stores[alias] = _build(alias)
            return _stores[alias]


def reset() -> None:
    """Close and forget all stores; local ones lose what they hold. For tests."""
    with _lock:
        while _stores:
            _stores.popitem()[1].close()


def key_prefix(config: Mapping[str, Any]) -> str:
    """Return what every key begins with, given the alias's entry in CACHES."""
    prefix = str(config.get("KEY_PREFIX") or "")
    digest = f"-{sha256(prefix.encode()).hexdigest()[:16]}" if prefix else ""
    return f"slipstream{digest}|"


def _build(alias: str) -> _OwnedStore:
    if alias not in settings.CACHES:
        remedy = did_you_mean(alias, settings.CACHES)
        raise ConfigurationError(
            f"unknown cache alias {alias!r}: CACHES has no such entry; {remedy}"
        )
    config = settings.CACHES[alias]
    kinds = import_string(config["BACKEND"]).__mro__
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    builder = next((BUILDERS[name] for name in names if name in BUILDERS), None)
    if builder is None:
        raise ConfigurationError(
            f"CACHES[{alias!r}] is {config['BACKEND']!r}, which has no compare-and-swap that all "
            "processes share: choose an alias on memcached or Redis, or on local memory where the "
            "site is one process"
        )
    build: Builder = import_string(builder)
    return build(alias, config)


def _on_setting_changed(*, setting: str, **_kwargs: Any) -> None:
    if setting == "CACHES":
        reset()


setting_changed.connect(_on_setting_changed, dispatch_uid=_PACKAGE)

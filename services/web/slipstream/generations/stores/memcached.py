"""A store on memcached, by a pymemcache client of our own: Django's would unpickle what it gets.

The servers come from the alias's LOCATION. Each has its own connections and its own breaker.
"""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar
from weakref import WeakSet
from zlib import crc32

from pymemcache.client.base import Client
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
    MemcacheUnknownError,
)

from slipstream.errors import ConfigurationError
from slipstream.generations.stores import Change, Store, key_prefix
from slipstream.generations.stores.guard import Guarded

__all__ = ["MemcachedStore", "ShardedStore", "build"]

CONNECT_TIMEOUT_SECONDS = 0.25
READ_TIMEOUT_SECONDS = 0.5

# memcached takes a number above this, 30 days, for a point in time.
LONGEST_RELATIVE_SECONDS = 30 * 24 * 3600

# Of the alias's OPTIONS, which are the Django client's, those that say how to reach the server.
PASSED_OPTIONS = ("socket_keepalive", "tls_context")

# A server that isn't memcached, or a reply that isn't to this command: pymemcache can't parse it.
NOT_UNDERSTOOD = (ValueError, KeyError)

# What a connection raises that was closed while nobody used it: a restart, an idle time-out.
CLOSED = (MemcacheUnexpectedCloseError, ConnectionError)

ANSWERS = {b"STORED": True, b"NOT_STORED": False, b"EXISTS": False, b"NOT_FOUND": False}

T = TypeVar("T")


class RawBytes:
    """pymemcache's "serde" that leaves bytes alone; never unpickles, whatever the flags say."""

    def serialize(self, _key: Any, value: bytes) -> tuple[bytes, int]:
        """Return the value, with no flags."""
        return value, 0

    def deserialize(self, _key: Any, value: bytes, _flags: int) -> bytes:
        """Return the value."""
        return value


class MemcachedStore:
    """A store on one server. Raises what pymemcache and sockets raise: `Guarded` goes around it.

    pymemcache's own pool takes connections in turn, so that a lull leaves all of them open to idle
    time-outs, and can't drop the idle ones alone; here the last one used is the next one taken. A
    process has as many as it has had threads asking at once.
    """

    def __init__(self, make_client: Callable[[], Client]) -> None:
        self._make_client = make_client
        self._free: list[Client] = []  # `append` and `pop` need no lock
        _opened.add(self)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store."""
        return self._run(lambda client: client.get_many(keys)) if keys else {}

    def get_versions(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Any]]:
        """See Store."""
        return self._run(lambda client: client.gets_many(keys)) if keys else {}

    def swap(self, changes: Sequence[Change]) -> list[bool]:
        """See Store. All commands go out in one write, and memcached answers in order.

        Never sent twice: after a restart the numbers begin again, and one of before could fit.
        """
        if not changes:
            return []
        client = self._idle()
        try:
            return self._use(client or self._make_client(), lambda one: _swap(one, changes))
        except CLOSED:
            if client is None:
                raise
            self.close()
            return [False] * len(changes)  # so that callers read again

    def set(self, key: str, value: bytes, timeout_seconds: int) -> None:
        """See Store. Nobody is told when memcached can't store it: it drops the old value, too."""
        expire = _expire(timeout_seconds)
        self._run(lambda client: client.set(key, value, expire, noreply=True))

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        expire = _expire(timeout_seconds)
        return bool(self._run(lambda client: client.add(key, value, expire, noreply=False)))

    def delete(self, key: str) -> None:
        """See Store."""
        self._run(lambda client: client.delete(key, noreply=False))

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            try:
                self._free.pop().close()
            except IndexError:  # another thread took the last one
                return

    def _run(self, command: Callable[[Client], T]) -> T:
        client = self._idle()
        try:
            return self._use(client or self._make_client(), command)
        except CLOSED:
            if client is None:
                raise
            # The others have idled at least as long. Asking these twice does no harm.
            self.close()
            return self._use(self._make_client(), command)

    def _idle(self) -> Client | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _use(self, client: Client, command: Callable[[Client], T]) -> T:
        try:
            result = command(client)
        except BaseException:  # whatever it is: an answer may be under way that nobody waits for
            client.close()
            raise
        self._free.append(client)
        return result


class ShardedStore:
    """A store on several servers; each key has its one server, and no other takes its place.

    pymemcache's HashClient moves the keys of a dead server to the others and back again later: the
    generations of before would come back to life.
    """

    def __init__(self, shards: Sequence[Guarded]) -> None:
        self._shards = shards

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store. One round trip to each server that has some of the keys."""
        found: dict[str, bytes] = {}
        for shard, its_keys in self._by_shard(keys):
            found |= shard.get_many(its_keys)
        return found

    def get_versions(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Any]]:
        """See Store. One round trip to each server that has some of the keys."""
        found: dict[str, tuple[bytes, Any]] = {}
        for shard, its_keys in self._by_shard(keys):
            found |= shard.get_versions(its_keys)
        return found

    def swap(self, changes: Sequence[Change]) -> list[bool]:
        """See Store. In order, hence one round trip whenever the next change is another server's."""
        done: list[bool] = []
        for index, neighbours in groupby(changes, lambda change: self._index(change.key)):
            done += self._shards[index].swap(list(neighbours))
        return done

    def set(self, key: str, value: bytes, timeout_seconds: int) -> None:
        """See Store."""
        self._shard(key).set(key, value, timeout_seconds)

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        return self._shard(key).add(key, value, timeout_seconds)

    def delete(self, key: str) -> None:
        """See Store."""
        self._shard(key).delete(key)

    def close(self) -> None:
        """Close the connections that are not in use."""
        for shard in self._shards:
            shard.close()

    def _index(self, key: str) -> int:
        return crc32(key.encode()) % len(self._shards)

    def _shard(self, key: str) -> Store:
        return self._shards[self._index(key)]

    def _by_shard(self, keys: Sequence[str]) -> list[tuple[Store, list[str]]]:
        batches: dict[int, list[str]] = {}
        for key in keys:
            batches.setdefault(self._index(key), []).append(key)
        return [(self._shards[index], batch) for index, batch in batches.items()]


def build(alias: str, config: Mapping[str, Any]) -> Guarded | ShardedStore:
    """Return the store on the servers of an entry of CACHES. Raises ConfigurationError."""
    options = config.get("OPTIONS") or {}
    if "username" in options:
        raise ConfigurationError(
            f"CACHES[{alias!r}]['OPTIONS'] has a 'username', but the text protocol of memcached "
            "can't log in: remove it, and let the network decide who can reach the server"
        )
    location = config.get("LOCATION") or []
    servers = re.split("[;,]", location) if isinstance(location, str) else list(location)
    if not servers:
        raise ConfigurationError(
            f"CACHES[{alias!r}]['LOCATION'] is {location!r}, which names no server: set 'host:port'"
        )
    shards = [_build_one(alias, server, options, key_prefix(config)) for server in servers]
    return shards[0] if len(shards) == 1 else ShardedStore(shards)


def _build_one(alias: str, server: Any, options: Mapping[str, Any], prefix: str) -> Guarded:
    def make_client() -> Client:
        return Client(
            server,
            serde=RawBytes(),
            connect_timeout=options.get("connect_timeout") or CONNECT_TIMEOUT_SECONDS,
            timeout=options.get("timeout") or READ_TIMEOUT_SECONDS,
            no_delay=True,
            key_prefix=prefix.encode(),
            **{name: options[name] for name in PASSED_OPTIONS if name in options},
        )

    return Guarded(
        MemcachedStore(make_client),
        name=f"memcached {server!r} of CACHES[{alias!r}]",
        failures=(MemcacheError, OSError, *NOT_UNDERSTOOD),
        refusals=(MemcacheServerError, MemcacheClientError),
        count_round_trips=True,
    )


def _expire(timeout_seconds: int) -> int:
    if timeout_seconds <= LONGEST_RELATIVE_SECONDS:
        return timeout_seconds
    return int(time.time()) + timeout_seconds


def _swap(client: Client, changes: Sequence[Change]) -> list[bool]:
    # pymemcache's `cas` is one command and one answer; this is what it stands on.
    lines = client._misc_cmd([_command(client, change) for change in changes], b"cas", False)
    try:
        return [ANSWERS[line] for line in lines]
    except KeyError as error:
        raise MemcacheUnknownError(error.args[0][:32]) from error


def _command(client: Client, change: Change) -> bytes:
    key = client.check_key(change.key, client.key_prefix)
    size = len(change.value)
    if change.version is None:
        return b"add %b 0 0 %d\r\n%b\r\n" % (key, size, change.value)
    return b"cas %b 0 0 %d %b\r\n%b\r\n" % (key, size, change.version, change.value)


_opened: WeakSet[MemcachedStore] = WeakSet()


def _forget_connections() -> None:
    """Leave the parent's connections to the parent: two processes would mix up their answers."""
    for store in _opened:
        store.close()


os.register_at_fork(after_in_child=_forget_connections)

"""A store on memcached, by a pymemcache client of our own: Django's would unpickle what it gets.

The servers come from the alias's LOCATION. Each has its own connections and its own breaker.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zlib import crc32

from pymemcache.client.base import Client
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
)

from slipstream.errors import ConfigurationError
from slipstream.generations.stores import (
    Answered,
    Asked,
    Change,
    Exchanged,
    Store,
    Versions,
    key_prefix,
)
from slipstream.generations.stores.guard import Guarded
from slipstream.generations.stores.idle import SOCKET_CLOSED, Connections
from slipstream.generations.stores.wire import Answer, change_command, get_command

__all__ = ["MemcachedStore", "ShardedStore", "build"]

CONNECT_TIMEOUT_SECONDS = 0.25
READ_TIMEOUT_SECONDS = 0.5

# memcached takes a number above this, 30 days, for a point in time.
LONGEST_RELATIVE_SECONDS = 30 * 24 * 3600

# Of the alias's OPTIONS, which are the Django client's, those that say how to reach the server.
PASSED_OPTIONS = ("socket_keepalive", "tls_context")

# A server that isn't memcached, or a reply that isn't to this command: pymemcache can't parse it.
NOT_UNDERSTOOD = (ValueError, KeyError)

CLOSED = (*SOCKET_CLOSED, MemcacheUnexpectedCloseError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """memcached's number of a value, and how many connections there had been when it was asked.

    The numbers begin again with the server, so that one of before could fit another value. Who was
    connected before the number was asked for talks to the server that gave it, or to nobody.
    """

    number: bytes
    connects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Connection:
    client: Client
    connects: int

    def trusts(self, change: Change) -> bool:
        """Say whether the change's version is of the server that this leads to."""
        return change.version is None or change.version.connects >= self.connects


class MemcachedStore:
    """A store on one server. Raises what pymemcache and sockets raise: `Guarded` goes around it."""

    def __init__(self, make_client: Callable[[], Client]) -> None:
        self._make_client = make_client
        self._connects = 0
        # Asking twice does no harm: the new connection trusts no version, so that no change of a
        # present value is sent again.
        self._connections = Connections(self._connected, _close, closed=CLOSED)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store."""
        if not keys:
            return {}
        return self._connections.use(lambda one: _found(one, keys))

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        """See Store. All commands go out in one write, and memcached answers in order."""
        if not changes and not keys:
            return [], {}
        return self._connections.use(lambda one: _asked(one, changes, keys, self._connects)())

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Asked:
        """See Store."""
        if not changes and not keys:
            return Answered(([], {}))
        return self._connections.send(lambda one: _asked(one, changes, keys, self._connects))

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """See Store. Nobody is told when memcached can't store it: it drops the old value, too."""
        expire = _expire(timeout_seconds)
        self._connections.use(lambda one: _set(one, key, value, expire, after))

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        expire = _expire(timeout_seconds)
        add = self._connections.use(lambda one: one.client.add(key, value, expire, noreply=False))
        return bool(add)

    def delete(self, key: str) -> None:
        """See Store."""
        self._connections.use(lambda one: one.client.delete(key, noreply=False))

    def served(self) -> int:
        """See Store."""
        return self._connections.use(lambda one: int(one.client.stats()[b"get_hits"]))

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def _connected(self) -> _Connection:
        client = self._make_client()
        client._connect()
        # After the connect: whoever asked before that may have asked the server of before.
        self._connects += 1
        return _Connection(client=client, connects=self._connects)


def _close(one: _Connection) -> None:
    one.client.close()


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

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        """See Store. In order, hence one round trip whenever the next change is another server's."""
        done: list[bool] = []
        found: Versions = {}
        for index, neighbours in groupby(changes, lambda change: self._index(change.key)):
            done += self._shards[index].exchange(list(neighbours), ())[0]
        for shard, its_keys in self._by_shard(keys):
            found |= shard.exchange((), its_keys)[1]
        return done, found

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Asked:
        """See Store. Waits for the answer: what is sent next may be another server's."""
        return Answered(self.exchange(changes, keys))

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """See Store."""
        for change in after:
            self._shard(change.key).exchange([change], ())
        self._shard(key).set(key, value, timeout_seconds)

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        return self._shard(key).add(key, value, timeout_seconds)

    def delete(self, key: str) -> None:
        """See Store."""
        self._shard(key).delete(key)

    def served(self) -> int:
        """See Store."""
        return sum(shard.served() or 0 for shard in self._shards)

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


def _set(one: _Connection, key: str, value: bytes, expire: int, after: Sequence[Change]) -> None:
    prefix: bytes = one.client.key_prefix
    sent = [change_command(prefix, c, b" noreply") for c in after if one.trusts(c)]
    sent.append(
        b"set %b%b 0 %d %d noreply\r\n%b\r\n" % (prefix, key.encode(), expire, len(value), value)
    )
    one.client.sock.sendall(b"".join(sent))


def _found(one: _Connection, keys: Sequence[str]) -> dict[str, bytes]:
    names = {one.client.key_prefix + key.encode(): key for key in keys}
    answer = Answer(one.client.sock)
    answer.send(get_command(b"get", names))
    values = answer.values()
    answer.end()
    return {names[wire]: found[0] for wire, found in values.items()}


def _asked(
    one: _Connection, changes: Sequence[Change], keys: Sequence[str], connects: int
) -> Callable[[], Exchanged]:
    """Send what an exchange says to the server, and return what reads its answer."""
    prefix: bytes = one.client.key_prefix
    trusted = [one.trusts(change) for change in changes]
    sent = [change_command(prefix, c) for c, good in zip(changes, trusted, strict=True) if good]
    names = {prefix + key.encode(): key for key in keys}
    answer = Answer(one.client.sock)
    answer.send(b"".join([*sent, get_command(b"gets", names)]))

    def read() -> Exchanged:
        done = [good and answer.stored() for good in trusted]
        values = answer.values() if keys else {}
        answer.end()
        return done, {
            names[wire]: (value, _Version(number=number, connects=connects))
            for wire, (value, number) in values.items()
        }

    return read

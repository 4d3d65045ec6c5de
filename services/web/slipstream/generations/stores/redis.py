"""A store on Redis: the server of a Django or django-redis cache, through connections of our own.

Compare-and-swap is a script, so that all changes of a writer take one round trip.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from django.core.cache import caches
from redis import BlockingConnectionPool, ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from slipstream.errors import ConfigurationError
from slipstream.generations.stores import Answered, Asked, Change, Exchanged, key_prefix
from slipstream.generations.stores.guard import Guarded
from slipstream.generations.stores.idle import SOCKET_CLOSED, Connections, Pending
from slipstream.generations.stores.resp import Replies, request

__all__ = ["RedisStore", "build"]

CONNECT_TIMEOUT_SECONDS = 0.25
READ_TIMEOUT_SECONDS = 0.5

# Beginnings of the names of what says where the server is and how to log in. The rest is the
# cache's business, or was put there by its pool for itself.
PASSED_OPTIONS = (
    "credential_provider",
    "db",
    "host",
    "password",
    "path",
    "port",
    "socket_keepalive",
    "socket_type",
    "ssl",
    "username",
)

# A value is its own version. The first argument is the number of changes, whose keys come first; three
# belong to each: whether a value is expected, that value, and the new one. The other keys are read.
# GET of a missing key is `false` in Lua, and so is what stands for it in the answer.
EXCHANGE = b"""
local changes, done, found = tonumber(ARGV[1]), {}, {}
for i = 1, changes do
  local expected = ARGV[3 * i - 1] == '1' and ARGV[3 * i]
  done[i] = 0
  if redis.call('GET', KEYS[i]) == expected then
    redis.call('SET', KEYS[i], ARGV[3 * i + 1])
    done[i] = 1
  end
end
for i = changes + 1, #KEYS do
  found[i - changes] = redis.call('GET', KEYS[i])
end
return {done, found}
"""
EXCHANGE_SHA = sha1(EXCHANGE, usedforsecurity=False).hexdigest().encode()

KEYSPACE_HITS = re.compile(rb"^keyspace_hits:(\d+)", re.MULTILINE)

CLOSED = (*SOCKET_CLOSED, RedisConnectionError)


@dataclass(slots=True)
class _Connection:
    """redis-py's, and how many answers are still to be read that nobody waited for."""

    redis: Any
    replies: Replies
    unread: int = 0


class RedisStore:
    """A store on one Redis. Raises what redis-py and sockets raise: `Guarded` goes around it.

    redis-py connects and logs in; asking through its client takes longer than the server's answer.
    """

    def __init__(self, make_connection: Callable[[], Any], prefix: str) -> None:
        self._make_connection = make_connection
        self._prefix = prefix.encode()
        self._refused: RedisError | None = None
        # Asking twice does no harm: a change that was made finds another value than it expects.
        self._connections = Connections(self._connected, _close, closed=CLOSED)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store."""
        if not keys:
            return {}
        values = self._asked(request(b"MGET", *self._names(keys)))
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        """See Store."""
        if not changes:
            return [], {key: (value, value) for key, value in self.get_many(keys).items()}
        told = self._told(changes, keys)
        try:
            return _exchanged(keys, self._asked(request(b"EVALSHA", EXCHANGE_SHA, *told)))
        except NoScriptError:
            return _exchanged(keys, self._asked(request(b"EVAL", EXCHANGE, *told)))

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Asked:
        """See Store."""
        if not changes:
            return Answered(self.exchange(changes, keys))
        message = request(b"EVALSHA", EXCHANGE_SHA, *self._told(changes, keys))
        return _Asked(self, changes, keys, self._connections.send(lambda o: self._read(o, message)))

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """See Store. Where Redis has refused one, the next is waited for, to see whether it still does."""
        expire = b"%d" % timeout_seconds
        message = request(b"SET", *self._names([key]), value, b"EX", expire)
        if after:
            # Not by its digest: nobody waits to hear that the server doesn't know that.
            message = request(b"EVAL", EXCHANGE, *self._told(after, ())) + message
        answers = 2 if after else 1
        if self._refused is None:
            self._connections.use(lambda one: self._sent(one, message, answers))
        else:
            self._asked(message, answers)
            self._refused = None

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        expire = b"%d" % timeout_seconds
        name = self._names([key])
        return self._asked(request(b"SET", *name, value, b"EX", expire, b"NX")) is not None

    def delete(self, key: str) -> None:
        """See Store."""
        self._asked(request(b"DEL", *self._names([key])))

    def served(self) -> int:
        """See Store."""
        (found,) = KEYSPACE_HITS.findall(self._asked(request(b"INFO", b"stats")))
        return int(found)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def _names(self, keys: Iterable[str]) -> list[bytes]:
        return [self._prefix + key.encode() for key in keys]

    def _told(self, changes: Sequence[Change], keys: Sequence[str]) -> list[bytes]:
        """Return the keys and arguments of the script that makes changes and reads keys."""
        names = self._names([*(change.key for change in changes), *keys])
        arguments = [b"%d" % len(changes)]
        for change in changes:
            expected = (b"0", b"") if change.version is None else (b"1", change.version)
            arguments += (*expected, change.value)
        return [b"%d" % len(names), *names, *arguments]

    def _connected(self) -> _Connection:
        connection = self._make_connection()
        connection.connect()
        return _Connection(connection, Replies(connection._sock))

    def _asked(self, message: bytes, answers: int = 1) -> Any:
        """Return the last of so many answers to a message. Raises the first that is an error."""
        found = self._connections.use(lambda one: self._answers(one, message, answers))
        for answer in found:
            if isinstance(answer, RedisError):
                raise answer
        return found[-1]

    def _answers(self, one: _Connection, message: bytes, answers: int) -> list[Any]:
        self._sent(one, message, 0)
        return [one.replies.read() for _ in range(answers)]

    def _read(self, one: _Connection, message: bytes) -> Callable[[], Any]:
        """Send a message, and return what reads its one answer."""
        self._sent(one, message, 0)
        return one.replies.read

    def _sent(self, one: _Connection, message: bytes, unread: int) -> None:
        """Send a message, and read what was answered to the former ones that nobody waited for.

        unread: how many answers to this message nobody is going to wait for.
        """
        one.replies.send(message)
        for _ in range(one.unread):
            answer = one.replies.read()
            if isinstance(answer, RedisError):
                self._refused = answer
        one.unread = unread


class _Asked:
    """An exchange that was sent to a server; it may not know the script."""

    def __init__(
        self,
        store: RedisStore,
        changes: Sequence[Change],
        keys: Sequence[str],
        pending: Pending[_Connection, Any],
    ) -> None:
        self._store = store
        self._changes = changes
        self._keys = keys
        self._pending = pending

    def answer(self) -> Exchanged:
        """See Asked."""
        found = self._pending.answer()
        if isinstance(found, NoScriptError):
            return self._store.exchange(self._changes, self._keys)
        if isinstance(found, RedisError):
            raise found
        return _exchanged(self._keys, found)

    def drop(self) -> None:
        """See Asked."""
        self._pending.drop()


def _exchanged(keys: Sequence[str], answer: Any) -> Exchanged:
    """Return what the script's answer says, given the keys that were read."""
    done, found = answer
    values = {key: value for key, value in zip(keys, found, strict=True) if value is not None}
    return [bool(made) for made in done], {key: (one, one) for key, one in values.items()}


def _close(one: _Connection) -> None:
    one.redis.disconnect()


def build(alias: str, config: Mapping[str, Any]) -> Guarded:
    """Return the store on the Redis of an entry of CACHES. Raises ConfigurationError."""
    location = config.get("LOCATION") or []
    servers = re.split("[;,]", location) if isinstance(location, str) else list(location)
    if len(servers) != 1:
        raise ConfigurationError(
            f"CACHES[{alias!r}]['LOCATION'] names {len(servers)} servers: a replica is behind, and "
            "would hand out generations of before a write; set the one that takes writes"
        )
    cache: Any = caches[alias]
    # django-redis has its client under `client`, Django under `_cache`: both know `get_client`.
    clients = cache.client if hasattr(cache, "client") else cache._cache
    return Guarded(
        RedisStore(_maker(alias, clients.get_client(write=True)), key_prefix(config)),
        name=f"Redis of CACHES[{alias!r}]",
        failures=(RedisError, OSError),
        refusals=(ResponseError,),
        count_round_trips=True,
    )


def _maker(alias: str, client: Any) -> Callable[[], Any]:
    """Return what makes connections to the same server that don't wait long."""
    pool: Any = getattr(client, "connection_pool", None)
    if type(pool) not in (ConnectionPool, BlockingConnectionPool):
        raise ConfigurationError(
            f"CACHES[{alias!r}] reaches Redis through {type(pool).__name__!r}: a fail-over loses "
            "the last writes, and with them generations; set an alias on one Redis"
        )
    given = pool.connection_kwargs
    return functools.partial(
        pool.connection_class,
        **{name: value for name, value in given.items() if name.startswith(PASSED_OPTIONS)},
        driver_info=None,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=given.get("socket_connect_timeout") or CONNECT_TIMEOUT_SECONDS,
        socket_timeout=given.get("socket_timeout") or READ_TIMEOUT_SECONDS,
    )

"""A store on Redis: the server of a Django or django-redis cache, through connections of our own.

Compare-and-swap is a script, so that all changes of a writer take one round trip.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache import caches
from redis import BlockingConnectionPool, ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from slipstream.errors import ConfigurationError
from slipstream.generations.stores import Change, Versions, key_prefix
from slipstream.generations.stores.guard import Guarded

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
EXCHANGE = """
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


class RedisStore:
    """A store on one Redis. Raises what redis-py raises: `Guarded` goes around it."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._exchange: Any = client.register_script(EXCHANGE)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store."""
        if not keys:
            return {}
        prefix = self._prefix
        values: Any = self._client.mget([prefix + key for key in keys])
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    def exchange(
        self, changes: Sequence[Change], keys: Sequence[str]
    ) -> tuple[list[bool], Versions]:
        """See Store."""
        if not changes:
            return [], {key: (value, value) for key, value in self.get_many(keys).items()}
        names, arguments = self._told(changes)
        names += [self._prefix + key for key in keys]
        done, found = self._exchange(keys=names, args=arguments)
        values = {key: value for key, value in zip(keys, found, strict=True) if value is not None}
        return [bool(made) for made in done], {key: (one, one) for key, one in values.items()}

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """See Store."""
        if not after:
            self._client.set(self._prefix + key, value, ex=timeout_seconds)
            return
        names, arguments = self._told(after)
        # Not by its digest: a pipeline would first ask whether the server knows that.
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.eval(EXCHANGE, len(names), *names, *arguments)
            pipeline.set(self._prefix + key, value, ex=timeout_seconds)
            pipeline.execute()

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        return bool(self._client.set(self._prefix + key, value, ex=timeout_seconds, nx=True))

    def delete(self, key: str) -> None:
        """See Store."""
        self._client.delete(self._prefix + key)

    def _told(self, changes: Sequence[Change]) -> tuple[list[str], list[Any]]:
        """Return the keys and arguments of the script that make these changes."""
        arguments: list[Any] = [len(changes)]
        for change in changes:
            expected = (b"0", b"") if change.version is None else (b"1", change.version)
            arguments += (*expected, change.value)
        return [self._prefix + change.key for change in changes], arguments

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._client.connection_pool.disconnect(inuse_connections=False)


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
    client = Redis(connection_pool=_own_pool(alias, clients.get_client(write=True)))
    return Guarded(
        RedisStore(client, key_prefix(config)),
        name=f"Redis of CACHES[{alias!r}]",
        failures=(RedisError, OSError),
        refusals=(ResponseError,),
        count_round_trips=False,  # slipstream.timing counts all that redis-py does
    )


def _own_pool(alias: str, client: Any) -> ConnectionPool:
    """Return a pool to the same server that doesn't wait long, doesn't back off, doesn't decode."""
    pool: Any = getattr(client, "connection_pool", None)
    if type(pool) not in (ConnectionPool, BlockingConnectionPool):
        raise ConfigurationError(
            f"CACHES[{alias!r}] reaches Redis through {type(pool).__name__!r}: a fail-over loses "
            "the last writes, and with them generations; set an alias on one Redis"
        )
    given = pool.connection_kwargs
    # One retry, without waiting, is for a connection that was closed while nobody used it. A
    # time-out is not tried again: it would hold the visitor up twice.
    return ConnectionPool(
        connection_class=pool.connection_class,
        max_connections=pool.max_connections,
        **{name: value for name, value in given.items() if name.startswith(PASSED_OPTIONS)},
        decode_responses=False,
        driver_info=None,
        protocol=2,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        socket_connect_timeout=given.get("socket_connect_timeout") or CONNECT_TIMEOUT_SECONDS,
        socket_timeout=given.get("socket_timeout") or READ_TIMEOUT_SECONDS,
    )

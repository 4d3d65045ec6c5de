"""What happens to the cache server: items are evicted at random, or it is restarted empty."""

import random
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from urllib.parse import unquote

import redis
from pymemcache.client.base import Client

from benchmarks.services import Server

__all__ = ["Cache", "evict", "restart"]

GENERATION = re.compile(r"(^|[|:])g:[0-9a-f]{32}$")
EVICTING_SECONDS = 1.0
PAUSE_SECONDS = 0.01
SHARE_OF_GENERATIONS = 0.8


class Cache:
    """The server's keys, past Django and every library."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def keys(self) -> list[str]:
        return _KEYS[self.server.kind](self.server.port)

    def delete(self, keys: Iterable[str]) -> None:
        _DELETE[self.server.kind](self.server.port, keys)


def _memcached_keys(port: int) -> list[str]:
    """All keys, or none where its crawler is at work for itself."""
    listed = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"lru_crawler metadump all\r\n")
        while not listed.endswith(b"END\r\n") and not listed.startswith(b"BUSY"):
            more = connection.recv(65536)
            if not more:
                break
            listed += more
    return [unquote(key) for key in re.findall(r"^key=(\S+)", listed.decode(), re.MULTILINE)]


def _memcached_delete(port: int, keys: Iterable[str]) -> None:
    with closing(Client(("127.0.0.1", port), timeout=5)) as client:
        client.delete_many(list(keys))


def _redis_keys(port: int) -> list[str]:
    with redis.Redis(port=port, decode_responses=True) as client:
        return [str(key) for key in client.scan_iter(count=1000)]


def _redis_delete(port: int, keys: Iterable[str]) -> None:
    with redis.Redis(port=port) as client:
        client.delete(*keys)


_KEYS: Mapping[str, Callable[[int], list[str]]] = {
    "memcached": _memcached_keys,
    "redis": _redis_keys,
}
_DELETE: Mapping[str, Callable[[int, Iterable[str]], None]] = {
    "memcached": _memcached_delete,
    "redis": _redis_delete,
}


def evict(server: Server, source: random.Random) -> int:
    """Delete a few items at a time for a second, generations above all; return how many."""
    cache, count = Cache(server), 0
    end = time.monotonic() + EVICTING_SECONDS
    while time.monotonic() < end:
        keys = cache.keys()
        generations = [key for key in keys if GENERATION.search(key)]
        chosen = generations if source.random() < SHARE_OF_GENERATIONS and generations else keys
        gone = source.sample(chosen, min(len(chosen), source.randint(1, 3)))
        if gone:
            cache.delete(gone)
            count += len(gone)
        time.sleep(PAUSE_SECONDS)
    return count


def restart(server: Server, _source: random.Random) -> int:
    """Kill the server and start it, empty; return 1."""
    server.restart()
    return 1

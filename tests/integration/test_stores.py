"""The stores on real servers: what every store owes, restarts, and forked processes."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings

from slipstream.generations.stores import Store, StoreUnavailable, store_for
from tests.unit.slipstream.generations.store_contract import StoreContract

from .replica import ROOT, free_port, wait_until

MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
REDIS = "django.core.cache.backends.redis.RedisCache"
DJANGO_REDIS = "django_redis.cache.RedisCache"

# Redis without the files and the password of our service: a cache.
REDIS_SERVER = (
    "--entrypoint",
    "redis-server",
    "slipstream-redis",
    "--protected-mode",
    "no",
    "--save",
    "",
)


class Server:
    """A container of one server, published on a port of 127.0.0.1."""

    def __init__(self, inside: int, *words: str) -> None:
        self.port = free_port()
        publish = f"127.0.0.1:{self.port}:{inside}"
        self._id = _docker("run", "--detach", "--publish", publish, *words)

    def restart(self) -> None:
        """Restart the server; what it held is gone."""
        _docker("restart", "--time", "2", self._id)

    def remove(self) -> None:
        """Remove the container."""
        _docker("rm", "--force", "--volumes", self._id)


def _docker(*words: str) -> str:
    return subprocess.check_output(["docker", *words], text=True, timeout=120).strip()


@pytest.fixture(scope="module")
def memcached() -> Iterator[Server]:
    server = Server(11211, "slipstream-memcached")
    yield server
    server.remove()


@pytest.fixture(scope="module")
def second_memcached() -> Iterator[Server]:
    server = Server(11211, "slipstream-memcached")
    yield server
    server.remove()


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    server = Server(6379, *REDIS_SERVER)
    yield server
    server.remove()


def _answers(store: Store) -> bool:
    try:
        store.get_many(["a"])
    except StoreUnavailable:
        return False
    return True


@contextmanager
def _store(entry: dict[str, Any]) -> Iterator[Store]:
    """Return a store whose keys no other test has."""
    with override_settings(CACHES={"default": entry | {"KEY_PREFIX": uuid.uuid4().hex}}):
        store = store_for("default")
        wait_until(lambda: _answers(store), 30, "the server answers")
        yield store


class TestMemcached(StoreContract):
    @pytest.fixture
    def store(self, memcached: Server) -> Iterator[Store]:
        with _store({"BACKEND": MEMCACHED, "LOCATION": f"127.0.0.1:{memcached.port}"}) as store:
            yield store


class TestTwoMemcached(StoreContract):
    @pytest.fixture
    def store(self, memcached: Server, second_memcached: Server) -> Iterator[Store]:
        servers = [f"127.0.0.1:{server.port}" for server in (memcached, second_memcached)]
        with _store({"BACKEND": MEMCACHED, "LOCATION": servers}) as store:
            wait_until(lambda: _all_answer(store), 30, "both servers answer")
            yield store


def _all_answer(store: Store) -> bool:
    try:
        store.get_many([str(number) for number in range(50)])
    except StoreUnavailable:
        return False
    return True


class TestRedisByDjango(StoreContract):
    @pytest.fixture
    def store(self, redis: Server) -> Iterator[Store]:
        with _store({"BACKEND": REDIS, "LOCATION": f"redis://127.0.0.1:{redis.port}/1"}) as store:
            yield store


class TestRedisByDjangoRedis(StoreContract):
    @pytest.fixture
    def store(self, redis: Server) -> Iterator[Store]:
        location = f"redis://127.0.0.1:{redis.port}/2"
        with _store({"BACKEND": DJANGO_REDIS, "LOCATION": location}) as store:
            yield store


def test_restart_leaves_no_store_unavailable_and_none_of_its_keys(memcached: Server) -> None:
    with _store({"BACKEND": MEMCACHED, "LOCATION": f"127.0.0.1:{memcached.port}"}) as store:
        store.add("a", b"1", 60)
        memcached.restart()
        wait_until(lambda: _answers(store), 30, "the restarted server answers")
        assert store.get_many(["a"]) == {}


def test_keys_are_not_those_of_djangos_cache(memcached: Server, redis: Server) -> None:
    for entry in (
        {"BACKEND": MEMCACHED, "LOCATION": f"127.0.0.1:{memcached.port}"},
        {"BACKEND": REDIS, "LOCATION": f"redis://127.0.0.1:{redis.port}"},
    ):
        with _store(entry) as store:
            caches["default"].set("a", "Django's")
            assert store.add("a", b"ours", 60)
            assert caches["default"].get("a") == "Django's"
            caches["default"].close()


def test_forked_process_takes_no_connection_of_its_parent(memcached: Server) -> None:
    location = f"127.0.0.1:{memcached.port}"
    with _store({"BACKEND": MEMCACHED, "LOCATION": location}):
        settings = {"default": {"BACKEND": MEMCACHED, "LOCATION": location}}
        done = subprocess.run(
            [sys.executable, str(Path(__file__).parent / "forking_store.py")],
            input=json.dumps(settings),
            env={"PYTHONPATH": str(ROOT / "services" / "web"), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert json.loads(done.stdout) == {"parent": 0, "child": 0}

"""Fixtures: the query cache in this process, on a PostgreSQL server, on memcached and on Redis."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from benchmarks import services
from slipstream import config
from slipstream.config import read
from slipstream.generations import database as databases
from slipstream.generations import hooks, stores
from slipstream.querycache import cache as caches
from slipstream.querycache import reads
from tests.unit.slipstream.querycache.waiting import until

HOLD_SECONDS = 0.5
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
REDIS = "django_redis.cache.RedisCache"
ALIAS, SAME = "races", "races-again"
Started = Callable[..., caches.Cache]


@pytest.fixture(scope="module")
def postgres() -> Iterator[services.Postgres]:
    with services.postgres() as server:
        yield server


@pytest.fixture(scope="module", params=["memcached", "redis"])
def cache_server(request: pytest.FixtureRequest) -> Iterator[services.Server]:
    with getattr(services, request.param)() as server:
        yield server


@pytest.fixture(scope="module")
def database(postgres: services.Postgres, django_db_blocker: Any) -> Iterator[services.Postgres]:
    """Two aliases onto one database that has Django's own tables."""
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "HOST": postgres.host,
        "PORT": postgres.port,
        "USER": postgres.user,
        "PASSWORD": postgres.password,
    }
    with django_db_blocker.unblock():
        for alias in (ALIAS, SAME):
            connections.databases[alias] = dict(entry)
            connections.configure_settings(connections.databases)
        call_command("migrate", database=ALIAS, verbosity=0)
        yield postgres
        for alias in (ALIAS, SAME):
            connections[alias].close()
            delattr(connections._connections, alias)
            del connections.databases[alias]


@pytest.fixture
def start(
    database: services.Postgres,  # noqa: ARG001 - it has to be there
    cache_server: services.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Started]:
    """Return a function that turns the query cache on; the tables are empty, and cacheable."""
    backend = MEMCACHED if cache_server.kind == "memcached" else REDIS
    entry = {"BACKEND": backend, "LOCATION": cache_server.url, "KEY_PREFIX": str(time.time_ns())}

    def turned_on(generations: dict[str, Any] | None = None, **query_cache: Any) -> caches.Cache:
        setting = {
            "GENERATIONS": {"HOLD_SECONDS": HOLD_SECONDS, **(generations or {})},
            "QUERY_CACHE": query_cache,
        }
        monkeypatch.setattr(config, "_installed", [read(setting, {}, [])])
        databases.forget_databases()
        User.objects.using(ALIAS).all().delete()
        hooks.install()
        reads.install()
        cache = caches.cache_of(databases.database_of(connections[ALIAS]))
        User.objects.using(ALIAS).create(username="first", first_name="old")
        until(lambda: queries(names) == 0)
        return cache

    with override_settings(CACHES={"default": entry}):
        yield turned_on
        hooks.uninstall()
        reads.uninstall()
        databases.forget_databases()
        for alias in (ALIAS, SAME):
            connections[alias].close()
        stores.reset()


@pytest.fixture
def cache(start: Started) -> caches.Cache:
    return start()


def queries(call: Callable[[], Any], alias: str = ALIAS) -> int:
    """Return how many statements the database was sent over this thread's connection."""
    sent: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with connections[alias].execute_wrapper(watch):
        call()
    return len(sent)


def names(alias: str = ALIAS) -> list[str]:
    return list(User.objects.using(alias).order_by("pk").values_list("first_name", flat=True))


def rename(name: str, alias: str = ALIAS) -> None:
    User.objects.using(alias).filter(username="first").update(first_name=name)


def elsewhere(call: Callable[[], Any]) -> Any:
    """Run it over a connection of its own, in another thread."""

    def work() -> Any:
        try:
            return call()
        finally:
            for alias in (ALIAS, SAME):
                connections[alias].close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(timeout=30)


def sql(text: str, params: Any = None, alias: str = ALIAS) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(text, params)

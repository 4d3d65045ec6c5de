"""A query cache over the sample site's tables, on SQLite and local memory; real commits."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from slipstream import config
from slipstream.config import read
from slipstream.generations import database as databases
from slipstream.generations import hooks, stores
from slipstream.querycache import reads
from slipstream.querycache.cache import Cache, cache_of

from .waiting import until

HOLD_SECONDS = 0.05
Counted = Callable[[Callable[[], Any]], int]
Started = Callable[..., Cache]


@pytest.fixture
def start(
    transactional_db: None,  # noqa: ARG001 - commits have to be real
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Started]:
    """Return a function that turns the query cache on, with settings of its own."""

    def turned_on(generations: dict[str, Any] | None = None, **query_cache: Any) -> Cache:
        setting = {
            "GENERATIONS": {"HOLD_SECONDS": HOLD_SECONDS, **(generations or {})},
            "QUERY_CACHE": query_cache,
        }
        monkeypatch.setattr(config, "_installed", [read(setting, {}, [])])
        forget()
        hooks.install()
        reads.install()
        return cache_of(databases.database_of(connection))

    yield turned_on
    hooks.uninstall()
    reads.uninstall()
    forget()


def forget() -> None:
    databases.forget_databases()
    stores.reset()


@pytest.fixture
def cache(start: Started) -> Cache:
    """The query cache as it is by default, over a table of users that can be cached at once."""
    return warmed(start())


def warmed(cache: Cache) -> Cache:
    """Wait out the quarantine of items that nobody has seen before."""
    User.objects.bulk_create([User(username=f"user{number}") for number in range(10)])
    until(lambda: queries(lambda: list(User.objects.all())) == 0)
    return cache


def queries(call: Callable[[], Any]) -> int:
    """Return how many statements the database was sent."""
    sent: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        call()
    return len(sent)

"""System checks for what makes the query cache unsafe or useless. They read settings, never a cache."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from slipstream.errors import ConfigurationError
from slipstream.generations import settings as generations
from slipstream.generations.stores import store_for
from slipstream.querycache.settings import current

__all__ = ["check_query_cache"]

CACHE_DOWN = ("proceed", "refuse")
VENDORS = ("postgresql", "postgis", "sqlite3", "spatialite", "mysql")


def check_query_cache(**_kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of a site with a query cache."""
    return [*_check_store(), *_check_generations(), *_check_databases()]


def _check_store() -> Iterator[CheckMessage]:
    alias = current().CACHE
    try:
        store_for(alias)
    except ConfigurationError as error:
        yield Error(
            f"SLIPSTREAM['QUERY_CACHE']['CACHE'] is {alias!r}: {error}",
            hint="Name an alias on memcached (PyMemcacheCache) or Redis.",
            id="slipstream.querycache.E001",
        )
        return
    if settings.CACHES[alias]["BACKEND"].endswith("LocMemCache"):
        yield CheckWarning(
            f"CACHES[{alias!r}], where SLIPSTREAM['QUERY_CACHE']['CACHE'] puts generations, is local "
            "memory, which each process has its own of: a write in one process isn't seen by the "
            "entries of another.",
            hint="With more than one process, use memcached or Redis.",
            id="slipstream.querycache.W001",
        )


def _check_generations() -> Iterator[CheckMessage]:
    given = generations.current()
    if given.CACHE_DOWN not in CACHE_DOWN:
        yield Error(
            f"SLIPSTREAM['GENERATIONS']['CACHE_DOWN'] is {given.CACHE_DOWN!r}, which is no choice.",
            hint="Set it to 'proceed' or 'refuse'.",
            id="slipstream.querycache.E002",
        )
    if given.HOLD_SECONDS <= 0:
        yield Error(
            f"SLIPSTREAM['GENERATIONS']['HOLD_SECONDS'] is {given.HOLD_SECONDS!r}: a writer's mark "
            "would be lifted before its COMMIT.",
            hint="Set it to more than the longest COMMIT takes, a few seconds.",
            id="slipstream.querycache.E003",
        )


def _check_databases() -> Iterator[CheckMessage]:
    for alias, database in settings.DATABASES.items():
        engine = str(database.get("ENGINE", "")).rpartition(".")[2]
        if engine and engine not in (*VENDORS, "dummy"):
            yield CheckWarning(
                f"DATABASES[{alias!r}] is on {database['ENGINE']!r}, which the query cache doesn't "
                "know: nothing of it is cached.",
                hint="It knows PostgreSQL, SQLite and MariaDB; MySQL is taken for one, untested.",
                id="slipstream.querycache.W002",
            )

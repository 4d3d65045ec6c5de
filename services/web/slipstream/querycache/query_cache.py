"""`query-cache`: what it changes in a site's settings, and the probe that sees a hit.

The cache itself is installed by the app `slipstream.querycache`.
"""

import time
from contextlib import ExitStack
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.site import add_app, add_cache_of_generations

__all__ = ["apply", "probe"]

PAUSE_SECONDS = 0.05


def apply(settings: Settings, config: Config) -> None:
    """Add the app, and the cache alias where the site doesn't have one."""
    add_cache_of_generations(settings, config, "query-cache")
    add_app(settings, "slipstream.querycache")


def probe(config: Config) -> Evidence:
    """In force: a query asked twice runs its SQL once, and the cache's server found the answer."""
    if not apps.is_installed("slipstream.querycache"):
        return Evidence(in_force=False, evidence={"installed": False})
    from slipstream.generations.database import database_of  # noqa: PLC0415 - needs the apps
    from slipstream.generations.reading import LIFT_AFTER  # noqa: PLC0415
    from slipstream.querycache.cache import cache_of  # noqa: PLC0415
    from slipstream.querycache.sharing import reads  # noqa: PLC0415

    connection = connections[DEFAULT_DB_ALIAS]
    deadline = time.monotonic() + 2 * LIFT_AFTER * config.generations.HOLD_SECONDS + 1
    cache = cache_of(database_of(connection))
    before = _served(cache)
    queries = _asked(connection)
    while queries and time.monotonic() < deadline:  # a cache that came back empty is quarantined
        time.sleep(PAUSE_SECONDS)
        queries = _asked(connection)
    served = _served(cache)
    cache.publisher.publish()
    figures = {
        "queries_of_a_repeated_read": queries,
        "keys_found_by_server": served,
        **reads(cache.database.items, leave_out=_sessions()),
    }
    # Memory of the process has no server, and none of its processes can be seen to share it.
    in_force = queries == 0 and (served is None or served > (before or 0))
    return Evidence(in_force=in_force, evidence=figures)


def _served(cache: Any) -> int | None:
    from slipstream.generations.stores import StoreUnavailable  # noqa: PLC0415 - needs the apps

    try:
        found: int | None = cache.store_of_entries.served()
    except StoreUnavailable:  # the read says the same
        return 0
    return found


def _sessions() -> frozenset[str]:
    """Return the tables of Django's sessions, whose reads are another factor's."""
    if not apps.is_installed("django.contrib.sessions"):
        return frozenset()
    models = apps.get_app_config("sessions").get_models()
    return frozenset(model._meta.db_table for model in models)


def _asked(connection: Any) -> int:
    """Return how many queries a read of the table of migrations runs when it is repeated."""
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415 - needs the apps

    migrations = MigrationRecorder.Migration.objects.using(connection.alias)
    ran: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        ran.append(sql)
        return execute(sql, *rest)

    list(migrations.order_by("pk")[:1])
    with ExitStack() as watched:
        watched.enter_context(connection.execute_wrapper(watch))
        list(migrations.order_by("pk")[:1])
    return len(ran)

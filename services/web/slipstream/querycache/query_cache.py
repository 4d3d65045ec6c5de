"""`query-cache`: what it changes in a site's settings, and the probe that sees a hit.

The cache itself is installed by the app `slipstream.querycache`.
"""

from contextlib import ExitStack
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.site import add_app, add_cache_of_generations

__all__ = ["apply", "probe"]


def apply(settings: Settings, config: Config) -> None:
    """Add the app, and the cache alias where the site doesn't have one."""
    add_cache_of_generations(settings, config, "query-cache")
    add_app(settings, "slipstream.querycache")


def probe(config: Config) -> Evidence:
    """In force: a query asked twice runs its SQL once, and the cache's server found the answer."""
    if not apps.is_installed("slipstream.querycache"):
        return Evidence(in_force=False, evidence={"installed": False})
    from slipstream.generations.database import database_of  # noqa: PLC0415 - needs the apps
    from slipstream.querycache.cache import cache_of  # noqa: PLC0415
    from slipstream.querycache.probing import asked_again  # noqa: PLC0415
    from slipstream.querycache.sharing import reads  # noqa: PLC0415

    connection = connections[DEFAULT_DB_ALIAS]
    cache = cache_of(database_of(connection))
    asked = asked_again(
        lambda: _asked(connection),
        cache.store_of_entries,
        hold_seconds=config.generations.HOLD_SECONDS,
    )
    cache.publisher.publish()
    figures = {
        "queries_of_a_repeated_read": asked.made,
        "keys_found_by_server": asked.served,
        **reads(cache.database.items, leave_out=_sessions()),
    }
    return Evidence(in_force=asked.in_force, evidence=figures)


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

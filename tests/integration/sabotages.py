"""The table of sabotages: how each optimization is broken, and what the lab has to say of it.

How they get into the containers is in `test_sabotage.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROJECT = "slipstream-sabotage"
SESSION_POOLER = "pgbouncer-by-session"


@dataclass(frozen=True, kw_only=True)
class Sabotage:
    """A cell that isn't what it says; `said` is how the lab has to begin, `by` what it has to show.

    settings: a function of `sabotage/settings.py`. environment: of web's container. edit: of
    gunicorn's configuration, text by text. store: where its pages find their sessions.
    """

    said: str
    by: str
    active: tuple[str, ...] = ()
    settings: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    edit: tuple[str, str] = ("", "")
    store: str = ""


def of(name: str, by: str, **how: Any) -> Sabotage:
    """Break an optimization that is on."""
    said = f"'{name}' is not in force although it is on"
    return Sabotage(said=said, by=by, active=(name,), **how)


MOST_TABLES = (
    "django_session,auth_user,auth_permission,auth_group,campus_profile,campus_post,"
    "campus_comment,campus_friendship,campus_dorm"
)
SABOTAGES = {
    "sessions-in-the-database": of(
        "redis-sessions",
        '"saved_session_is_a_key_in_redis": false',
        settings="sessions_in_the_database",
        store="database-sessions",
    ),
    "sessions-of-a-middleware": of(
        "redis-sessions",
        "statements on the sessions' table",
        settings="middleware_with_a_store_of_its_own",
        store="database-sessions",
    ),
    "age-of-zero": of(
        "persistent-connections",
        '"connection_kept_by_thread": false',
        settings="age_beside_the_databases",
    ),
    "connections-closed": of(
        "persistent-connections",
        "connections per request",
        settings="connections_closed_by_a_middleware",
    ),
    "unknown-pooler": of(
        "persistent-connections",
        '"reached_without_a_pooler": false',
        settings="unknown_pooler",
        environment={"POOLER": f"{PROJECT}-pgbouncer-1"},
    ),
    "no-pool": of("connection-pool", '"pg_stat_activity_after_request": []', settings="no_pool"),
    "past-the-pooler": of("pgbouncer", '"pgbouncer_show_servers": []', settings="past_the_pooler"),
    "routed-past-the-pooler": of(
        "pgbouncer", "transactions through PgBouncer", settings="reads_routed_past_the_pooler"
    ),
    "pooled-by-session": of(
        "pgbouncer",
        '"pgbouncer_pool_mode": "session"',
        environment={"SLIPSTREAM_PGBOUNCER_HOST": SESSION_POOLER},
    ),
    "reads-off": of(
        "query-cache",
        '"queries_of_a_repeated_read": 1',
        environment={"SLIPSTREAM_QUERY_CACHE_READS": "0"},
    ),
    "most-tables-excluded": of(
        "query-cache",
        "queries per cache round trip",
        environment={"SLIPSTREAM_QUERY_CACHE_EXCLUDE": MOST_TABLES},
    ),
    "cache-of-each-process": of(
        "query-cache", "queries per cache round trip", settings="cache_of_each_process"
    ),
    "loaders-without-cache": of(
        "cached-templates", '"compiled_once": 0', settings="loaders_without_cache"
    ),
    "loaders-reset": of(
        "cached-templates", "compiled per request", settings="loaders_reset_by_a_middleware"
    ),
    "cached-all-the-same": Sabotage(
        said="'cached-templates' is in force although it is off",
        by="compiled_once",
        settings="djangos_own_loaders",
    ),
    "templates-of-each-process": of(
        "shared-templates", '"keys_found_by_server": null', settings="cache_of_each_process"
    ),
    "no-jinja2": of("jinja2", '"first_engine": "django.', settings="no_jinja2"),
    "jinja2-without-the-pages": of(
        "jinja2", "jinja2 per request of mix", settings="jinja2_without_the_pages"
    ),
    "djangos-own-engine": of("rust-templates", '"of_rust": 0', settings="djangos_own_engine"),
    "no-fragment-stored": of(
        "fragment-cache",
        "share of fragments",
        environment={"SLIPSTREAM_FRAGMENTS_MAX_ENTRY_BYTES": "5"},  # the probe's is as large
    ),
    "not-preloaded": of(
        "preload",
        "loaded_by",
        edit=('preload_app = "preload" in _active', "preload_app = False"),
    ),
    "not-frozen": of(
        "preload", '"frozen_objects": 0', edit=("def when_ready", "def whenever_ready")
    ),
    "no-server-timing": Sabotage(
        said="cell 'no-server-timing': no response", by="Server-Timing", settings="no_timing"
    ),
    "another-set": Sabotage(
        said="cell 'another-set' reports ['preload'] as active instead of []",
        by="doesn't run the set",
        environment={"SLIPSTREAM_ACTIVE": "preload"},
    ),
}

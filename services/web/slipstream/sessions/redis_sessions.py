"""The row `redis-sessions`: what it changes in a site's settings, and the probe that sees a session in Redis.

The engine itself is `redis.py`; its system checks come with the app `slipstream.sessions`.
"""

from importlib import import_module
from typing import Any

from django.conf import settings as final
from django.core.cache import caches

from slipstream.config import Config
from slipstream.errors import NotApplicable
from slipstream.optimization import Evidence, Settings
from slipstream.sessions import database_sessions
from slipstream.sessions.settings import cache_settings
from slipstream.site import add_app, add_cache

__all__ = ["ENGINE", "apply", "health", "probe"]

ENGINE = "slipstream.sessions.redis"
DJANGO_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"
OUR_MIDDLEWARE = "slipstream.sessions.middleware.SessionMiddleware"


def apply(settings: Settings, config: Config) -> None:
    """Put sessions into a Redis of their own, behind a middleware that survives its outage."""
    if DJANGO_MIDDLEWARE not in settings.get("MIDDLEWARE", []):
        raise NotApplicable(
            f"'redis-sessions' cannot stand in for {DJANGO_MIDDLEWARE!r}: MIDDLEWARE doesn't have "
            f"it; derive the site's own from {OUR_MIDDLEWARE!r}, or leave it out for this site"
        )
    settings["MIDDLEWARE"] = [
        OUR_MIDDLEWARE if name == DJANGO_MIDDLEWARE else name for name in settings["MIDDLEWARE"]
    ]
    settings["SESSION_ENGINE"] = ENGINE
    add_cache(settings, config.sessions.ALIAS, cache_settings(config.sessions))
    add_app(settings, "slipstream.sessions")


def health(config: Config) -> tuple[str, str]:  # noqa: ARG001
    """Return why sessions can't be saved now, and why soon no more; empty where they can, or aren't here."""
    if final.SESSION_ENGINE != ENGINE:
        return "", ""
    from slipstream.sessions.status import status  # noqa: PLC0415 - needs configured settings

    seen = status()
    return seen.reason, seen.warning


def probe(config: Config) -> Evidence:
    """In force: a session saved by the site's engine is a key that Redis itself reports."""
    queries = {"queries_of_session_table": database_sessions.calls_on_session_table()}
    # An engine that only asks Redis for sessions that have yet to move back: Redis may be away.
    moving_back = final.SESSION_ENGINE == database_sessions.MOVING_BACK
    if moving_back or config.sessions.ALIAS not in final.CACHES:
        figures = {"session_engine": final.SESSION_ENGINE} | queries
        return Evidence(in_force=False, evidence=figures)
    from slipstream.sessions import fullness, keys  # noqa: PLC0415 - need configured settings

    cache: Any = caches[config.sessions.ALIAS]
    client = cache.client.get_client(write=True)
    session = import_module(final.SESSION_ENGINE).SessionStore()
    session["slipstream"] = "probe"
    session.save()
    found = bool(client.exists(keys.in_redis(session.session_key)))
    session.delete()
    persistence = client.info("persistence")
    memory = fullness.memory(client)
    figures = {
        "saved_session_is_a_key_in_redis": found,
        "reads_in_redis": client.info("commandstats").get("cmdstat_get", {}).get("calls", 0),
        "dbsize": client.dbsize(),
        "aof_enabled": bool(persistence["aof_enabled"]),
        "aof_last_write_status": persistence["aof_last_write_status"],
        "used_memory_bytes": memory.used_bytes,
        "maxmemory_bytes": memory.limit_bytes,
        "maxmemory_policy": memory.policy,
        "warning": fullness.warning(client),
    }
    return Evidence(in_force=found, evidence=figures | queries)

"""The baseline of the factor: Django's database sessions, read and written by queries.

And on the way back to them from Redis, where MOVE_BACK says so.
"""

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router

from slipstream.config import Config
from slipstream.errors import NotApplicable
from slipstream.optimization import Settings
from slipstream.sessions.settings import cache_settings
from slipstream.site import add_app, add_cache

__all__ = ["MOVING_BACK", "apply", "calls_on_session_table", "move_back"]

ENGINE = "django.contrib.sessions.backends.db"
MOVING_BACK = "slipstream.sessions.database"

COUNTED = """
SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
WHERE strpos(query, %s) > 0
AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def apply(settings: Settings) -> None:
    """Go back to Django's own default engine."""
    settings["SESSION_ENGINE"] = ENGINE


def move_back(settings: Settings, config: Config) -> None:
    """Have Django's engine look in Redis for a session that the table doesn't have."""
    if not config.sessions.MOVE_BACK:
        return
    engine = settings.get("SESSION_ENGINE", ENGINE)
    if engine not in (ENGINE, MOVING_BACK):
        raise NotApplicable(
            f"SLIPSTREAM['SESSIONS']['MOVE_BACK'] is on, and SESSION_ENGINE is {engine!r}: sessions "
            f"move back into {ENGINE!r} only; turn MOVE_BACK off, or set that engine"
        )
    settings["SESSION_ENGINE"] = MOVING_BACK
    add_cache(settings, config.sessions.ALIAS, cache_settings(config.sessions))
    add_app(settings, "slipstream.sessions")


def calls_on_session_table() -> int | None:
    """Return how many statements on the sessions' table Postgres has run for the site's role.

    None where it isn't asked to count (the extension pg_stat_statements), or there is no such table.
    """
    if not apps.is_installed("django.contrib.sessions"):
        return None
    from django.contrib.sessions.models import Session  # noqa: PLC0415 - needs the apps

    connection = connections[router.db_for_read(Session) or DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_stat_statements')")
        if cursor.fetchone() == (None,):
            return None
        cursor.execute(COUNTED, [f'"{Session._meta.db_table}"'])
        return int(cursor.fetchone()[0])

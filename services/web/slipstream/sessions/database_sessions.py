"""The baseline of the factor: Django's database sessions, read and written by queries."""

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router

from slipstream.optimization import Settings

__all__ = ["apply", "calls_on_session_table"]

COUNTED = """
SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
WHERE strpos(query, %s) > 0
AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def apply(settings: Settings) -> None:
    """Go back to Django's own default engine."""
    settings["SESSION_ENGINE"] = "django.contrib.sessions.backends.db"


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

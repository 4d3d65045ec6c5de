"""Whether the site's dependencies answer, asked over the paths that its pages use."""

from collections.abc import Callable, Mapping

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

from slipstream.config import Config
from slipstream.sessions import redis_sessions

__all__ = ["failing"]


def failing(config: Config) -> dict[str, str]:
    """Return the dependencies that don't answer, each with the reason in one line."""
    checks: Mapping[str, Callable[[Config], str]] = {
        "database": _database,
        "sessions": redis_sessions.failure,
    }
    reasons = {name: check(config) for name, check in checks.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _database(config: Config) -> str:  # noqa: ARG001
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        return str(error).strip().splitlines()[0]
    return ""

"""Whether the site's dependencies answer, asked over the paths that its pages use."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

from slipstream.config import Config
from slipstream.sessions import redis_sessions

__all__ = ["Health", "look"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """By dependency, one line each: why it doesn't answer, and why it soon may not."""

    failing: Mapping[str, str]
    warnings: Mapping[str, str]


def look(config: Config) -> Health:
    """Ask each dependency."""
    failure, warning = redis_sessions.health(config)
    return Health(
        failing=_said({"database": _database(), "sessions": failure}),
        warnings=_said({"sessions": warning}),
    )


def _said(lines: Mapping[str, str]) -> dict[str, str]:
    return {name: line for name, line in lines.items() if line}


def _database() -> str:
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        return str(error).strip().splitlines()[0]
    return ""

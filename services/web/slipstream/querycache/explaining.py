"""Why a query is cached or not, from its SQL: for `manage.py querycache explain`."""

from typing import Any

from django.db import connections

from slipstream.generations.database import database_of
from slipstream.generations.hooks import statement_of
from slipstream.querycache.cache import cache_of

__all__ = ["explain"]


def explain(sql: str, alias: str) -> dict[str, Any]:
    """Return what the analysis finds in a query's text, as plain data."""
    connection = connections[alias]
    connection.ensure_connection()
    database = database_of(connection)
    statement = statement_of(connection, sql)
    catalog = database.catalog_for(connection)
    unknown = cache_of(database).plans.impure(statement.functions, catalog)
    return {
        "kind": statement.kind.value,
        "tables": sorted(catalog.read(statement.identifiers)),
        "writes": sorted(statement.writes),
        "not_pure": statement.impure,
        "functions_not_known_as_pure": sorted(unknown),
    }

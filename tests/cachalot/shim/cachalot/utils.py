"""What the tests ask of cachalot's analysis, answered by the query cache's."""

from typing import Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connections

from slipstream.generations.database import database_of
from slipstream.generations.tags import EVERYTHING
from slipstream.querycache.cache import cache_of


class UncachableQuery(Exception):
    """A query that isn't a function of tables alone."""


def _get_tables(alias: str, query: Any, _compiler: Any = None) -> set[str]:
    connection = connections[alias]
    connection.ensure_connection()
    database = database_of(connection)
    compiler = query.get_compiler(alias)
    try:
        sql, _params = compiler.as_sql()
    except EmptyResultSet:
        return set()
    _, found = database.reader.read([EVERYTHING])
    catalog = database.catalog_for(connection, found[0])
    plan = cache_of(database).plans.make(compiler, sql, catalog)
    if plan.reason:
        raise UncachableQuery(plan.reason)
    return {_names().get(name, name) for name in plan.tables}


def _names() -> dict[str, str]:
    """A table's plain name -> what its model calls it, with a schema perhaps."""
    named = (model._meta.db_table for model in apps.get_models(include_auto_created=True))
    return {table.rpartition(".")[2].strip('"').lower(): table for table in named}

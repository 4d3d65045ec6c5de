"""Tells the hooks which rows and columns an ORM write touches: its text alone doesn't say."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models.sql.compiler import (
    SQLDeleteCompiler,
    SQLInsertCompiler,
    SQLUpdateCompiler,
)

from slipstream.generations.pins import pinned_rows
from slipstream.generations.tags import bare
from slipstream.generations.writes import Scope, written_by
from slipstream.patches import Place

__all__ = ["SCOPES"]

Function = Callable[..., Any]


def _update(compiler: Any) -> Scope:
    query = compiler.query
    return Scope(
        table=bare(query.get_meta().db_table),
        rows=pinned_rows(query),
        columns=frozenset(field.column for field, _model, _value in query.values),
    )


def _delete(compiler: Any) -> Scope:
    query = compiler.query
    return Scope(table=bare(query.get_meta().db_table), rows=pinned_rows(query))


def _insert(compiler: Any) -> Scope:
    return Scope(table=bare(compiler.query.get_meta().db_table))


def _scoped(original: Function, scope_of: Callable[[Any], Scope]) -> Function:
    @functools.wraps(original)
    def execute_sql(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _within(self.connection, scope_of(self)):
            return original(self, *args, **kwargs)

    return execute_sql


@contextmanager
def _within(connection: Any, scope: Scope) -> Iterator[None]:
    written = written_by(connection)
    outer, written.scope = written.scope, scope
    try:
        yield
    finally:
        written.scope = outer


SCOPES: tuple[Place, ...] = (
    (SQLUpdateCompiler, "execute_sql", lambda original: _scoped(original, _update)),
    (SQLInsertCompiler, "execute_sql", lambda original: _scoped(original, _insert)),
    # It has no method of its own; this is the base's as it is before anybody wraps that.
    (SQLDeleteCompiler, "execute_sql", lambda original: _scoped(original, _delete)),
)

"""The SQL of queries that differ in the values of their conditions alone: compiled once.

Once rows come from a cache, putting the same text together for every query is most of what a read
costs. A query's *shape* is all that its SQL is made of besides its WHERE clause; the clause itself is
compiled each time, since its values are in it, and its text is part of what the SQL is known by.
A query with anything in it whose shape isn't plainly known is compiled by Django as ever.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import Model
from django.db.models.expressions import Col
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.lookups import Exact, IntegerFieldExact
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.query import Query
from django.db.models.sql.where import AND
from django.utils.timezone import get_current_timezone

__all__ = ["Statement", "Statements"]

MOST_STATEMENTS = 5_000
LONGEST_TEXT = 20_000

Key = tuple[Any, ...]

SET_BY_COMPILING = ("select", "klass_info", "annotation_col_map", "col_count", "has_extra_select")
"""What a compiler says of its rows to those who make something of them."""


class Unusual(Exception):
    """A query with something in it of which we don't know what SQL it becomes."""


class Statement:
    """The text of a query, with what its compiler said when it made it."""

    __slots__ = ("_models", "_said", "sql")

    def __init__(self, sql: str, compiler: Any) -> None:
        self.sql = sql
        self._models = [(model._meta, _facts(model._meta)) for model in _models(compiler.query)]
        self._said = {name: getattr(compiler, name) for name in SET_BY_COMPILING}
        selected = [column for column, _sql, _alias in compiler.select[: compiler.col_count]]
        if not compiler.get_converters(selected):
            self._said["get_converters"] = _no_converters

    def holds(self) -> bool:
        """Say whether its models are still what they were."""
        return all(_facts(meta) == facts for meta, facts in self._models)

    def told_to(self, compiler: Any) -> None:
        """Have another compiler of the same shape say the same."""
        vars(compiler).update(self._said)
        query = compiler.query
        if not query.alias_map:  # some ask a query that was answered for its table
            before = query.alias_refcount.copy()
            query.get_initial_alias()
            query.reset_refcounts(before)


class Statements:
    """The statements of one database, by alias, shape and WHERE clause.

    reuse: off, every query is compiled.
    """

    def __init__(self, *, reuse: bool) -> None:
        self._reuse = reuse
        self._known: dict[Key, Statement] = {}

    def compiled(self, compiler: Any) -> tuple[str, Any, bool]:
        """Return a query's SQL and values, and whether they were put together without compiling it.

        Where they were, the query knows its first table, but `as_sql` alone completes its joins.
        Raises EmptyResultSet.
        """
        shape = _shape(compiler) if self._reuse else None
        where = shape and _where(compiler)
        if not where:
            return *compiler.as_sql(), False
        text, values = where
        key = (compiler.using, text, shape)
        known = self._known.get(key)
        if known is not None and known.holds():
            known.told_to(compiler)
            return known.sql, values, True
        sql, params = compiler.as_sql()
        if sql and len(params) == len(values) and len(sql) <= LONGEST_TEXT:
            if len(self._known) >= MOST_STATEMENTS:
                self._known.clear()
            self._known[key] = Statement(sql, compiler)
        return sql, params, False


def _models(query: Any) -> set[type[Model]]:
    """Return the models whose tables a compiled query reads."""
    joined: list[Any] = [
        table.join_field for table in query.alias_map.values() if type(table) is Join
    ]
    ends = [model for field in joined for model in (field.model, field.related_model)]
    return {query.model, *ends}


def _facts(meta: Any) -> Key:
    """Return what the SQL of a query is made of besides the query: some change it for a while."""
    return meta.db_table, tuple(meta.ordering or ()), meta.concrete_fields


def _no_converters(_expressions: Any) -> Mapping[int, Any]:
    return {}


def _where(compiler: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """Return what tells the text of a query's conditions, and their values.

    None where nothing fulfils them.
    """
    try:
        plain = _plain_where(compiler)
        if plain is not None:
            return plain
        text, values = compiler.compile(compiler.query.where)
    except FullResultSet:
        return "", ()
    except EmptyResultSet:
        return None
    return text, tuple(values)


def _plain_where(compiler: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """Do the same for columns that must have certain values, which needs no text; else None.

    That is most of what is asked for often. Raises EmptyResultSet for numbers beyond the column's.
    """
    where = compiler.query.where
    if where.connector != AND or where.negated or not where.children:
        return None
    parts: list[Any] = []
    found: list[Any] = []
    for condition in where.children:
        kind = type(condition)
        if kind not in EQUALITIES or type(condition.rhs) not in DIRECT_VALUES:
            return None
        column = condition.lhs
        if type(column) is not Col or condition.bilateral_transforms:
            return None
        if column.output_field is not column.target:
            return None
        _text, values = condition.process_rhs(compiler, compiler.connection)
        parts += kind, column.alias, column.target
        found += values
    return tuple(parts), tuple(found)


def _shape(compiler: Any) -> Key | None:
    """Return what a query's SQL is made of besides its conditions; None where that isn't known."""
    query: Any = compiler.query
    kind = type(compiler)
    if type(query) is not Query or kind.as_sql is not SQLCompiler.as_sql or query.select_for_update:
        return None
    model, where, attributes = query.model, query.where, vars(query)
    if model is None or where.contains_aggregate or where.contains_over_clause:
        return None  # such conditions are moved to where their values come in another order
    try:
        # MySQL converts times in an order to the zone, where that isn't its own.
        zoned = settings.USE_TZ and compiler.connection.vendor not in ONE_ZONE
        zone = get_current_timezone() if zoned else None
        found = [kind, compiler.elide_empty, zone, model]
        found += attributes
        for value in attributes.values():
            if type(value) in ATOMS:
                found.append(value)
            elif value is not where and value is not model:
                found.append(_plain(value))
    except Unusual:
        return None
    return tuple(found)


def _plain(value: Any) -> Any:
    """Return what tells a value from all others that make another SQL. Raises Unusual."""
    kind = type(value)
    if kind in ATOMS:
        return value
    make = PARTS.get(kind)
    if make is None:
        raise Unusual
    return make(value) if value else kind


def _of_dict(value: dict[Any, Any]) -> Key:
    return tuple([(_plain(key), _plain(one)) for key, one in value.items()])


def _of_sequence(value: Any) -> Key:
    return tuple(map(_plain, value))


def _of_table(table: BaseTable) -> Key:
    return (table.table_name, table.table_alias)


def _of_join(join: Any) -> Key:
    if join.filtered_relation is not None:
        raise Unusual
    return (
        join.table_name,
        join.table_alias,
        join.parent_alias,
        join.join_type,
        join.join_field,
        join.nullable,
    )


def _of_column(column: Any) -> Key:
    if column.output_field is not column.target:
        raise Unusual
    return (column.alias, column.target)


EQUALITIES = frozenset({Exact, IntegerFieldExact, RelatedExact})
DIRECT_VALUES = frozenset({str, int})
ONE_ZONE = frozenset({"postgresql", "sqlite"})
"""Where the zone is a value of the query, if anything."""
ATOMS = frozenset({str, int, bool, type(None)})
PARTS: Mapping[type, Callable[[Any], Any]] = {
    dict: _of_dict,
    tuple: _of_sequence,
    list: _of_sequence,
    set: frozenset,
    frozenset: frozenset,
    BaseTable: _of_table,
    Join: _of_join,
    Col: _of_column,
}

"""The tables in a query's expression tree: what its joins, subqueries and annotations name."""

from collections.abc import Iterator
from typing import Any

from django.db.models.sql import Query
from django.db.models.sql.where import WhereNode

from slipstream.generations.tags import bare

__all__ = ["tables_in"]


def tables_in(query: Any) -> frozenset[str]:
    """Return the lower-case names of all tables of a `Query` and of the queries inside it."""
    return frozenset(bare(name) for name in _of_query(query))


def _of_query(query: Any) -> Iterator[str]:
    for alias, table in query.alias_map.items():
        if query.alias_refcount.get(alias):
            yield table.table_name
    yield from query.extra_tables
    for combined in query.combined_queries:
        yield from _of_query(combined)
    inner = getattr(query, "inner_query", None)  # of an AggregateQuery
    for node in (inner, query.where, *query.annotations.values(), *query.order_by, *query.select):
        yield from _of_node(node)


def _of_node(node: Any) -> Iterator[str]:
    if isinstance(node, Query):
        yield from _of_query(node)
    elif isinstance(node, WhereNode):
        for child in node.children:
            yield from _of_node(child)
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _of_node(one)
    elif hasattr(node, "get_source_expressions"):
        for source in node.get_source_expressions():
            yield from _of_node(source)
        yield from _of_node(getattr(node, "query", None))
        yield from _of_node(getattr(node, "rhs", None))

"""Verify mode: each hit also runs its SQL, and what differs is reported with both results.

So is SQL that was kept from a former query, and isn't what Django makes of this one.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.tags import bare
from slipstream.querycache import signals

if TYPE_CHECKING:
    from slipstream.querycache.cache import Cache
    from slipstream.querycache.needs import Need
    from slipstream.querycache.reads import Read

__all__ = ["compiled", "verified"]

logger = logging.getLogger("slipstream.querycache")

SHOWN_CHARACTERS = 2_000


def verified(
    cache: "Cache", read: "Read", need: "Need", found: list[bytes | None], cached: Any
) -> Any:
    """Return what the database says; report where the cache said something else.

    Not where a write moved the generations meanwhile, and not the order of rows, or which of them
    a slice takes, where the query leaves that open.
    """
    fresh = read.run()
    if _same(read, cached, fresh) or _moved(cache, need, found, cached):
        return fresh
    _report(cache, need.tables, sql=read.sql, params=read.params, cached=cached, fresh=fresh)
    return fresh


def compiled(
    cache: "Cache", compiler: Any, sql: str, params: Sequence[Any]
) -> tuple[str, Sequence[Any]]:
    """Return what Django compiles a query to; report where the SQL that was kept for it differs."""
    cached = (sql, tuple(params), _columns(compiler))
    fresh_sql, fresh_params = compiler.as_sql()
    fresh = (fresh_sql, tuple(fresh_params), _columns(compiler))
    if cached != fresh and repr(cached) != repr(fresh):  # NaN isn't equal to itself
        tables = {bare(compiler.query.get_meta().db_table)}
        _report(cache, tables, sql=fresh_sql, params=fresh_params, cached=cached, fresh=fresh)
    return fresh_sql, fresh_params


def _columns(compiler: Any) -> list[Any]:
    return [(repr(column), *rest) for column, *rest in compiler.select[: compiler.col_count]]


def _report(  # noqa: PLR0913 - all by name
    cache: "Cache", tables: Iterable[str], *, sql: str, params: Any, cached: Any, fresh: Any
) -> None:
    for name in tables:
        cache.table(name).differences += 1
    logger.error(
        "the query cache differs from the database: %s with %r: cached %s, fresh %s",
        sql,
        params,
        str(cached)[:SHOWN_CHARACTERS],
        str(fresh)[:SHOWN_CHARACTERS],
    )
    signals.difference.send(sender=type(cache), sql=sql, params=params, cached=cached, fresh=fresh)


def _same(read: "Read", cached: Any, fresh: Any) -> bool:
    # Not by ==: NaN is not equal to itself.
    if repr(cached) == repr(fresh):
        return True
    query = read.compiler.query
    if _is_ordered(query):
        return False
    before, now = _multiset(cached), _multiset(fresh)
    return len(before) == len(now) if _cuts(query, len(now)) else before == now


def _cuts(query: Any, rows: int) -> bool:
    """Say whether a slice left rows out, so that which ones are in it is open."""
    if query.low_mark:
        return True
    return query.high_mark is not None and rows >= query.high_mark


def _is_ordered(query: Any) -> bool:
    """Say whether the order is surely total: only where it ends in the primary key."""
    primary_key = query.get_meta().pk.name if query.get_meta() else "pk"
    names = {str(name).lstrip("-") for name in query.order_by}
    return not names.isdisjoint({"pk", primary_key})


def _multiset(result: Any) -> list[str]:
    if not isinstance(result, list):
        return [] if result is None else [repr(result)]
    return sorted(repr(row) for chunk in result for row in _rows(chunk))


def _rows(chunk: Any) -> Iterable[Any]:
    return chunk if isinstance(chunk, list) else [chunk]


def _moved(cache: "Cache", need: "Need", found: list[bytes | None], cached: Any) -> bool:
    try:
        _, again = cache.reader.read(need.tags)
    except StoreUnavailable:
        return True
    return need.relied_on(again, cached) != need.relied_on(found, cached)

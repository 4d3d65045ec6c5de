"""Verify mode: each hit also runs its SQL, and what differs is reported with both results."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache import signals

if TYPE_CHECKING:
    from slipstream.querycache.cache import Cache
    from slipstream.querycache.needs import Need
    from slipstream.querycache.reads import Read

__all__ = ["verified"]

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
    for name in need.tables:
        cache.table(name).differences += 1
    logger.error(
        "the query cache differs from the database: %s with %r: cached %s, fresh %s",
        read.sql,
        read.params,
        str(cached)[:SHOWN_CHARACTERS],
        str(fresh)[:SHOWN_CHARACTERS],
    )
    signals.difference.send(
        sender=type(cache), sql=read.sql, params=read.params, cached=cached, fresh=fresh
    )
    return fresh


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

"""Empties the query cache: everything that was stored becomes unreachable, at once and for all."""

from collections.abc import Iterable

from django.db import connections

from slipstream.generations import tags
from slipstream.generations.database import database_of
from slipstream.generations.stores import StoreUnavailable

__all__ = ["clear", "clear_as_soon_as_possible"]


def clear(aliases: Iterable[str] | None = None) -> list[str]:
    """Drop what is cached of these databases, by default of all; return their aliases.

    Raises StoreUnavailable: then nobody knows what is still there.
    """
    chosen = list(connections) if aliases is None else list(aliases)
    for alias in chosen:
        writer = database_of(connections[alias]).writer
        writer.unmark(writer.mark({tags.EVERYTHING}))
    return chosen


def clear_as_soon_as_possible() -> None:
    """Drop what is cached of all databases before this process reads any of it.

    Where the cache doesn't answer now, this process goes without it until it has been told.
    """
    for alias in connections:
        try:
            clear([alias])
        except StoreUnavailable:
            database_of(connections[alias]).owed.add({tags.EVERYTHING})

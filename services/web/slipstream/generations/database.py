"""One database as this process knows it: its items, its catalog, and the tags that a write touches.

Aliases onto the same database share it. What one connection has written is in `writes.py`.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.conf import settings as final
from django.core.signals import setting_changed

from slipstream.generations.catalog import Catalog, load
from slipstream.generations.items import Items
from slipstream.generations.owed import Owed
from slipstream.generations.reading import Reader
from slipstream.generations.settings import GenerationsSettings, cache_alias, current
from slipstream.generations.signing import Signer
from slipstream.generations.stores import store_for
from slipstream.generations.tags import table
from slipstream.generations.writing import Writer

__all__ = ["Database", "database_of", "forget_databases"]

logger = logging.getLogger("slipstream.generations")


class Database:
    """Items, reader and writer of one database; the catalog is loaded at first use."""

    def __init__(self, space: str, settings: GenerationsSettings) -> None:
        self.space = space
        self.settings = settings
        items = Items(store_for(cache_alias()), Signer(final.SECRET_KEY), space=space)
        self.items = items
        self.quiet = {
            name.lower(): frozenset(columns) for name, columns in settings.QUIET_COLUMNS.items()
        }
        unguarded = frozenset(table(name) for name in self.quiet)
        self.reader = Reader(items, hold_seconds=settings.HOLD_SECONDS, unguarded=unguarded)
        self.writer = Writer(items, hold_seconds=settings.HOLD_SECONDS)
        self.owed = Owed(self.writer)
        self.catalog: Catalog | None = None
        self.catalog_of: bytes | None = None
        self.on_new_catalog: list[Callable[[], None]] = []
        self.on_write: list[Callable[[Iterable[str]], None]] = []
        self.companions: dict[str, Any] = {}  # what others keep of this database, by their name
        self.forgotten = False
        self._lock = threading.RLock()  # a connection that is made for it may ask for it

    def catalog_for(self, connection: Any, everything: bytes | None = None) -> Catalog:
        """Return the catalog as of a generation of `EVERYTHING`, which schema changes replace.

        everything: the value of that item, read before; None takes what there is.
        """
        catalog = self.catalog
        if catalog is not None and everything in (None, self.catalog_of):
            return catalog
        with self._lock:
            if self.catalog is None or everything not in (None, self.catalog_of):
                with connection.wrap_database_errors:
                    self.catalog = load(connection, self.settings.TRIGGERS)
                self.catalog_of = everything
                for forget in self.on_new_catalog:
                    forget()
            return self.catalog


def space_of(connection: Any) -> str:
    """Name the database behind a connection, the same for every way to it.

    By its name alone: host and port differ where one alias goes through a pooler. Databases that
    only share their name share generations, which costs misses and is never wrong.
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        in_memory = connection.is_in_memory_db()
        name = f"{name} of process {os.getpid()}" if in_memory else str(Path(name).resolve())
    return f"{connection.vendor}:{name}"


_databases: dict[str, Database] = {}
_creating = threading.Lock()


def database_of(connection: Any) -> Database:
    """Return the one object for the database that a connection leads to."""
    space = space_of(connection)
    found = _databases.get(space)
    if found is None:
        with _creating:
            found = _databases.setdefault(space, Database(space, current()))
    return found


def forget_databases(**_kwargs: Any) -> None:
    """Begin anew; for tests, which change settings while the process runs."""
    while _databases:
        _databases.popitem()[1].forgotten = True


def _settings_changed(*, setting: str, **_kwargs: Any) -> None:
    if setting in ("CACHES", "SLIPSTREAM", "DATABASES", "SECRET_KEY"):
        forget_databases()


setting_changed.connect(_settings_changed)

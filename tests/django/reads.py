"""Which tables SQLite really reads for a SELECT, against those that the query cache takes it for.

SQLite names each table to an authorizer while it prepares a statement, behind views too.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.backends.signals import connection_created
from django.db.backends.sqlite3.base import SQLiteCursorWrapper

from slipstream.generations.catalog import Catalog, load
from slipstream.generations.database import database_of
from slipstream.generations.hooks import statement_of
from slipstream.generations.sql import Kind, analyse
from slipstream.querycache.plans import Plans

OWN = ("sqlite_", "pragma_")  # what SQLite itself keeps; the catalog is loaded from these
REAL = """SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view')
UNION SELECT lower(name) FROM sqlite_temp_master WHERE type IN ('table', 'view')"""
SHOWN_EXAMPLES = 20


class Coverage:
    """Counts over the SELECTs of this process."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[str] = []
        self.planned: dict[
            str, frozenset[str]
        ] = {}  # by text: the tables of the ORM's tree as well
        # By the id of the driver's connection: what the statement being prepared reads.
        self._read: dict[int, set[str]] = {}
        self._django: dict[int, Any] = {}

    def install(self) -> None:
        connection_created.connect(self._authorize, weak=False)
        SQLiteCursorWrapper.execute = self._watched(SQLiteCursorWrapper.execute)
        Plans.make = self._noted(Plans.make)

    def _authorize(self, *, connection: Any, **_kwargs: Any) -> None:
        if connection.vendor != "sqlite":
            return
        driver = connection.connection
        self._django[id(driver)] = connection

        def authorize(action: int, first: str | None, *_: object) -> int:
            if action == sqlite3.SQLITE_READ and first:
                self._read.setdefault(id(driver), set()).add(first.lower())
            return sqlite3.SQLITE_OK

        driver.set_authorizer(authorize)

    def _noted(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def noted(plans: Any, compiler: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
            plan = make(plans, compiler, sql, *args, **kwargs)
            self.planned[sql] = plan.tables
            return plan

        return noted

    def _watched(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def watched(cursor: Any, query: Any, params: Any = None) -> Any:
            self._read.pop(id(cursor.connection), None)
            result = execute(cursor, query, params)
            read = self._read.pop(id(cursor.connection), set())
            read = {name for name in read if not name.startswith(OWN)}
            if read and isinstance(query, str):
                self._compare(cursor.connection, query, read)
            return result

        return watched

    def _compare(self, driver: Any, query: str, read: set[str]) -> None:
        django = self._django[id(driver)]
        if statement_of(django, query).kind is not Kind.READ:
            self.counts["not a SELECT"] += 1
            return
        taken = self.planned.get(query) or by_text(database_of(django).catalog_for(django), query)
        if read - taken and query not in self.planned:
            # Raw SQL is never cached, so nothing has looked at a new table yet.
            taken = by_text(load(django, {}), query)
        missed = read - taken
        if missed:  # a name may be a CTE's or a subquery's
            missed &= relations(driver)
        self.counts["SELECTs"] += 1
        self.counts["read"] += len(read)
        self.counts["missed"] += len(missed)
        self.counts["SELECTs over-reported"] += bool(taken - read)
        self.counts["over-reported"] += len(taken - read)
        if missed and len(self.examples) < SHOWN_EXAMPLES:
            self.examples.append(f"{sorted(missed)} in {query}")


def by_text(catalog: Catalog, query: str) -> frozenset[str]:
    return catalog.read(analyse(query, "sqlite").identifiers)


def relations(driver: Any) -> set[str]:
    """The tables and views of a connection, asked without its watched cursors."""
    return {row[0] for row in sqlite3.Connection.execute(driver, REAL)}

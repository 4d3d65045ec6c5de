"""What is known of a SELECT by its text: the tables it reads, or why it isn't cached.

Kept per text and per catalog, so that a query is analysed once in a process.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from slipstream.generations.catalog import Catalog
from slipstream.generations.hooks import statement_of
from slipstream.generations.sql import PURE_FUNCTIONS, Kind
from slipstream.generations.tags import EVERYTHING, table
from slipstream.querycache.lookups import Lookup, lookup_by_unique_key, reads_its_base_once
from slipstream.querycache.settings import QueryCacheSettings
from slipstream.querycache.statistics import Table
from slipstream.querycache.tree import tables_in

__all__ = ["Plan", "Plans"]

MOST_PLANS = 5_000
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`reason` says why the query isn't cached; empty where it is. `counts` are its tables'.

    It holds under the `catalog` that it was made under, and no other.
    """

    catalog: Catalog
    tables: frozenset[str]
    tags: tuple[str, ...]  # of everything and of the tables
    counts: tuple[Table, ...]
    reason: str = ""
    simple: bool = False  # rows of its base table come in once: a pin of it holds for all
    lookup: Lookup | None = None  # by a unique key other than the primary one
    timeout_seconds: int = 0


class Plans:
    """The plans of one database."""

    def __init__(
        self,
        settings: QueryCacheSettings,
        tables: dict[str, Table],
        *,
        quiet: frozenset[str] = frozenset(),
    ) -> None:
        self.settings = settings
        self.tables = tables
        self.quiet = quiet
        self.excluded = frozenset(name.lower() for name in settings.EXCLUDE)
        self.timeouts = {
            name.lower(): seconds for name, seconds in settings.TABLE_TIMEOUT_SECONDS.items()
        }
        self.declared = frozenset(name.lower() for name in settings.PURE_FUNCTIONS)
        self._known: dict[str, Plan] = {}

    def clear(self) -> None:
        """Forget all: the catalog has changed."""
        self._known.clear()

    def known(self, sql: str, catalog: Catalog | None) -> Plan | None:
        """Return the plan that was made of this text under this catalog."""
        plan = self._known.get(sql)
        return plan if plan is not None and plan.catalog is catalog else None

    def make(self, compiler: Any, sql: str, catalog: Catalog) -> Plan:
        """Analyse a compiled query."""
        plan = self._plan(compiler, sql, catalog)
        if len(sql) <= LONGEST_TEXT:
            if len(self._known) >= MOST_PLANS:
                self._known.clear()
            self._known[sql] = plan
        return plan

    def impure(self, functions: frozenset[str], catalog: Catalog) -> frozenset[str]:
        """Return those functions that aren't known to depend on their arguments alone."""
        return functions - (PURE_FUNCTIONS - catalog.functions) - self.declared

    def _plan(self, compiler: Any, sql: str, catalog: Catalog) -> Plan:
        statement = statement_of(compiler.connection, sql)
        tree = tables_in(compiler.query)
        tables = catalog.read(statement.identifiers) | catalog.read(tree)
        unknown = self.impure(statement.functions, catalog)
        reasons = {
            "not a SELECT": statement.kind is not Kind.READ,
            statement.impure: bool(statement.impure),
            f"the function {min(unknown, default='')}()": bool(unknown),
            "a table that isn't in the catalog": not tree <= catalog.relations,
            "more than tables' rows": not catalog.unstable.isdisjoint(statement.identifiers),
            "no table": not tables,
            "a table in EXCLUDE": not tables.isdisjoint(self.excluded),
        }
        simple = reads_its_base_once(compiler.query, sql, catalog)
        return Plan(
            catalog=catalog,
            tables=tables,
            tags=(EVERYTHING, *map(table, sorted(tables))),
            counts=tuple(self._counts(tables)),
            reason=next((reason for reason, holds in reasons.items() if holds), ""),
            simple=simple,
            lookup=lookup_by_unique_key(compiler, catalog, self.quiet) if simple else None,
            timeout_seconds=self._timeout(tables),
        )

    def _counts(self, tables: Iterable[str]) -> Iterable[Table]:
        return (self.tables.setdefault(name, Table(name)) for name in sorted(tables) or ["(none)"])

    def _timeout(self, tables: Iterable[str]) -> int:
        named = [self.timeouts[name] for name in tables if name in self.timeouts]
        return min(named, default=self.settings.TIMEOUT_SECONDS)

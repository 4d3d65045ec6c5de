"""What a database's system tables say, the same for every vendor; names are lower case."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from slipstream.generations.sql import PURE_FUNCTIONS, Statement

__all__ = ["CHANGING_ACTIONS", "Facts", "is_unstable", "rows", "tables_to_tables"]

Tables = dict[str, set[str]]

CHANGING_ACTIONS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


@dataclass(slots=True, kw_only=True)
class Facts:
    """Collected while loading."""

    relations: set[str] = field(default_factory=set)
    views: Tables = field(default_factory=dict)
    """A view to what its query names."""
    families: Tables = field(default_factory=dict)
    """A table to its parents and children by inheritance or partitioning."""
    cascades: Tables = field(default_factory=dict)
    """A table to those that a DELETE or UPDATE of it changes by foreign keys."""
    effects: Tables = field(default_factory=dict)
    """A table to those that its triggers write."""
    opaque: set[str] = field(default_factory=set)
    """Tables and views with triggers or rules that may write anything."""
    unstable: set[str] = field(default_factory=set)
    unique: Tables = field(default_factory=dict)
    """A table to its columns that have a unique index of their own."""
    functions: set[str] = field(default_factory=set)
    volatile: set[str] = field(default_factory=set)

    def add_unique(self, table: str, columns: Iterable[str]) -> None:
        """Note a table's unique columns; of tables with one name, those that all of them have."""
        name, found = table.lower(), set(columns)
        self.unique[name] = self.unique.get(name, found) & found


def rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run a query that has no parameters."""
    cursor.execute(sql)
    return list(cursor.fetchall())


def tables_to_tables(pairs: Iterable[tuple[str, str]]) -> Tables:
    """Group pairs by their first."""
    found: Tables = {}
    for one, other in pairs:
        found.setdefault(one.lower(), set()).add(other.lower())
    return found


def is_unstable(view: Statement) -> bool:
    """Say whether a view's query depends on more than tables, as one that calls now() does.

    So is one without any name: its text couldn't be read.
    """
    impure = view.impure or not view.identifiers
    return bool(impure) or not view.functions <= PURE_FUNCTIONS

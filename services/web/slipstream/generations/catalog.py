"""What the database's own catalog adds to a statement's text: views, cascades, triggers, functions.

How each vendor's system tables are read is in `catalogs/`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slipstream.generations.catalogs import mysql, postgresql, sqlite
from slipstream.generations.catalogs.facts import Facts

__all__ = ["Catalog", "load"]

Tables = Mapping[str, frozenset[str]]

VENDORS: dict[str, Callable[[Any], Facts]] = {
    "postgresql": postgresql.load,
    "sqlite": sqlite.load,
    "mysql": mysql.load,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """A database as of one moment; every name is lower case and without its schema."""

    relations: frozenset[str] = frozenset()
    """Tables, views and materialized views, of all schemas but the system's."""
    unstable: frozenset[str] = frozenset()
    """Names that, where a query has them, make its result depend on more than tables' rows: system
    and foreign and temporary tables, sequences, tables under row security, views that call now()."""
    functions: frozenset[str] = frozenset()
    """The database's own functions. One may have the name of a pure one, and be none."""
    volatile: frozenset[str] = frozenset()
    """Functions that could write: a statement that calls one may have changed anything."""
    views: Tables = field(default_factory=dict)
    families: Tables = field(default_factory=dict)
    cascades: Tables = field(default_factory=dict)
    effects: Tables = field(default_factory=dict)
    opaque: frozenset[str] = frozenset()
    unique: Tables = field(default_factory=dict)
    """A table's columns that have a unique index of their own, by the equality of `=`."""
    spreading: frozenset[str] = frozenset()
    """Tables where a write of one row may write others of them: by triggers or foreign keys."""

    def read(self, names: Iterable[str]) -> frozenset[str]:
        """Return the relations among `names`, and all that these are made of.

        A materialized view is made of itself: what it holds changes with REFRESH alone.
        """
        return _closure(self.relations.intersection(names), self.views, self.families)

    def written(self, names: Iterable[str], *, removes: bool) -> frozenset[str] | None:
        """Return all tables that change where these are written; None for any of them.

        Names that are no relations are handed back as they came. removes: rows are deleted or
        updated, so that foreign keys' actions can fire; what triggers write is taken to do so.
        """
        named = frozenset(names)
        if named.isdisjoint(self.relations):  # created since, or not understood
            return None
        changed = self._affected(named, removes=removes)
        while changed.isdisjoint(self.opaque):
            more = frozenset().union(*(self.effects.get(name, ()) for name in changed))
            if more <= changed and (removes or not more):
                return changed
            removes = True
            changed = self._affected(changed | more, removes=True)
        return None

    def spreads(self, name: str) -> bool:
        """Say whether a write of one row of a table may, by some way round, write others of it."""
        alike = _closure(frozenset({name}), self.views, self.families)
        others = frozenset().union(
            *(edges.get(one, ()) for one in alike for edges in (self.cascades, self.effects))
        )
        return name in _closure(others, self.views, self.families, self.cascades, self.effects)

    def _affected(self, names: frozenset[str], *, removes: bool) -> frozenset[str]:
        cascades = self.cascades if removes else {}
        return _closure(names, self.views, self.families, cascades)


def _closure(names: frozenset[str], *edges: Tables) -> frozenset[str]:
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for edge in edges:
            waiting |= edge.get(name, frozenset()) - reached
    return frozenset(reached)


def load(connection: Any, declared: Mapping[str, Sequence[str]]) -> Catalog:
    """Read the catalog over a Django connection, past its wrappers and hooks.

    declared: a table or view to the tables that its triggers and rules write, for those whose own
    text doesn't say. The connection must not be in an aborted transaction.
    """
    connection.ensure_connection()
    cursor = connection.connection.cursor()
    try:
        facts = VENDORS[connection.vendor](cursor)
    finally:
        cursor.close()
    return _conclude(facts, declared)


def _conclude(facts: Facts, declared: Mapping[str, Sequence[str]]) -> Catalog:
    said = {table.lower(): {name.lower() for name in names} for table, names in declared.items()}
    families = _both_ways(facts.families)
    catalog = Catalog(
        relations=frozenset(facts.relations),
        unstable=_with_all_over(facts.unstable, facts.views, facts.families),
        functions=frozenset(facts.functions),
        volatile=frozenset(facts.volatile),
        views=_frozen(facts.views),
        families=_frozen(families),
        cascades=_frozen(facts.cascades),
        effects=_frozen({**facts.effects, **said}),
        opaque=frozenset(facts.opaque - said.keys()),
        unique=_frozen(facts.unique),
    )
    return replace(catalog, spreading=frozenset(filter(catalog.spreads, catalog.relations)))


def _frozen(tables: Mapping[str, Iterable[str]]) -> Tables:
    return {name: frozenset(names) for name, names in tables.items()}


def _both_ways(tables: Mapping[str, set[str]]) -> dict[str, set[str]]:
    turned = _turned([tables])
    return {name: tables.get(name, set()) | turned.get(name, set()) for name in {*tables, *turned}}


def _with_all_over(unstable: set[str], *made_of: Mapping[str, set[str]]) -> frozenset[str]:
    over = _frozen(_turned(made_of))
    return _closure(frozenset(unstable), over)


def _turned(edges: Iterable[Mapping[str, set[str]]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for edge in edges:
        for name, others in edge.items():
            for other in others:
                found.setdefault(other, set()).add(name)
    return found

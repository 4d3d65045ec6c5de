"""Which generations a query's entry depends on: its tables', or a row's of its base table.

How they are fetched and compared is `reads.py`.
"""

from typing import Any

from slipstream.generations import tags
from slipstream.generations.pins import pinned_rows
from slipstream.querycache.plans import Plan

__all__ = ["Need", "needs_of"]


class Need:
    """The tags that a read fetches: first those that a row's entry depends on, then the others.

    pinned: how many those are; 0 where the entry depends on all.
    """

    __slots__ = ("pinned", "tables", "tags")

    def __init__(self, tables: frozenset[str], needed: list[str], pinned: int = 0) -> None:
        self.tables = tables
        self.tags = needed
        self.pinned = pinned


def needs_of(query: Any, plan: Plan) -> Need:
    """Return what a query depends on: its tables, or for one pinned row of a table, that row."""
    tables = [tags.table(name) for name in sorted(plan.tables)]
    if not plan.simple or query.annotations or query.extra or query.group_by is not None:
        return Need(plan.tables, [tags.EVERYTHING, *tables])
    rows = pinned_rows(query, most=1)
    if len(rows) != 1:
        return Need(plan.tables, [tags.EVERYTHING, *tables])
    base = tags.bare(next(iter(query.alias_map.values())).table_name)
    own = tags.table(base)
    needed = [tags.EVERYTHING, tags.row(base, rows[0]), tags.all_rows(base)]
    needed += [table for table in tables if table != own]
    return Need(plan.tables, [*needed, own], pinned=len(needed))

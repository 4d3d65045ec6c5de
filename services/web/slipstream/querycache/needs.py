"""Which generations a query's entry depends on: its tables', or those of one row of its base table.

How they are fetched and compared is `reads.py`.

**By primary key.** `WHERE pk = 5`: whatever changes, inserts or deletes that row touches the row or
all rows, an INSERT the table. So a result with the row depends on row and all rows, an empty one on
the table.

**By another unique key.** `WHERE username = 'ann'` says nothing of the row, but its result does: the
primary key is in it. At most one row of the table fulfils `column = value` in any committed state,
because the database has a unique index on that column. While the row that was found isn't written
it keeps the value, so no other row can get it: the result depends on that row as if it had been
asked for by primary key. It doesn't matter who equals whom: the index and the query compare by the
same equality, so the row that two spellings find ('ann' and 'Ann' without regard to case) is one.
Constraints that are checked at COMMIT hold in what is committed, and a transaction reads past the
cache what it has written. Nothing found: an INSERT or UPDATE of any row may change that, so it
depends on the table.

The generations must be fetched before the SELECT, when the row isn't known. A process therefore
remembers which row a key found last (`hints.py`), fetches the generations of that one and of the
table, and stores under those of the row only where the SELECT found it again; where not, or where
nothing is remembered, under the table's. What is remembered is never believed: an entry that was
stored under another row's generations doesn't fit.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from slipstream.generations import tags
from slipstream.generations.pins import pinned_rows
from slipstream.querycache.lookups import Lookup
from slipstream.querycache.plans import Plan

__all__ = ["Need", "needs_of"]

Value = TypeVar("Value", bytes, bytes | None)

OF_A_ROW = slice(1, 3)
"""Where a row's tag and that of all rows are in what is fetched for it."""


class Need:
    """The tags that a read fetches: first those that a row's entry depends on, then the others.

    pinned: how many those are; 0 where the entry depends on all.
    """

    __slots__ = ("pinned", "tables", "tags")
    lookup: Lookup | None = None

    def __init__(self, tables: frozenset[str], needed: Sequence[str], pinned: int = 0) -> None:
        self.tables = tables
        self.tags = needed
        self.pinned = pinned

    def vectors(self, found: Sequence[Value]) -> Sequence[Sequence[Value]]:
        """Return the vectors under which an entry may have been stored, given the tags' values."""
        return (found[: self.pinned], self.of_tables(found)) if self.pinned else (found,)

    def of_tables(self, found: Sequence[Value]) -> Sequence[Value]:
        """Return the values of the tables' tags alone."""
        if not self.pinned:
            return found
        without_row = list(found)
        del without_row[OF_A_ROW]
        return without_row

    def tags_of_tables(self) -> Sequence[str]:
        """Return the tables' tags alone, in the order of `of_tables`."""
        if not self.pinned:
            return self.tags
        return [*self.tags[: OF_A_ROW.start], *self.tags[OF_A_ROW.stop :]]

    def relied_on(self, found: Sequence[Value], rows: Any) -> Sequence[Value]:
        """Return the vector that an entry with these rows is stored and used under."""
        return found[: self.pinned] if self.is_of_its_row(rows) else self.of_tables(found)

    def is_of_its_row(self, rows: Any) -> bool:
        """Say whether a result depends on the row that it was fetched for, and not on the table."""
        return bool(self.pinned) and not is_empty(rows)

    def says_too_little(self, rows: Any) -> bool:  # noqa: ARG002 - of a lookup, the rows tell
        """Say whether some writes of the row that was found leave its table alone."""
        return False


class LookupNeed(Need):
    """What a lookup by a unique key fetches: the tables' tags, with those of a row in between.

    hint: the key of the row that was found last; None where none is remembered.
    """

    __slots__ = ("hint", "lookup")
    lookup: Lookup

    def __init__(self, plan: Plan, lookup: Lookup, hint: str | None) -> None:
        own = tags.table(lookup.table)
        row = [] if hint is None else [tags.row(lookup.table, hint), tags.all_rows(lookup.table)]
        others = sorted(tags.table(name) for name in plan.tables if name != lookup.table)
        pinned = 0 if hint is None else 1 + len(row) + len(others)
        super().__init__(plan.tables, [tags.EVERYTHING, *row, *others, own], pinned)
        self.lookup = lookup
        self.hint = hint

    def is_of_its_row(self, rows: Any) -> bool:
        """See Need. What was remembered may not be what was found."""
        return self.hint is not None and self.lookup.key_in(rows) == self.hint

    def says_too_little(self, rows: Any) -> bool:
        """See Need."""
        return self.lookup.quiet and not is_empty(rows)


def needs_of(query: Any, plan: Plan, hint: str | None = None) -> Need:
    """Return what a query depends on: its tables, or for one row of a table, that row.

    hint: the key of the row that it found last, where its plan has a lookup.
    """
    if hint is not None and plan.lookup is not None:
        return LookupNeed(plan, plan.lookup, hint)
    if not plan.simple or query.annotations or query.extra or query.group_by is not None:
        return Need(plan.tables, plan.tags)
    rows = pinned_rows(query, most=1)
    if len(rows) != 1:
        if plan.lookup is not None:
            return LookupNeed(plan, plan.lookup, None)
        return Need(plan.tables, plan.tags)
    base = tags.bare(next(iter(query.alias_map.values())).table_name)
    everything, *tables = plan.tags
    own = tags.table(base)
    needed = [everything, tags.row(base, rows[0]), tags.all_rows(base)]
    needed += [table for table in tables if table != own]
    return Need(plan.tables, [*needed, own], pinned=len(needed))


def is_empty(rows: Any) -> bool:
    """Say whether a result has no row, so that an INSERT may give it one."""
    return not rows or not any(rows)

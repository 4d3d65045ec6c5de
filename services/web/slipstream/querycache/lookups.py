"""What the text of a query says about its base table: whether one row of it decides the result.

Found in the compiled query, once per text (`plans.py`): the texts of two queries are the same only
where all that is said here holds for both.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models.expressions import Col
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.lookups import Exact, IntegerFieldExact
from django.db.models.sql.where import AND

from slipstream.generations.catalog import Catalog
from slipstream.generations.pins import has_row_keys, is_primary_key, stored_row_key, target_of
from slipstream.generations.tags import bare

__all__ = ["Lookup", "lookup_by_unique_key", "reads_its_base_once"]

READING_WORDS = re.compile(r"\b(?:select|table)\b", re.IGNORECASE)
EXACT = frozenset({Exact, IntegerFieldExact, RelatedExact})
"""They compile to `column = value`, with the column as it is; what derives from them may not."""
FIELDS = (models.IntegerField, models.CharField, models.TextField, models.UUIDField)
"""Their values are compared as the index compares them. A fraction may be rounded for it: a decimal
number beside a floating-point one, a time beside one with a time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A query of which at most one row of `table` fulfils the conditions, by a unique index.

    field, at: the primary key, and its place in each row of the result. quiet: some writes of rows
    leave the table's generation alone, so that an entry under that one may hold an old row.
    """

    table: str
    field: "models.Field[Any, Any]"
    at: int
    quiet: bool = False

    def key_in(self, rows: Any) -> str | None:
        """Return the key of the table's row that a result is made of; None for none.

        rows: as `execute_sql` returns them: one row as a tuple, or a list of lists of rows.
        """
        if not rows:
            return None
        if isinstance(rows, tuple):
            rows = [[rows]]
        values = {row[self.at] for chunk in rows for row in chunk}
        return stored_row_key(self.field, values.pop()) if len(values) == 1 else None


def reads_its_base_once(query: Any, sql: str, catalog: Catalog) -> bool:
    """Say whether rows of the base table come into the result by the first of its joins alone.

    Not where it is joined to itself or to a view over it: another row of it is in the result then.
    """
    if len(READING_WORDS.findall(sql)) != 1 or query.extra_tables or not query.alias_map:
        return False
    # Whether they are referred to or not: compiling forgets its own references.
    base, *others = (bare(table.table_name) for table in query.alias_map.values())
    return base not in catalog.read(others)


def lookup_by_unique_key(compiler: Any, catalog: Catalog, quiet: frozenset[str]) -> Lookup | None:
    """Return what a query is that asks for one value of a column with a unique index.

    The query must read its base table once. The index is the database's own, not the model's word:
    a model may be ahead of its migrations, or of a table that others made.
    """
    query = compiler.query
    if query.annotations or query.extra or query.group_by is not None or query.combinator:
        return None
    alias, table = next(iter(query.alias_map.items()))
    name = bare(table.table_name)
    unique = catalog.unique.get(name, frozenset())
    if not _asks_for_one_value(query.where, alias, unique):
        return None
    for at, (column, (sql, _params), _name) in enumerate(compiler.select):
        if _is_key(column, alias, table.table_name) and compiler.compile(column)[0] == sql:
            return Lookup(table=name, field=column.target, at=at, quiet=name in quiet)
    return None


def _asks_for_one_value(where: Any, alias: str, unique: frozenset[str]) -> bool:
    if where.negated or where.connector != AND:
        return False
    return any(
        type(condition) in EXACT
        and condition.rhs_is_direct_value()
        and type(condition.lhs) is Col
        and condition.lhs.alias == alias
        and condition.lhs.target.column in unique
        and _is_exact(condition.lhs.target)
        for condition in where.children
    )


def _is_exact(field: Any) -> bool:
    target = target_of(field)
    return type(target).__module__.startswith("django.db.models.") and isinstance(target, FIELDS)


def _is_key(column: Any, alias: str, table: str) -> bool:
    return (
        type(column) is Col and is_primary_key(column, alias, table) and has_row_keys(column.target)
    )

"""Which rows a compiled query is pinned to: `WHERE pk = 5`, read from the query, not from its text.

Only whole numbers and UUIDs: two texts that differ may be equal to a database's collation.
"""

from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.apps import apps
from django.db import models
from django.db.models.lookups import Exact, In
from django.db.models.sql.where import AND

from slipstream.generations.tags import bare

__all__ = [
    "MOST_ROWS",
    "has_row_keys",
    "is_primary_key",
    "pinned_rows",
    "row_key",
    "stored_row_key",
    "target_of",
]

MOST_ROWS = 50
"""A write that names more rows than this counts as one of all rows."""


def row_key(field: "models.Field[Any, Any]", value: object) -> str | None:
    """Return the primary key's one spelling, whatever type it was given as; None if there is none."""
    target = target_of(field)
    if isinstance(value, bool):
        return None
    if isinstance(target, models.IntegerField) and isinstance(value, int):
        return str(int(value))
    if isinstance(target, models.UUIDField) and isinstance(value, UUID):
        return value.hex
    return None


def has_row_keys(field: "models.Field[Any, Any]") -> bool:
    """Say whether a primary key's values, as the driver returns them, are keys that writers know.

    Not those of other people's fields, which may be stored as something else.
    """
    target = target_of(field)
    plain = type(target).__module__.startswith("django.db.models.")
    return plain and isinstance(target, models.IntegerField | models.UUIDField)


def stored_row_key(field: "models.Field[Any, Any]", value: object) -> str | None:
    """Return the key of a row by its primary key as the driver returned it; None if there is none.

    A database without UUIDs keeps them as text.
    """
    if isinstance(target_of(field), models.UUIDField) and isinstance(value, str):
        try:
            value = UUID(value)
        except ValueError:
            return None
    return row_key(field, value)


def target_of(field: Any) -> Any:
    """Return the field that a relation refers to in the end; any other field itself."""
    while field.remote_field is not None and hasattr(field, "target_field"):
        field = field.target_field
    return field


def pinned_rows(query: Any, most: int = MOST_ROWS) -> tuple[str, ...]:
    """Return the keys of the only rows of its base table that a query can touch; () for any.

    query: a `django.db.models.sql.Query`. Conditions beside the pin only narrow it.
    """
    # Not `base_table`: that is cached as None where it is asked before the query is set up.
    where, alias = query.where, next(iter(query.alias_map), None)
    if alias is None or where.negated or where.connector != AND or query.combinator:
        return ()
    table = query.alias_map[alias].table_name
    for condition in where.children:
        if isinstance(condition, Exact | In) and is_primary_key(condition.lhs, alias, table):
            values = condition.rhs if isinstance(condition, In) else [condition.rhs]
            keys = _keys(condition.lhs.target, values, most)
            if keys:
                return keys
    return ()


def is_primary_key(column: Any, alias: str, table: str) -> bool:
    """Say whether an expression is the primary key of a query's table, under that alias.

    Not where models on one table differ in it: a row would have two keys, and a writer that knows
    the one would leave alone what depends on the other.
    """
    target = getattr(column, "target", None)
    return (
        target is not None
        and getattr(column, "alias", None) == alias
        and target.primary_key
        and target.model._meta.db_table == table
        and _is_only_key(target, bare(table))
    )


def _is_only_key(target: Any, table: str) -> bool:
    own = target.model._meta.apps
    registries = (apps,) if own is apps else (apps, own)
    return all(
        _key_columns(registry).get(table, {target.column}) == {target.column}
        for registry in registries
    )


Columns = dict[str, set[str | None]]
_of_models: WeakKeyDictionary[Any, tuple[Any, Columns]] = WeakKeyDictionary()


def _key_columns(registry: Any) -> Columns:
    """Return, by table, the primary keys that a registry's models give it."""
    found = registry.get_models(include_auto_created=True, include_swapped=True)
    models, columns = _of_models.get(registry, (None, {}))
    if found is not models:  # Django keeps the list until another model comes
        columns = {}
        for model in found:
            columns.setdefault(bare(model._meta.db_table), set()).add(model._meta.pk.column)
        _of_models[registry] = (found, columns)
    return columns


def _keys(field: "models.Field[Any, Any]", values: Any, most: int) -> tuple[str, ...]:
    if not isinstance(values, list | tuple | set | frozenset) or len(values) > most:
        return ()
    keys = [row_key(field, value) for value in values]
    return () if None in keys else tuple(key for key in keys if key is not None)

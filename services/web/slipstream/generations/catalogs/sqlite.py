"""SQLite's schema, of attached databases too.

Triggers are SQL and nothing else, and what a program registers as functions can't write: so all
that a trigger may write is named in its text.
"""

from collections.abc import Iterable
from typing import Any

from slipstream.generations.catalogs.facts import (
    CHANGING_ACTIONS,
    Facts,
    is_unstable,
    rows,
    tables_to_tables,
)
from slipstream.generations.sql import analyse

__all__ = ["load"]

SYSTEM_TABLES = frozenset(
    {
        "dbstat",
        "sqlite_master",
        "sqlite_schema",
        "sqlite_sequence",
        "sqlite_stat1",
        "sqlite_stat4",
        "sqlite_temp_master",
        "sqlite_temp_schema",
    }
)


def load(cursor: Any) -> Facts:
    """Read every database of the connection."""
    facts = Facts(unstable=set(SYSTEM_TABLES))
    facts.unstable.update(f"pragma_{name}" for (name,) in rows(cursor, "PRAGMA pragma_list"))
    schemas = [row[1] for row in rows(cursor, "PRAGMA database_list")]
    found = [(schema, *row) for schema in schemas for row in _objects(cursor, schema)]
    facts.relations = {name for _, kind, name, _, _ in found if kind in {"table", "view"}}
    for schema, kind, name, table, text in found:
        if kind == "table":
            _add_table(facts, schema, name, text)
        elif kind in {"view", "trigger"}:
            _add_program(facts, kind, name if kind == "view" else table, text)
    facts.cascades = _cascades(cursor, schemas)
    for schema, kind, name, _, text in found:
        if kind in {"table", "view"}:
            facts.add_unique(name, _unique(cursor, schema, name, text))
    return facts


def _objects(cursor: Any, schema: str) -> list[tuple[str, str, str, str]]:
    sql = f"SELECT type, name, tbl_name, sql FROM {_quoted(schema)}.sqlite_master"  # noqa: S608
    return [
        (kind, name.lower(), table.lower(), text or "")
        for kind, name, table, text in rows(cursor, sql)
    ]


def _add_program(facts: Facts, kind: str, name: str, text: str) -> None:
    statement = analyse(text, "sqlite")
    names = statement.identifiers & facts.relations
    if kind == "view":
        facts.views.setdefault(name, set()).update(names - {name})
        if is_unstable(statement):
            facts.unstable.add(name)
    else:
        facts.effects.setdefault(name, set()).update(names)
        if not statement.identifiers:  # its text couldn't be read
            facts.opaque.add(name)


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _add_table(facts: Facts, schema: str, name: str, text: str) -> None:
    words = text.lower().split()
    if schema == "temp":  # of this connection alone
        facts.unstable.add(name)
    if words[:2] == ["create", "virtual"]:
        # What it holds is in tables of its own, or nowhere that we know of.
        facts.unstable.add(name)
        shadows = {other for other in facts.relations if other.startswith(f"{name}_")}
        facts.effects.setdefault(name, set()).update(shadows)
    if "conflict replace" in " ".join(words):  # an INSERT may delete
        facts.effects.setdefault(name, set()).add(name)


def _unique(cursor: Any, schema: str, name: str, text: str) -> Iterable[str]:
    """Return the columns of a table with a unique index on them alone.

    None where one of them is compared in another way than byte by byte: an index may differ in it.
    """
    if "collate" in text.lower():
        return ()
    table, database = _literal(name), _literal(schema)
    sql = (
        "SELECT min(x.name), min(x.coll)"  # noqa: S608
        f" FROM pragma_index_list({table}, {database}) i, pragma_index_xinfo(i.name, {database}) x"
        ' WHERE i."unique" AND NOT i.partial AND x.key GROUP BY i.name HAVING count(*) = 1'
    )
    return (column for column, collation in rows(cursor, sql) if column and collation == "BINARY")


def _literal(name: str) -> str:
    return "'{}'".format(name.replace("'", "''"))


def _cascades(cursor: Any, schemas: list[str]) -> dict[str, set[str]]:
    pairs = []
    for schema in schemas:
        sql = (
            'SELECT m.name, f."table", f.on_update, f.on_delete'  # noqa: S608
            f" FROM {_quoted(schema)}.sqlite_master m,"
            f" pragma_foreign_key_list(m.name, {_quoted(schema)}) f"
            " WHERE m.type = 'table'"
        )
        pairs += [
            (parent, child)
            for child, parent, *actions in rows(cursor, sql)
            if not CHANGING_ACTIONS.isdisjoint(actions)
        ]
    return tables_to_tables(pairs)

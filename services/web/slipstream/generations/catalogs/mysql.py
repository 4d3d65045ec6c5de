"""MySQL's and MariaDB's information_schema, of the current database.

It shows but the triggers and views that the user may see: one without these rights is answered as
if there were none.
"""

from typing import Any

from slipstream.generations.catalogs.facts import Facts, is_unstable, rows, tables_to_tables
from slipstream.generations.sql import PURE_FUNCTIONS, Kind, analyse

__all__ = ["load"]

TABLES = """
SELECT table_name, table_type, coalesce(engine, '') FROM information_schema.tables
WHERE table_schema = DATABASE()
"""
SCHEMAS = "SELECT schema_name, schema_name = DATABASE() FROM information_schema.schemata"
VIEWS = """
SELECT table_name, view_definition FROM information_schema.views
WHERE table_schema = DATABASE()
"""
CASCADES = """
SELECT referenced_table_name, table_name FROM information_schema.referential_constraints
WHERE constraint_schema = DATABASE()
  AND (delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
       OR update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))
"""
TRIGGERS = """
SELECT event_object_table, action_statement FROM information_schema.triggers
WHERE event_object_schema = DATABASE()
"""
FUNCTIONS = """
SELECT routine_name FROM information_schema.routines
WHERE routine_type = 'FUNCTION' AND routine_schema = DATABASE()
"""
# A table of any other is in memory, elsewhere, or without transactions: its rows are seen before
# COMMIT, and stay after ROLLBACK. A view has none.
ENGINES = frozenset({"", "innodb", "rocksdb"})
SYSTEM_SCHEMAS = frozenset({"information_schema", "mysql", "performance_schema", "sys"})


def load(cursor: Any) -> Facts:
    """Read the current database. Every stored function counts as one that writes."""
    functions = {name.lower() for (name,) in rows(cursor, FUNCTIONS)}
    facts = Facts(
        cascades=tables_to_tables(rows(cursor, CASCADES)),
        functions=functions,
        volatile=set(functions),
        unstable=set(SYSTEM_SCHEMAS),
    )
    for name, kind, engine in rows(cursor, TABLES):
        facts.relations.add(name.lower())
        if kind not in {"BASE TABLE", "VIEW", "SYSTEM VERSIONED"} or engine.lower() not in ENGINES:
            facts.unstable.add(name.lower())
    others = SYSTEM_SCHEMAS | {name.lower() for name, here in rows(cursor, SCHEMAS) if not here}
    for name, text in rows(cursor, VIEWS):
        _add_view(facts, name.lower(), text, others)
    for table, text in rows(cursor, TRIGGERS):
        _add_trigger(facts, table.lower(), text)
    return facts


def _add_view(facts: Facts, name: str, text: str | None, others: frozenset[str]) -> None:
    view = analyse(text or "", "mysql")
    facts.views[name] = set(view.identifiers) & facts.relations - {name}
    hidden = view.kind is not Kind.READ
    if hidden or is_unstable(view) or not others.isdisjoint(view.identifiers):
        facts.unstable.add(name)


def _add_trigger(facts: Facts, table: str, text: str | None) -> None:
    """A trigger writes what its text names, unless it calls a program."""
    trigger = analyse(text or "", "mysql")
    calls = trigger.functions - PURE_FUNCTIONS
    if (
        not trigger.identifiers
        or "call" in trigger.identifiers
        or not facts.functions.isdisjoint(calls)
    ):
        facts.opaque.add(table)
    facts.effects.setdefault(table, set()).update(trigger.identifiers & facts.relations)

"""PostgreSQL's system tables.

Left out: triggers that are disabled, or call functions of PostgreSQL itself (those change but the
row they are called for); functions in C of extensions (but dblink), which don't write tables.
"""

from typing import Any

from slipstream.generations.catalogs.facts import Facts, is_unstable, rows, tables_to_tables
from slipstream.generations.sql import analyse

__all__ = ["load"]

# Run SQL that they are given as text, or write; all are PostgreSQL's own or an extension's in C.
WRITING_FUNCTIONS = frozenset(
    {
        "cursor_to_xml",
        "database_to_xml",
        "database_to_xml_and_xmlschema",
        "dblink",
        "dblink_exec",
        "dblink_fetch",
        "dblink_get_result",
        "dblink_open",
        "dblink_send_query",
        "lo_create",
        "lo_creat",
        "lo_export",
        "lo_from_bytea",
        "lo_import",
        "lo_put",
        "lo_truncate",
        "lo_truncate64",
        "lo_unlink",
        "lowrite",
        "query_to_xml",
        "query_to_xml_and_xmlschema",
        "query_to_xmlschema",
        "schema_to_xml",
        "schema_to_xml_and_xmlschema",
        "table_to_xml",
        "table_to_xml_and_xmlschema",
        "ts_rewrite",
        "ts_stat",
    }
)

IS_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
OF_RELATIONS = "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"

# Rows of a table under row security depend on who asks; sequences, foreign tables and temporary
# ones change, or differ, without a write that we could see.
RELATIONS = f"""
SELECT c.relname::text, c.relkind::text,
       c.relkind IN ('S', 'f') OR c.relpersistence = 't' OR c.relrowsecurity,
       CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END
FROM {OF_RELATIONS}
WHERE {IS_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""  # noqa: S608 # constants
SYSTEM_RELATIONS = """
SELECT relname::text FROM pg_catalog.pg_class
WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
"""
VIEWS = """
SELECT DISTINCT v.relname::text, c.relname::text
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
JOIN pg_catalog.pg_class c
  ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid AND c.oid <> v.oid
WHERE r.rulename = '_RETURN'
"""
FAMILIES = """
SELECT p.relname::text, c.relname::text
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class p ON p.oid = i.inhparent AND p.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
"""
CASCADES = """
SELECT p.relname::text, c.relname::text
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
"""
TRIGGERS_AND_RULES = """
SELECT c.relname::text
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
  AND p.pronamespace <> 'pg_catalog'::regnamespace
UNION
SELECT c.relname::text
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND n.nspname <> 'pg_catalog'
"""
# Not of tables with heirs, whose rows the index doesn't have. An operator class or a collation of
# the index's own may tell apart what `=` takes for the same.
UNIQUE = f"""
SELECT c.relname::text, array(
    SELECT a.attname::text
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a
      ON a.attrelid = c.oid AND a.attnum = i.indkey[0] AND a.attcollation = i.indcollation[0]
    JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0] AND o.opcdefault
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1
      AND i.indpred IS NULL AND NOT (c.relkind = 'r' AND c.relhassubclass))
FROM {OF_RELATIONS}
WHERE {IS_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""  # noqa: S608 # constants
# A function of one row can be called as if it were a column.
FUNCTIONS = f"""
SELECT p.proname::text,
       p.provolatile = 'v' AND NOT (e.objid IS NOT NULL AND l.lanname IN ('c', 'internal')),
       e.objid IS NOT NULL,
       p.pronargs = 1 AND a.typtype = 'c'
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_type a ON a.oid = p.proargtypes[0]
LEFT JOIN pg_catalog.pg_depend e
  ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
WHERE {IS_OURS}
"""  # noqa: S608 # constants


def load(cursor: Any) -> Facts:
    """Read the current database."""
    facts = Facts(
        views=tables_to_tables(rows(cursor, VIEWS)),
        families=tables_to_tables(rows(cursor, FAMILIES)),
        cascades=tables_to_tables(rows(cursor, CASCADES)),
        opaque={name.lower() for (name,) in rows(cursor, TRIGGERS_AND_RULES)},
        volatile=set(WRITING_FUNCTIONS),
        unstable={name for (name,) in rows(cursor, SYSTEM_RELATIONS)} | {"information_schema"},
    )
    _add_relations(facts, rows(cursor, RELATIONS))
    _add_functions(facts, rows(cursor, FUNCTIONS))
    for name, columns in rows(cursor, UNIQUE):
        facts.add_unique(name, columns)
    return facts


def _add_relations(facts: Facts, found: list[tuple[Any, ...]]) -> None:
    for name, kind, unstable, definition in found:
        if kind != "S":
            facts.relations.add(name.lower())
        if unstable or (definition and is_unstable(analyse(definition, "postgresql"))):
            facts.unstable.add(name.lower())


def _add_functions(facts: Facts, found: list[tuple[Any, ...]]) -> None:
    for name, volatile, of_an_extension, of_a_row in found:
        if volatile:
            facts.volatile.add(name.lower())
        if not of_an_extension:
            facts.functions.add(name.lower())
            if of_a_row:
                facts.unstable.add(name.lower())

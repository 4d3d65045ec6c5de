"""What a statement does, from its text: a table of statements, plain and nasty."""

from typing import Any

import pytest

from slipstream.generations.sql import Kind, analyse

PG, LITE, MY = "postgresql", "sqlite", "mysql"
EVERY = (PG, LITE, MY)

Row = tuple[str | tuple[str, ...], str, Kind, dict[str, Any]]


def writes(*tables: str, removes: bool = False, **more: Any) -> dict[str, Any]:
    return {"writes": frozenset(tables), "removes": removes, **more}


READS: list[Row] = [
    (EVERY, "SELECT 1", Kind.READ, {"impure": "", "identifiers": frozenset()}),
    (EVERY, " \n\t SELECT a FROM t ; ", Kind.READ, {"identifiers": frozenset("at")}),
    ((PG, LITE), 'SELECT "t"."a" FROM "t"', Kind.READ, {}),
    (EVERY, "-- note\nSELECT a FROM t -- end", Kind.READ, {"identifiers": frozenset("at")}),
    (EVERY, "/* DELETE FROM x */ SELECT a FROM t", Kind.READ, {"identifiers": frozenset("at")}),
    (PG, "/* a /* b */ c */ SELECT a FROM t", Kind.READ, {"identifiers": frozenset("at")}),
    (PG, "SELECT $$ ; DELETE FROM x $$", Kind.READ, {"identifiers": frozenset()}),
    (PG, "SELECT $a$ $b$ ' $$ $a$, b FROM t", Kind.READ, {"identifiers": frozenset("bt")}),
    (PG, r"SELECT E'it\'s' , a FROM t", Kind.READ, {"identifiers": frozenset("at")}),
    (PG, "SELECT E'a'\n'b\\'c', d", Kind.READ, {"identifiers": frozenset("d")}),
    (PG, r"SELECT '\' , a", Kind.READ, {"identifiers": frozenset("a")}),
    (LITE, r"SELECT a FROM t WHERE b LIKE ? ESCAPE '\'", Kind.READ, {"impure": ""}),
    (MY, r"SELECT 'it\'s; DELETE FROM x', a", Kind.READ, {"identifiers": frozenset("a")}),
    (MY, "SELECT 5--1, a", Kind.READ, {"identifiers": frozenset("a")}),
    (MY, "SELECT a # DELETE FROM x", Kind.READ, {"identifiers": frozenset("a")}),
    (MY, "SELECT `a``b` FROM `T`", Kind.READ, {"identifiers": frozenset({"a`b", "t"})}),
    (MY, "SELECT a FROM 2fa", Kind.READ, {"identifiers": frozenset({"a", "2fa"})}),
    (LITE, "SELECT [a b] FROM `t` JOIN 'U'", Kind.READ, {"identifiers": frozenset({"a b", *"tu"})}),
    (PG, 'SELECT "A""B" FROM "S"."T"', Kind.READ, {"identifiers": frozenset({'a"b', "s", "t"})}),
    (
        PG,
        "SELECT a FROM public.order",
        Kind.READ,
        {"identifiers": frozenset({*"a", "public", "order"})},
    ),
    (PG, "SELECT a FROM t ORDER BY a", Kind.READ, {"identifiers": frozenset({*"at", "by"})}),
    (PG, "SELECT a FROM " + 80 * "x", Kind.READ, {"identifiers": frozenset({"a", "x" * 63})}),
    (PG, "SELECT a FROM \xe9t\xc9", Kind.READ, {"identifiers": frozenset({"a", "\xe9t\xe9"})}),
    (PG, "SELECT a FROM t\xa0", Kind.READ, {"identifiers": frozenset({"a", "t\xa0"})}),
    (PG, "SELECT x[1:n] FROM t", Kind.READ, {"identifiers": frozenset("xnt")}),
    (PG, "SELECT a %% 2 FROM t WHERE b = %(name)s AND c = %s", Kind.READ, {}),
    (PG, "SELECT $1, a", Kind.READ, {"identifiers": frozenset("a")}),
    (LITE, "SELECT :a, @b, $c, ?1, d", Kind.READ, {"identifiers": frozenset("d")}),
    (
        EVERY,
        "(SELECT a FROM t) UNION (SELECT a FROM u)",
        Kind.READ,
        {"identifiers": frozenset("atu")},
    ),
    (EVERY, "((SELECT 1))", Kind.READ, {}),
    (EVERY, "VALUES (1), (2)", Kind.READ, {}),
    (PG, "TABLE t", Kind.READ, {"identifiers": frozenset("t")}),
    (EVERY, "WITH x AS (SELECT 1) SELECT * FROM x", Kind.READ, {"functions": frozenset()}),
    (PG, "SELECT deleted, updated FROM t", Kind.READ, {}),
    (PG, 'SELECT "delete", "update" FROM t', Kind.READ, {}),
    (PG, "EXPLAIN SELECT 1", Kind.READ, {"impure": "EXPLAIN"}),
    (PG, "EXPLAIN (COSTS OFF) DELETE FROM t", Kind.READ, {"impure": "EXPLAIN"}),
    (LITE, "EXPLAIN QUERY PLAN DELETE FROM t", Kind.READ, {"impure": "EXPLAIN"}),
    (MY, "DESCRIBE t", Kind.READ, {"impure": "SHOW"}),
    (PG, "COPY t TO STDOUT", Kind.READ, {"impure": "COPY"}),
    (PG, "COPY (SELECT 1) TO STDOUT", Kind.READ, {"impure": "COPY"}),
    (PG, "DECLARE c NO SCROLL CURSOR FOR SELECT a FROM t", Kind.READ, {"impure": "cursor"}),
    (LITE, "PRAGMA foreign_keys", Kind.READ, {"impure": "PRAGMA"}),
    (LITE, 'PRAGMA main.table_info("t")', Kind.READ, {"impure": "PRAGMA"}),
    (EVERY, "SELECT 1; SELECT 2;", Kind.READ, {"impure": "several statements"}),
]

FUNCTIONS: list[Row] = [
    (EVERY, "SELECT UPPER(a), b FROM t WHERE x IN (1)", Kind.READ, {"functions": {"upper"}}),
    (PG, 'SELECT "My"."F"(1)', Kind.READ, {"functions": {"f"}}),
    (PG, "SELECT f (1)", Kind.READ, {"functions": {"f"}}),
    (PG, "SELECT DISTINCT ON (a) f(b) FROM t", Kind.READ, {"functions": {"f"}}),
    (
        PG,
        "SELECT a::numeric(5, 2), CAST(a AS character varying(9))",
        Kind.READ,
        {"functions": {"cast", "varying"}},
    ),
    (PG, "SELECT sum(a) FILTER (WHERE b) OVER (ORDER BY c)", Kind.READ, {"functions": {"sum"}}),
    (PG, "SELECT filter(a), over(b)", Kind.READ, {"functions": {"filter", "over"}}),
    (
        PG,
        "SELECT a FROM t WHERE EXISTS (SELECT 1) AND b = ANY (%s)",
        Kind.READ,
        {"functions": set()},
    ),
    (
        PG,
        "WITH x (a) AS (SELECT f(1)), y (b) AS MATERIALIZED (SELECT 1) TABLE x",
        Kind.READ,
        {"functions": {"f"}},
    ),
    (PG, "WITH x AS (SELECT 1) SELECT * FROM x, g(1) AS (a int)", Kind.READ, {"functions": {"g"}}),
    (PG, "SELECT a AT TIME ZONE ('UTC')", Kind.READ, {"functions": set()}),
    (
        EVERY,
        "INSERT INTO t (a, b) VALUES (1, lower('A'))",
        Kind.WRITE,
        writes("t", functions={"lower"}),
    ),
    (PG, 'INSERT INTO "s"."t" ("a") VALUES (1)', Kind.WRITE, writes("t", functions=set())),
]

IMPURE: list[Row] = [
    (PG, "SELECT a FROM t FOR UPDATE", Kind.READ, {"impure": "FOR UPDATE"}),
    (PG, "SELECT a FROM t FOR NO KEY UPDATE OF t SKIP LOCKED", Kind.READ, {"impure": "FOR UPDATE"}),
    (PG, "SELECT a FROM t FOR KEY SHARE", Kind.READ, {"impure": "FOR UPDATE"}),
    (MY, "SELECT a FROM t LOCK IN SHARE MODE", Kind.READ, {"impure": "FOR UPDATE"}),
    (EVERY, "SELECT current_timestamp", Kind.READ, {"impure": "CURRENT_TIMESTAMP"}),
    (PG, "SELECT CURRENT_DATE - a FROM t", Kind.READ, {"impure": "CURRENT_DATE"}),
    (PG, "SELECT USER", Kind.READ, {"impure": "USER"}),
    (PG, 'SELECT "user" FROM t', Kind.READ, {"impure": ""}),
    (PG, "SELECT t.user FROM t", Kind.READ, {"impure": ""}),
    (PG, "SELECT 1 AS user", Kind.READ, {"impure": ""}),
    (LITE, "SELECT user FROM t", Kind.READ, {"impure": ""}),
    (PG, "SELECT a FROM t WHERE b = localtime", Kind.READ, {"impure": "LOCALTIME"}),
    (PG, "SELECT a FROM t WHERE b < 'now'::timestamp", Kind.READ, {"impure": "'now'"}),
    (PG, "SELECT a FROM t WHERE b < date ' Today '", Kind.READ, {"impure": "'now'"}),
    (PG, "SELECT a FROM t WHERE b = 'known'", Kind.READ, {"impure": ""}),
    (PG, "SELECT a FROM t TABLESAMPLE system (1)", Kind.READ, {"impure": "TABLESAMPLE"}),
    (PG, "SELECT substring(a FROM 2 FOR 3) FROM t", Kind.READ, {"impure": ""}),
    (MY, "SELECT @a := a FROM t", Kind.READ, {"impure": "@variables"}),
    (MY, "SELECT @@session.sql_mode", Kind.READ, {"impure": "@variables"}),
    (PG, "SELECT @a FROM t", Kind.READ, {"impure": "", "identifiers": frozenset("at")}),
    (MY, "SELECT NEXT VALUE FOR s", Kind.READ, {"impure": "NEXT VALUE"}),
    (MY, "SELECT a INTO @x FROM t", Kind.READ, {"impure": "INTO"}),
]

WRITES: list[Row] = [
    (EVERY, "INSERT INTO t VALUES (1)", Kind.WRITE, writes("t")),
    (EVERY, "insert into T select * from u", Kind.WRITE, writes("t")),
    (PG, 'INSERT INTO "S"."T" ("a") VALUES (%s) RETURNING "id"', Kind.WRITE, writes("t")),
    (PG, "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", Kind.WRITE, writes("t")),
    (
        PG,
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1",
        Kind.WRITE,
        writes("t", removes=True),
    ),
    (
        MY,
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE b = 1",
        Kind.WRITE,
        writes("t", removes=True),
    ),
    (MY, "INSERT IGNORE t SET a = 1", Kind.WRITE, writes("t")),
    (MY, "REPLACE t VALUES (1)", Kind.WRITE, writes("t", removes=True)),
    (LITE, "REPLACE INTO t VALUES (1)", Kind.WRITE, writes("t", removes=True)),
    (LITE, "INSERT OR REPLACE INTO main.t VALUES (1)", Kind.WRITE, writes("t", removes=True)),
    (LITE, "INSERT OR IGNORE INTO 'T' VALUES (1)", Kind.WRITE, writes("t")),
    (EVERY, "UPDATE t SET a = 1", Kind.WRITE, writes("t", removes=True)),
    (PG, "UPDATE ONLY s.t * AS x SET a = 1 FROM u", Kind.WRITE, writes("t", removes=True)),
    (LITE, "UPDATE OR IGNORE [t] SET a = 1", Kind.WRITE, writes("t", removes=True)),
    (MY, "UPDATE LOW_PRIORITY `t` SET a = 1", Kind.WRITE, writes("t", removes=True)),
    (EVERY, "DELETE FROM t WHERE a = 1", Kind.WRITE, writes("t", removes=True)),
    (EVERY, "DELETE FROM t;", Kind.WRITE, writes("t", removes=True)),
    (PG, "DELETE FROM ONLY (t) USING u", Kind.WRITE, writes("t", removes=True)),
    (
        PG,
        "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
        Kind.WRITE,
        writes("t", removes=True),
    ),
    (PG, "TRUNCATE t", Kind.WRITE, writes("t", removes=True)),
    (
        PG,
        "TRUNCATE TABLE ONLY a, s.b *, c RESTART IDENTITY",
        Kind.WRITE,
        writes(*"abc", removes=True),
    ),
    (PG, "COPY s.t (a, b) FROM STDIN", Kind.WRITE, writes("t")),
    (PG, "COPY t FROM PROGRAM 'x'", Kind.WRITE, writes("t")),
    (PG, "COPY (INSERT INTO t VALUES (1) RETURNING a) TO STDOUT", Kind.WRITE, writes("t")),
    (
        PG,
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        Kind.WRITE,
        writes("t", removes=True),
    ),
    (
        PG,
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING a), y AS (UPDATE u SET b = 1) DELETE FROM v",
        Kind.WRITE,
        writes(*"tuv", removes=True),
    ),
    (EVERY, "WITH x AS (SELECT 1) UPDATE t SET a = 1", Kind.WRITE, writes("t", removes=True)),
    (
        LITE,
        "WITH x AS (SELECT 1) REPLACE INTO t SELECT * FROM x",
        Kind.WRITE,
        writes("t", removes=True),
    ),
    (PG, "WITH x AS (SELECT a FROM t FOR UPDATE) INSERT INTO u SELECT 1", Kind.WRITE, writes("u")),
    (PG, "(WITH x AS (DELETE FROM t RETURNING 1) SELECT 1)", Kind.WRITE, writes("t", removes=True)),
    (PG, "EXPLAIN ANALYZE DELETE FROM t", Kind.WRITE, writes("t", removes=True)),
    (PG, "EXPLAIN (FORMAT json, ANALYZE) INSERT INTO t VALUES (1)", Kind.WRITE, writes("t")),
    (MY, "ANALYZE FORMAT=JSON UPDATE t SET a = 1", Kind.WRITE, writes("t", removes=True)),
    (
        PG,
        "INSERT INTO t VALUES (1); UPDATE u SET a = 1",
        Kind.WRITE,
        writes("t", "u", removes=True),
    ),
    (PG, "INSERT INTO t VALUES ('now')", Kind.WRITE, writes("t")),
    (PG, "UPDATE t SET delete = 1, insert = 2", Kind.WRITE, writes("t", removes=True)),
]

SESSIONS: list[Row] = [
    (PG, "SET search_path TO 'A', b", Kind.SESSION, {"variable": "search_path", "value": "'A', b"}),
    (
        PG,
        "SET LOCAL statement_timeout = 5",
        Kind.SESSION,
        {"variable": "statement_timeout", "local": True, "value": "5"},
    ),
    (PG, "SET SESSION a.b = %s", Kind.SESSION, {"variable": "a.b", "local": False, "value": "%s"}),
    (PG, "SET TIME ZONE 'UTC'", Kind.SESSION, {"variable": "timezone", "value": "'UTC'"}),
    (PG, "SET LOCAL TIME ZONE LOCAL", Kind.SESSION, {"variable": "timezone", "local": True}),
    (PG, "SET ROLE None", Kind.SESSION, {"variable": "role", "value": "None"}),
    (PG, "SET role TO 'x'", Kind.SESSION, {"variable": "role", "value": "'x'"}),
    (
        PG,
        "SET SESSION AUTHORIZATION x",
        Kind.SESSION,
        {"variable": "session_authorization", "local": False},
    ),
    (
        PG,
        "SET LOCAL SESSION AUTHORIZATION x",
        Kind.SESSION,
        {"variable": "session_authorization", "local": True},
    ),
    (
        PG,
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        Kind.SESSION,
        {"variable": "transaction", "local": True, "impure": "isolation"},
    ),
    (PG, "SET TRANSACTION READ ONLY", Kind.SESSION, {"variable": "transaction", "impure": ""}),
    (
        PG,
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        Kind.SESSION,
        {"variable": "transaction", "local": False, "impure": "isolation"},
    ),
    (
        PG,
        "SET default_transaction_isolation = 'serializable'",
        Kind.SESSION,
        {"impure": "isolation"},
    ),
    (PG, "SET CONSTRAINTS ALL IMMEDIATE", Kind.SESSION, {"variable": "constraints", "local": True}),
    (PG, "RESET ALL", Kind.SESSION, {"variable": "all", "value": ""}),
    (PG, "RESET search_path", Kind.SESSION, {"variable": "search_path", "value": ""}),
    (PG, "RESET ROLE", Kind.SESSION, {"variable": "role", "value": ""}),
    (PG, "DISCARD ALL", Kind.SESSION, {"variable": "all"}),
    (
        PG,
        "SELECT set_config('search_path', %s, true)",
        Kind.SESSION,
        {"variable": "search_path", "local": True, "value": "%s"},
    ),
    (PG, "SELECT pg_catalog.set_config(%s, %s, false) FROM t", Kind.SESSION, {"variable": None}),
    (
        MY,
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        Kind.SESSION,
        {"variable": "transaction", "local": False, "impure": ""},
    ),
    (
        MY,
        "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
        Kind.SESSION,
        {"local": True, "impure": "isolation"},
    ),
    (MY, "SET SQL_AUTO_IS_NULL = 0", Kind.SESSION, {"variable": "sql_auto_is_null", "value": "0"}),
    (MY, "SET @@session.time_zone = '+00:00'", Kind.SESSION, {"variable": "time_zone"}),
    (MY, "SET a = 1, b = 2", Kind.SESSION, {"variable": None}),
    (MY, "SET @@global.a = 1", Kind.SESSION, {"variable": None}),
    (MY, "SET NAMES utf8mb4", Kind.SESSION, {"variable": "names", "value": "utf8mb4"}),
    (MY, "USE Other", Kind.SESSION, {"variable": "use", "value": "Other"}),
    (LITE, "PRAGMA foreign_keys = ON", Kind.SESSION, {"variable": "foreign_keys", "value": "ON"}),
    (
        LITE,
        "PRAGMA main.journal_mode(WAL)",
        Kind.SESSION,
        {"variable": "journal_mode", "value": "WAL"},
    ),
]

TRANSACTIONS: list[Row] = [
    (EVERY, "BEGIN", Kind.BEGIN, {"impure": ""}),
    (LITE, "BEGIN IMMEDIATE TRANSACTION", Kind.BEGIN, {"impure": ""}),
    ((PG, MY), "START TRANSACTION", Kind.BEGIN, {"impure": ""}),
    (PG, "BEGIN ISOLATION LEVEL SERIALIZABLE", Kind.BEGIN, {"impure": "isolation"}),
    (PG, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", Kind.BEGIN, {"impure": ""}),
    (MY, "BEGIN NOT ATOMIC DELETE FROM t", Kind.UNKNOWN, {}),
    (EVERY, "COMMIT", Kind.COMMIT, {"impure": ""}),
    (PG, "COMMIT WORK AND CHAIN", Kind.COMMIT, {"impure": "AND CHAIN"}),
    ((PG, LITE), "END", Kind.COMMIT, {}),
    (PG, "COMMIT PREPARED 'x'", Kind.UNKNOWN, {}),
    (EVERY, "ROLLBACK", Kind.ROLLBACK, {}),
    (PG, "ABORT", Kind.ROLLBACK, {}),
    (EVERY, "ROLLBACK TO SAVEPOINT a", Kind.ROLLBACK_TO, {}),
    (PG, "ROLLBACK WORK TO a", Kind.ROLLBACK_TO, {}),
    (PG, "ROLLBACK PREPARED 'x'", Kind.HARMLESS, {}),
    (EVERY, 'SAVEPOINT "s1"', Kind.SAVEPOINT, {}),
    (EVERY, "RELEASE SAVEPOINT s1", Kind.SAVEPOINT, {}),
    (PG, "PREPARE TRANSACTION 'x'", Kind.PREPARE, {}),
]

OTHERS: list[Row] = [
    (EVERY, "CREATE TABLE t (a int)", Kind.SCHEMA, {}),
    (PG, "CREATE TEMP TABLE t AS SELECT 1", Kind.SCHEMA, {}),
    (EVERY, "ALTER TABLE t ADD b int", Kind.SCHEMA, {}),
    (EVERY, "DROP TABLE t", Kind.SCHEMA, {}),
    (PG, "SELECT a INTO u FROM t", Kind.SCHEMA, {}),
    (PG, "TRUNCATE t CASCADE", Kind.SCHEMA, {}),
    (MY, "TRUNCATE t", Kind.SCHEMA, {}),
    (PG, "GRANT SELECT ON t TO u", Kind.SCHEMA, {}),
    (PG, "REFRESH MATERIALIZED VIEW m", Kind.SCHEMA, {}),
    (PG, "COMMENT ON TABLE t IS 'x'", Kind.SCHEMA, {}),
    (LITE, "ATTACH 'x' AS y", Kind.SCHEMA, {}),
    (MY, "LOCK TABLES t WRITE", Kind.SCHEMA, {}),
    (MY, "ANALYZE TABLE t", Kind.SCHEMA, {}),
    (PG, "DISCARD TEMP", Kind.SCHEMA, {}),
    ((PG, LITE), "VACUUM", Kind.HARMLESS, {}),
    ((PG, LITE), "ANALYZE t", Kind.HARMLESS, {}),
    (PG, "LOCK TABLE t", Kind.HARMLESS, {}),
    (PG, "NOTIFY x", Kind.HARMLESS, {}),
    (EVERY, "", Kind.HARMLESS, {}),
    (EVERY, " ; -- nothing", Kind.HARMLESS, {}),
    (EVERY, "/* DELETE FROM t */", Kind.HARMLESS, {}),
]

UNKNOWNS = [
    (PG, "DO $$ BEGIN DELETE FROM t; END $$"),
    (EVERY, "CALL f()"),
    (PG, "PREPARE x AS DELETE FROM t"),
    (PG, "EXECUTE x"),
    (MY, "LOAD DATA INFILE 'x' INTO TABLE t"),
    (MY, "XA COMMIT 'x'"),
    (MY, "HANDLER t OPEN"),
    (MY, "SET STATEMENT a = 1 FOR DELETE FROM t"),
    (MY, "SET PASSWORD FOR u = 'x'"),
    (MY, "SET autocommit = 1"),
    (MY, "SET @a = 1, SESSION AUTOCOMMIT = OFF"),
    (MY, "SET @@session.autocommit = 0"),
    (EVERY, "SELECT 'open"),
    (EVERY, "SELECT 1 /* open"),
    (PG, 'SELECT "open'),
    (PG, "SELECT $a$ open $b$"),
    (PG, "SELECT $$ open"),
    (PG, r"""DELETE FROM U&"\0061" """),
    (LITE, "SELECT [open"),
    (MY, "SELECT `open"),
    (MY, "SELECT 1 /*! ; DELETE FROM t */"),
    (MY, "SELECT 1 /*M!100000 INTO OUTFILE 'x' */"),
    (MY, r"SELECT 'open\'"),
    (EVERY, "SELECT 1\x00"),
    (EVERY, "SELECT 1; COMMIT"),
    (EVERY, "BEGIN; DELETE FROM t; COMMIT"),
    (PG, "INSERT t VALUES (1)"),
    (PG, "DELETE t"),
    (EVERY, "UPDATE"),
    (EVERY, "(DELETE FROM t)"),
    (EVERY, "MAGIC t"),
    (EVERY, "'SELECT'"),
    (EVERY, "%s"),
    (LITE, "SET a = 1"),
    (MY, "END"),
]


def spread(rows: list[Row]) -> list[tuple[str, str, Kind, dict[str, Any]]]:
    """One case for each vendor of a row."""
    return [
        (vendor, sql, kind, more)
        for vendors, sql, kind, more in rows
        for vendor in ([vendors] if isinstance(vendors, str) else vendors)
    ]


@pytest.mark.parametrize(
    ("vendor", "sql", "kind", "more"),
    spread([*READS, *FUNCTIONS, *IMPURE, *WRITES, *SESSIONS, *TRANSACTIONS, *OTHERS]),
)
def test_what_a_statement_does(vendor: str, sql: str, kind: Kind, more: dict[str, Any]) -> None:
    statement = analyse(sql, vendor)

    assert statement.kind is kind
    assert {name: getattr(statement, name) for name in more} == more


@pytest.mark.parametrize(
    ("vendor", "sql"), [row[:2] for row in spread([(*row, Kind.UNKNOWN, {}) for row in UNKNOWNS])]
)
def test_what_is_not_understood_is_unknown(vendor: str, sql: str) -> None:
    assert analyse(sql, vendor).kind is Kind.UNKNOWN

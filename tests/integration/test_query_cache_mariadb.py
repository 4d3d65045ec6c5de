"""The query cache on MariaDB, with memcached: what differs there from PostgreSQL, and what mustn't.

The database's schema and the truth that reads are held against are in `mariadb/site.py`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    transaction,
)
from django.db.models import F, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now, Random, Upper
from django.test import override_settings

from benchmarks import services
from slipstream import config
from slipstream.config import read
from slipstream.generations import database as databases
from slipstream.generations import hooks, stores
from slipstream.querycache import cache as caches
from slipstream.querycache import reads
from tests.unit.slipstream.querycache.waiting import until

from . import test_query_cache_postgres as postgres_too
from .mariadb import site
from .mariadb.server import Mariadb, mariadb
from .mariadb.site import REPEATABLE, UNCOMMITTED, picture, settled, truth
from .query_cache import (
    ALIAS,
    HOLD_SECONDS,
    MEMCACHED,
    SAME,
    elsewhere,
    names,
    queries,
    rename,
    sql,
)
from .replica import ROOT

NOTHING_CACHED = [1, 1, 1]


@pytest.fixture(scope="module")
def cache_server() -> Iterator[services.Server]:
    with services.memcached() as server:
        yield server


@pytest.fixture(scope="module")
def database(django_db_blocker: Any) -> Iterator[Mariadb]:
    with mariadb() as server, django_db_blocker.unblock(), site.aliases(server):
        yield server


@pytest.fixture(scope="module")
def turned_on(database: Mariadb, cache_server: services.Server) -> Iterator[None]:  # noqa: ARG001
    """Once for the module: a cache that begins empty isn't used for a while."""
    entry = {"BACKEND": MEMCACHED, "LOCATION": cache_server.url, "KEY_PREFIX": str(time.time_ns())}
    setting = {
        "GENERATIONS": {"HOLD_SECONDS": HOLD_SECONDS},
        "QUERY_CACHE": {"AUTO_BYPASS": False},
    }
    with pytest.MonkeyPatch.context() as patch, override_settings(CACHES={"default": entry}):
        patch.setattr(config, "_installed", [read(setting, {}, [])])
        databases.forget_databases()
        hooks.install()
        reads.install()
        yield
        hooks.uninstall()
        reads.uninstall()
        databases.forget_databases()
        stores.reset()


@pytest.fixture
def cache(turned_on: None) -> Iterator[caches.Cache]:  # noqa: ARG001
    """The query cache in use: what `picture` asks comes from it."""
    connections[ALIAS].close()  # what a test told the session is forgotten
    site.start_over()
    until(lambda: queries(picture) == 0)
    yield caches.cache_of(databases.database_of(connections[ALIAS]))
    for alias in (ALIAS, SAME, REPEATABLE, UNCOMMITTED):
        connections[alias].close()


@pytest.fixture
def start(cache: caches.Cache) -> Iterator[Callable[..., caches.Cache]]:
    """Stand in for the fixture that turns it on: here it is."""
    return lambda: cache


def users() -> Any:
    return User.objects.using(ALIAS)


def groups() -> Any:
    return Group.objects.using(ALIAS)


def first() -> User:
    return users().get(username="first")


def three_times(read: Callable[[], Any]) -> list[int]:
    return [queries(read) for _ in range(3)]


def write_is_seen(before: list[site.Picture]) -> None:
    """Fail where a read, here or over a connection of another thread, isn't the database's."""
    now = truth()
    assert now != before, "the write wrote nothing"
    assert picture() == now
    # Twice: the first read of a connection is made before its session is known, and mostly misses.
    assert elsewhere(lambda: [picture(), picture()]) == [now, now]


# --- the same as on PostgreSQL

test_a_commit_between_a_readers_select_and_its_store = (
    postgres_too.test_a_commit_between_a_readers_select_and_its_store
)
test_a_transaction_that_began_before_a_write_reads_what_was_committed = (
    postgres_too.test_a_transaction_that_began_before_a_write_reads_what_was_committed
)
test_others_see_nothing_of_a_transaction_before_its_commit = (
    postgres_too.test_others_see_nothing_of_a_transaction_before_its_commit
)
test_two_aliases_onto_one_database_see_each_others_writes = (
    postgres_too.test_two_aliases_onto_one_database_see_each_others_writes
)
test_a_writer_that_died_after_its_mark_holds_the_table_for_hold_seconds_only = (
    postgres_too.test_a_writer_that_died_after_its_mark_holds_the_table_for_hold_seconds_only
)
test_an_old_snapshot_is_neither_stored_nor_served = (
    postgres_too.test_an_old_snapshot_is_neither_stored_nor_served
)
test_a_volatile_function_and_a_lock_are_never_cached = (
    postgres_too.test_a_volatile_function_and_a_lock_are_never_cached
)
test_a_commit_between_a_lookup_by_username_and_its_store = (
    postgres_too.test_a_commit_between_a_lookup_by_username_and_its_store
)


# --- writes

WRITES: dict[str, Callable[[], Any]] = {
    "save": lambda: User(pk=first().pk, username="first", first_name="new").save(using=ALIAS),
    "update": lambda: rename("new"),
    "update by key": lambda: users().filter(pk=first().pk).update(first_name="new"),
    "update by an expression": lambda: users().update(first_name=Upper(F("first_name"))),
    "delete with what refers to it": lambda: first().delete(),
    "delete by a condition": lambda: groups().filter(user__username="first").delete(),
    "create": lambda: users().create(username="third"),
    "bulk_create": lambda: groups().bulk_create([Group(name="a"), Group(name="b")]),
    "bulk_create that ignores": lambda: groups().bulk_create(
        [Group(name="staff"), Group(name="b")], ignore_conflicts=True
    ),
    "bulk_create that updates": lambda: users().bulk_create(
        [User(username="first", first_name="new")],
        update_conflicts=True,
        update_fields=["first_name"],
    ),
    "bulk_update": lambda: users().bulk_update(
        [User(pk=first().pk, first_name="new")], ["first_name"]
    ),
    "update_or_create that updates": lambda: users().update_or_create(
        {"first_name": "new"}, username="first"
    ),
    "update_or_create that creates": lambda: users().update_or_create(username="third"),
    "get_or_create": lambda: groups().get_or_create(name="new"),
    "many-to-many, added": lambda: users().create(username="second").groups.add(groups().get()),
    "many-to-many, removed": lambda: first().groups.remove(groups().get()),
    "many-to-many, set": lambda: first().groups.set([groups().create(name="new")]),
    "many-to-many, cleared": lambda: groups().get().user_set.set([], clear=True),
    "on duplicate key": lambda: sql(
        "INSERT INTO auth_group (id, name) SELECT id, name FROM auth_group "
        "ON DUPLICATE KEY UPDATE name = 'new'"
    ),
    "replace": lambda: sql("REPLACE INTO auth_group (id, name) VALUES (4711, 'new')"),
    "replace without into": lambda: sql("REPLACE auth_group SET id = 4711, name = 'new'"),
    "insert ignore": lambda: sql("INSERT IGNORE auth_group (name) VALUES ('staff'), ('new')"),
    "update of two tables": lambda: sql(
        "UPDATE auth_user u JOIN auth_user_groups m ON m.user_id = u.id "
        "JOIN auth_group g ON g.id = m.group_id SET u.first_name = g.name, g.name = 'new'"
    ),
    "update of tables with commas": lambda: sql(
        "UPDATE auth_group g, auth_user u SET g.name = u.username WHERE u.username = 'first'"
    ),
    "delete from several tables": lambda: sql(
        "DELETE m FROM auth_group g JOIN auth_user_groups m ON m.group_id = g.id"
    ),
    "delete using": lambda: sql(
        "DELETE FROM m USING auth_user_groups AS m JOIN auth_user u ON u.id = m.user_id"
    ),
    "with the database's name": lambda: sql(
        "UPDATE `slipstream`.`auth_user` SET first_name = 'new'"
    ),
    "truncate": lambda: sql("TRUNCATE auth_user_groups"),
    "prepared": lambda: [
        sql(text)
        for text in (
            "PREPARE p FROM 'INSERT INTO auth_group (name) VALUES (''new'')'",
            "EXECUTE p",
            "DEALLOCATE PREPARE p",
        )
    ],
    "execute immediate": lambda: sql("EXECUTE IMMEDIATE 'DELETE FROM auth_user_groups'"),
    "a comment that is run": lambda: sql("/*!50000 UPDATE auth_user SET first_name = 'new' */"),
    "a compound statement": lambda: sql(
        "BEGIN NOT ATOMIC UPDATE auth_user SET first_name = 'new'; END"
    ),
    "a procedure": lambda: sql("CALL slip_make()"),
    "a procedure by callproc": lambda: called("slip_make"),
    "a function that writes": lambda: sql("SELECT slip_made()"),
    "a function that writes, by do": lambda: sql("DO slip_made()"),
    "an insert with returning": lambda: sql(
        "INSERT INTO auth_group (name) VALUES ('new') RETURNING id"
    ),
    "a view": lambda: sql("UPDATE slip_people SET first_name = 'new'"),
    "executemany": lambda: many("INSERT INTO auth_group (name) VALUES (%s)", [["a"], ["b"]]),
}


def called(procedure: str) -> None:
    with connections[ALIAS].cursor() as cursor:
        cursor.callproc(procedure)


def many(text: str, params: list[list[str]]) -> None:
    with connections[ALIAS].cursor() as cursor:
        cursor.executemany(text, params)


@pytest.mark.parametrize("write", WRITES)
def test_a_write_by_whatever_way_is_seen_at_once(cache: caches.Cache, write: str) -> None:  # noqa: ARG001
    before = truth()
    WRITES[write]()
    write_is_seen(before)


@pytest.mark.parametrize("write", WRITES)
def test_a_write_in_a_transaction_is_seen_once_it_is_committed(
    cache: caches.Cache,  # noqa: ARG001
    write: str,
) -> None:
    before = truth()
    with transaction.atomic(ALIAS):
        WRITES[write]()
        # Others keep what they see: it must not outlive the commit.
        elsewhere(lambda: [picture() for _ in range(2)])
    write_is_seen(before)


def test_a_read_between_invalidation_and_an_autocommit_write(
    cache: caches.Cache,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[list[str]] = []
    driver = connections[ALIAS].connection

    class Watched(driver.cursorclass):  # type: ignore[misc, name-defined]
        def execute(self, query: str, args: Any = None) -> Any:
            if query.startswith("UPDATE"):
                seen.append(elsewhere(lambda: (names(), names())[1]))
            return super().execute(query, args)

    monkeypatch.setattr(driver, "cursorclass", Watched)
    rename("new")
    assert seen == [["old"]]
    assert names() == ["new"]
    assert elsewhere(names) == ["new"]


def test_what_another_process_writes_is_seen_at_once(cache: caches.Cache) -> None:  # noqa: ARG001
    given = {
        "DATABASES": {
            "default": {
                name: connections[ALIAS].settings_dict[name]
                for name in ("ENGINE", "NAME", "HOST", "PORT", "USER", "PASSWORD")
            }
        },
        "CACHES": settings.CACHES,
        "SECRET_KEY": settings.SECRET_KEY,
        "SLIPSTREAM": {"GENERATIONS": {"HOLD_SECONDS": HOLD_SECONDS}},
    }
    assert settled(names, queries) == ["old"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.mariadb.writer"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'services/web'}"},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"before": [["old"]] * 2, "after": ["by another process"]}
    assert names() == ["by another process"]


# --- transactions

TEXTS: dict[str, list[str]] = {
    "begin": ["BEGIN", "{write}", "{others}", "COMMIT"],
    "begin after begin": ["BEGIN", "{write}", "{others}", "START TRANSACTION", "ROLLBACK"],
    "autocommit off": ["SET autocommit = 0", "{write}", "{others}", "COMMIT", "SET autocommit = 1"],
    "autocommit on again": ["SET autocommit = 0", "{write}", "{others}", "SET autocommit = 1"],
    "autocommit with others": [
        "SET autocommit = 0",
        "{write}",
        "{others}",
        "SET autocommit = 1, @a = 2",
    ],
    "a schema change": ["BEGIN", "{write}", "{others}", "CREATE TABLE slip_ddl (id int)"],
    "a write after a schema change": [
        "BEGIN",
        "CREATE TABLE slip_ddl (id int)",
        "{cached}",
        "{write}",
    ],
    "lock tables": ["BEGIN", "{write}", "{others}", "LOCK TABLES auth_user READ", "UNLOCK TABLES"],
    "a temporary table": [
        "BEGIN",
        "{write}",
        "CREATE TEMPORARY TABLE slip_temporary (id int)",
        "{others}",
        "COMMIT",
    ],
    "unlock without a lock": ["BEGIN", "{write}", "UNLOCK TABLES", "{others}", "COMMIT"],
    "a schema change that fails": [
        "BEGIN",
        "{write}",
        "{others}",
        "!CREATE TABLE auth_user (id int)",
    ],
    "a call": ["BEGIN", "CALL slip_make()", "{others}", "COMMIT"],
}


@pytest.mark.parametrize("texts", TEXTS)
def test_transactions_by_text_are_followed(cache: caches.Cache, texts: str) -> None:  # noqa: ARG001
    before = truth()
    try:
        for text in TEXTS[texts]:
            if text == "{write}":
                sql("UPDATE auth_user SET first_name = 'new'")
            elif text == "{others}":
                elsewhere(lambda: [picture() for _ in range(2)])
            elif text == "{cached}":
                elsewhere(lambda: settled(picture, queries))
            elif text[0] == "!":
                with pytest.raises(DatabaseError):
                    sql(text[1:])
            else:
                sql(text)
        write_is_seen(before)
    finally:
        sql("DROP TABLE IF EXISTS slip_ddl")


def test_a_schema_change_commits_what_atomic_wrote_before_it(cache: caches.Cache) -> None:  # noqa: ARG001
    before = truth()
    with suppress(ZeroDivisionError), transaction.atomic(ALIAS):
        rename("new")
        elsewhere(lambda: [picture() for _ in range(2)])
        sql("CREATE TABLE slip_ddl (id int)")
        raise ZeroDivisionError
    try:
        write_is_seen(before)
    finally:
        sql("DROP TABLE slip_ddl")


def test_a_temporary_table_in_atomic_commits_nothing(cache: caches.Cache) -> None:  # noqa: ARG001
    before = truth()
    with transaction.atomic(ALIAS):
        rename("new")
        sql("CREATE TEMPORARY TABLE slip_temporary (id int)")
        elsewhere(lambda: [picture() for _ in range(2)])
    write_is_seen(before)


def test_a_temporary_table_hides_no_ones_rows_from_others(cache: caches.Cache) -> None:  # noqa: ARG001
    staff = lambda: list(groups().values_list("name", flat=True))  # noqa: E731
    sql("CREATE TEMPORARY TABLE auth_group (id int, name varchar(9))")
    assert [staff() for _ in range(3)] == [[], [], []]
    assert elsewhere(lambda: settled(staff, queries)) == ["staff"]
    assert staff() == []


def test_a_rollback_leaves_the_cache_true_and_usable(cache: caches.Cache) -> None:  # noqa: ARG001
    before = truth()
    with suppress(ZeroDivisionError), transaction.atomic(ALIAS):
        rename("never")
        assert names() == ["never"]
        elsewhere(picture)
        raise ZeroDivisionError
    assert queries(picture) == 0
    assert picture() == elsewhere(picture) == before


def test_savepoints_keep_what_was_written_before_and_after_them(cache: caches.Cache) -> None:  # noqa: ARG001
    before = truth()
    with transaction.atomic(ALIAS):
        rename("kept")
        with suppress(ZeroDivisionError), transaction.atomic(ALIAS):
            groups().create(name="never")
            raise ZeroDivisionError
        assert names() == ["kept"]
        assert groups().count() == 1
        elsewhere(lambda: [picture() for _ in range(2)])
    write_is_seen(before)
    assert groups().count() == 1


def test_a_failed_statement_in_atomic_leaves_nothing_of_it(cache: caches.Cache) -> None:  # noqa: ARG001
    before = truth()
    with suppress(IntegrityError), transaction.atomic(ALIAS):
        rename("never")
        groups().create(name="staff")
    until(lambda: queries(picture) == 0)
    assert picture() == elsewhere(picture) == before


def killed() -> None:
    """End this thread's session from outside, as a restart of the server does."""
    number = connections[ALIAS].connection.thread_id()
    elsewhere(lambda: sql(f"KILL CONNECTION {number}"))


def test_after_a_connection_was_lost_in_a_transaction_nothing_of_it_is_left(
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    before = truth()
    with pytest.raises((OperationalError, InterfaceError)), transaction.atomic(ALIAS):  # noqa: PT012
        rename("never")
        killed()
        names()
    connections[ALIAS].close_if_unusable_or_obsolete()
    until(lambda: queries(picture) == 0)
    assert picture() == elsewhere(picture) == before
    rename("new")
    write_is_seen(before)


def test_after_a_connection_was_lost_before_a_write_the_thread_works_on(
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    before = truth()
    killed()
    with pytest.raises((OperationalError, InterfaceError)):
        rename("never")
    connections[ALIAS].close_if_unusable_or_obsolete()
    assert picture() == before
    rename("new")
    write_is_seen(before)


# --- isolation


@pytest.mark.parametrize("alias", [REPEATABLE, UNCOMMITTED])
def test_an_alias_that_is_not_on_read_committed_is_not_cached(
    cache: caches.Cache, alias: str
) -> None:
    reason = "isolation above READ COMMITTED"
    connections[alias].ensure_connection()
    counted = cache.table("(none)").bypasses[reason]
    assert [queries(lambda: names(alias), alias) for _ in range(3)] == NOTHING_CACHED
    assert cache.table("(none)").bypasses[reason] == counted + 3


def test_what_repeatable_read_sees_is_given_to_nobody_else(cache: caches.Cache) -> None:  # noqa: ARG001
    with transaction.atomic(REPEATABLE):
        assert names(REPEATABLE) == ["old"]
        rename("new")
        assert names(REPEATABLE) == ["old"]
        assert names() == ["new"]
    assert names(REPEATABLE) == ["new"]


def test_what_read_uncommitted_sees_is_given_to_nobody_else(cache: caches.Cache) -> None:  # noqa: ARG001
    with suppress(ZeroDivisionError), transaction.atomic(ALIAS):
        rename("never")
        assert elsewhere(lambda: [names(UNCOMMITTED) for _ in range(3)])[-1] == ["never"]
        raise ZeroDivisionError
    assert names() == names(SAME) == names(UNCOMMITTED) == ["old"]


@pytest.mark.parametrize(
    "text",
    [
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET @@session.tx_isolation = 'REPEATABLE-READ'",
        "SET transaction_isolation = 'REPEATABLE-READ'",
    ],
)
def test_a_session_above_read_committed_stays_uncached_over_its_transactions(
    cache: caches.Cache,  # noqa: ARG001
    text: str,
) -> None:
    postgres_too.stays_uncached_after(text)


def test_the_next_transaction_is_isolated_even_if_a_text_begins_it(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    sql("BEGIN")
    sql("SELECT count(*) FROM auth_group")
    elsewhere(lambda: rename("new"))
    assert names() == ["old"]
    sql("COMMIT")
    assert names() == elsewhere(names) == ["new"]


# --- sessions


def joined() -> str:
    """Return a moment as the session's time zone shows it."""
    read = users().filter(username="first").extra(select={"day": "from_unixtime(86400)"})
    return str(read.values_list("day", flat=True).get())


def test_sessions_in_two_time_zones_have_entries_of_their_own(cache: caches.Cache) -> None:  # noqa: ARG001
    seen: dict[str, set[str]] = {}
    for _ in range(4):
        for zone in ("+00:00", "+09:00"):
            sql("SET time_zone = %s", [zone])
            seen.setdefault(zone, set()).add(joined())
    assert seen == {"+00:00": {"1970-01-02 00:00:00"}, "+09:00": {"1970-01-02 09:00:00"}}


def test_a_set_is_not_undone_by_a_rollback(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("SET time_zone = '+00:00'")
    with suppress(ZeroDivisionError), transaction.atomic(ALIAS):
        sql("SET SESSION time_zone = '+09:00'")
        raise ZeroDivisionError
    assert {joined() for _ in range(3)} == {"1970-01-02 09:00:00"}
    sql("SET time_zone = '+00:00'")
    assert joined() == "1970-01-02 00:00:00"


@pytest.mark.parametrize(
    "text",
    [
        "SET @a = 1, SESSION time_zone = '+09:00'",
        "SET autocommit = 1, time_zone = '+09:00'",
        "BEGIN NOT ATOMIC SET time_zone = '+09:00'; END",
    ],
)
def test_a_set_that_is_not_understood_caches_nothing_from_then_on(
    cache: caches.Cache,  # noqa: ARG001
    text: str,
) -> None:
    sql("SET time_zone = '+00:00'")
    assert settled(joined, queries) == "1970-01-02 00:00:00"
    sql(text)
    assert three_times(joined) == NOTHING_CACHED
    assert joined() == "1970-01-02 09:00:00"


def test_use_shows_nobody_the_rows_of_another_database(cache: caches.Cache) -> None:  # noqa: ARG001
    read = lambda: list(groups().values_list("name", flat=True))  # noqa: E731
    sql("CREATE TABLE IF NOT EXISTS slip_other.auth_group (id int, name varchar(9))")
    sql("REPLACE INTO slip_other.auth_group VALUES (1, 'theirs')")
    try:
        for _ in range(3):
            sql("USE slip_other")
            assert {*read(), *read()} == {"theirs"}
            assert elsewhere(lambda: settled(read, queries)) == ["staff"]
            sql("USE slipstream")
            assert read() == ["staff"]
    finally:
        sql("DROP TABLE slip_other.auth_group")


def test_use_leaves_the_catalog_that_of_the_alias(cache: caches.Cache) -> None:
    sql("INSERT INTO slip_child (parent) SELECT id FROM auth_group")
    assert settled(site.child_count, queries) == 1
    sql("USE slip_other")
    sql("CREATE TABLE IF NOT EXISTS slip_one (id int)")
    sql("INSERT INTO slip_one VALUES (1)")
    with suppress(DatabaseError):
        names()
    assert cache.database.catalog_for(connections[SAME]).cascades["auth_group"] >= {"slip_child"}
    sql("USE slipstream")
    elsewhere(lambda: groups().all().delete())
    assert site.child_count() == 0


STRAYED = {
    "a trigger": (
        (
            "CREATE TRIGGER slip_other.slip_far AFTER INSERT ON slip_other.slip_one FOR EACH ROW "
            "UPDATE slipstream.auth_user SET first_name = 'far'"
        ),
        "INSERT INTO slip_one VALUES (2)",
    ),
    "a function": (
        (
            "CREATE FUNCTION slip_other.slip_far() RETURNS int MODIFIES SQL DATA BEGIN "
            "UPDATE slipstream.auth_user SET first_name = 'far'; RETURN 1; END"
        ),
        "SELECT slip_far()",
    ),
}


@pytest.mark.parametrize("by", STRAYED)
def test_what_another_database_writes_into_the_alias_s_is_seen(
    by: str,
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    made, called_for = STRAYED[by]
    kind = made.split()[1]
    sql("CREATE TABLE IF NOT EXISTS slip_other.slip_one (id int)")
    elsewhere(lambda: sql(made))  # a session that sent a text like this is cached no more
    try:
        assert settled(names, queries) == ["old"]
        sql("USE slip_other")
        sql(called_for)
        sql("USE slipstream")
        assert names() == ["far"]
        assert elsewhere(names) == ["far"]
    finally:
        sql("USE slipstream")
        sql(f"DROP {kind} slip_other.slip_far")


def test_catalog_is_loaded_over_a_connection_that_is_made_for_it(cache: caches.Cache) -> None:
    """Django asks a new connection for its version, and the hooks whether that may write."""
    loaded: list[Any] = []

    def load() -> None:
        loaded.append(cache.database.catalog_for(connections[ALIAS]))
        connections[ALIAS].close()

    cache.database.catalog = None
    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(20)
    assert loaded


# --- what the database does by itself


def test_a_cascade_of_the_database_is_seen(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("INSERT INTO slip_child (parent) SELECT id FROM auth_group")
    assert settled(site.child_count, queries) == 1
    sql("DELETE FROM auth_user_groups")
    assert settled(site.child_count, queries) == 1
    elsewhere(lambda: groups().all()._raw_delete(ALIAS))
    assert site.child_count() == 0
    assert elsewhere(site.child_count) == 0


def test_a_cascade_of_one_row_is_seen(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("INSERT INTO slip_child (parent) SELECT id FROM auth_group")
    sql("DELETE FROM auth_user_groups")
    assert settled(site.child_count, queries) == 1
    groups().filter(pk=groups().get().pk)._raw_delete(ALIAS)
    assert site.child_count() == 0
    assert elsewhere(site.child_count) == 0


def test_what_a_trigger_writes_is_seen(cache: caches.Cache) -> None:  # noqa: ARG001
    sql(
        "CREATE TRIGGER slip_noted AFTER INSERT ON auth_group FOR EACH ROW "
        "UPDATE auth_user SET first_name = NEW.name"
    )
    try:
        assert settled(names, queries) == ["old"]
        groups().create(name="by a trigger")
        assert names() == ["by a trigger"]
        assert elsewhere(names) == ["by a trigger"]
        assert settled(names, queries) == ["by a trigger"]
        with transaction.atomic(ALIAS):
            groups().create(name="again")
            elsewhere(lambda: [names() for _ in range(3)])
        assert names() == ["again"]
    finally:
        sql("DROP TRIGGER slip_noted")


def test_a_trigger_that_calls_a_procedure_may_have_written_anything(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("CREATE TRIGGER slip_calls AFTER INSERT ON slip_note FOR EACH ROW CALL slip_make()")
    try:
        assert settled(groups().count, queries) == 1
        sql("INSERT INTO slip_note (note) VALUES ('x')")
        assert groups().count() == 2
        assert elsewhere(groups().count) == 2
    finally:
        sql("DROP TRIGGER slip_calls")


def test_a_view_follows_its_table(cache: caches.Cache) -> None:  # noqa: ARG001
    read = lambda: groups().extra(where=["'old' IN (SELECT first_name FROM slip_people)"]).count()  # noqa: E731
    assert settled(read, queries) == 1
    rename("new")
    assert read() == 0
    assert elsewhere(read) == 0
    assert settled(read, queries) == 0


def test_a_table_without_transactions_is_never_cached(cache: caches.Cache) -> None:
    sql("CREATE TABLE slip_plain (id int) ENGINE = MyISAM")
    read = lambda: groups().extra(where=["(SELECT count(*) FROM slip_plain) = 0"]).count()  # noqa: E731
    try:
        assert three_times(read) == NOTHING_CACHED
        assert cache.table("slip_plain").bypasses["more than tables' rows"] == 3
        with suppress(ZeroDivisionError), transaction.atomic(ALIAS):
            sql("INSERT INTO slip_plain VALUES (1)")
            raise ZeroDivisionError
        assert read() == elsewhere(read) == 0
    finally:
        sql("DROP TABLE slip_plain")


def test_a_column_that_is_added_is_read_at_once(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("CREATE OR REPLACE VIEW slip_changing AS SELECT 1 AS one FROM auth_user")
    read = lambda: groups().extra(where=["(SELECT sum(one) FROM slip_changing) = 1"]).count()  # noqa: E731
    assert settled(read, queries) == 1
    sql("CREATE OR REPLACE VIEW slip_changing AS SELECT 2 AS one FROM auth_user")
    assert read() == 0
    assert elsewhere(read) == 0


# --- lookups


def test_a_lookup_by_primary_key_outlives_the_writes_of_other_rows(cache: caches.Cache) -> None:  # noqa: ARG001
    key, other = first().pk, users().create(username="second").pk
    read = lambda: users().get(pk=key).first_name  # noqa: E731
    assert settled(read, queries) == "old"
    users().filter(pk=other).update(first_name="theirs")
    settled(read, queries)
    users().filter(pk=other).update(first_name="theirs again")
    assert queries(read) == 0
    elsewhere(lambda: users().filter(pk=key).update(first_name="new"))
    assert read() == "new"


def test_a_lookup_by_unique_key_is_never_stale(cache: caches.Cache) -> None:  # noqa: ARG001
    read = lambda: first().first_name  # noqa: E731
    for name in ("new", "newer"):
        settled(read, queries)
        elsewhere(lambda name=name: rename(name))
        assert read() == name
    users().filter(username="first").delete()
    with pytest.raises(User.DoesNotExist):
        read()


def test_lookups_that_differ_in_case_alone_find_the_same_row(cache: caches.Cache) -> None:  # noqa: ARG001
    reads_of = [
        lambda name=name: users().get(username=name).first_name
        for name in ("first", "FIRST", "First")
    ]
    assert [settled(one, queries) for one in reads_of] == ["old"] * 3
    users().filter(username="FiRsT").update(first_name="new")
    assert [one() for one in reads_of] == ["new"] * 3
    assert [elsewhere(one) for one in reads_of] == ["new"] * 3
    users().filter(first_name="NEW").update(username="FIRST")
    assert users().get(username="first").username == "FIRST"
    with pytest.raises(IntegrityError):
        users().create(username="first")


def test_what_was_sought_in_vain_is_found_once_it_is_there_in_another_case(
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    read = lambda: users().filter(username="ann").count()  # noqa: E731
    assert settled(read, queries) == 0
    users().create(username="Ann")
    assert read() == elsewhere(read) == 1


# --- what is never cached

IMPURE: dict[str, Callable[[], Any]] = {
    "now": lambda: list(users().annotate(at=Now()).values_list("at")),
    "random": lambda: list(users().annotate(at=Random()).values_list("at")),
    "random order": lambda: list(users().order_by("?")),
    **{
        name: (lambda call=call: list(users().annotate(at=RawSQL(call, [])).values_list("at")))  # noqa: S611
        for name, call in {
            "uuid": "UUID()",
            "sleep": "SLEEP(0)",
            "curdate": "CURDATE()",
            "current_timestamp": "CURRENT_TIMESTAMP",
            "sysdate": "SYSDATE()",
            "unix_timestamp": "UNIX_TIMESTAMP()",
            "connection_id": "CONNECTION_ID()",
            "last_insert_id": "LAST_INSERT_ID()",
            "found_rows": "FOUND_ROWS()",
            "current_user": "CURRENT_USER",
            "database": "DATABASE()",
            "a user variable": "@a",
            "a system variable": "@@time_zone",
            "a stored function": "slip_size()",
            "the schema": "(SELECT count(*) FROM information_schema.tables)",
            "status": "(SELECT count(*) FROM information_schema.processlist)",
        }.items()
    },
}


@pytest.mark.parametrize("query", IMPURE)
def test_what_is_no_function_of_tables_is_never_cached(cache: caches.Cache, query: str) -> None:  # noqa: ARG001
    assert three_times(IMPURE[query]) == NOTHING_CACHED


def test_what_a_stored_function_reads_is_seen(cache: caches.Cache) -> None:  # noqa: ARG001
    read = lambda: users().extra(select={"n": "slip_size()"}).values_list("n", flat=True)[0]  # noqa: E731
    assert [read() for _ in range(3)] == [1, 1, 1]
    groups().create(name="new")
    assert read() == elsewhere(read) == 2


def test_reads_that_lock_are_never_cached(cache: caches.Cache) -> None:  # noqa: ARG001
    with transaction.atomic(ALIAS):
        for text in ("FOR UPDATE", "LOCK IN SHARE MODE"):
            assert queries(lambda text=text: sql(f"SELECT * FROM auth_user {text}")) == 1  # noqa: S608
        assert three_times(lambda: list(users().select_for_update())) == NOTHING_CACHED
        assert three_times(lambda: list(users().select_for_update(nowait=True))) == NOTHING_CACHED


def test_a_constant_beside_a_column_is_cached(cache: caches.Cache) -> None:  # noqa: ARG001
    read = lambda: list(users().annotate(one=Value(1)).values_list("one", flat=True))  # noqa: E731
    assert settled(read, queries) == [1]

"""The query cache on PostgreSQL: races made to happen one by one, sessions, roles, lost connections.

Every test runs on memcached and on Redis. Races by load are in `test_races.py`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group, User
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    connections,
    transaction,
)

from benchmarks import services
from slipstream.generations.catalog import load
from slipstream.generations.reading import LIFT_AFTER
from slipstream.querycache import cache as caches
from tests.unit.slipstream.querycache.waiting import until

from .query_cache import (
    ALIAS,
    HOLD_SECONDS,
    SAME,
    Started,
    elsewhere,
    names,
    queries,
    rename,
    sql,
)

# --- races, one by one


def test_a_commit_between_a_readers_select_and_its_store(
    cache: caches.Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename("newer")
    store = cache.store

    def late(*arguments: Any) -> None:
        monkeypatch.setattr(cache, "store", store)
        elsewhere(lambda: rename("newest"))
        store(*arguments)

    until(lambda: queries(lambda: list(Group.objects.using(ALIAS).all())) == 0)
    until(lambda: queries(names) == 0)
    rename("newer still")
    monkeypatch.setattr(cache, "store", late)
    assert names() == ["newer still"]
    assert names() == ["newest"]
    assert elsewhere(names) == ["newest"]


def test_a_read_between_invalidation_and_an_autocommit_write(cache: caches.Cache) -> None:  # noqa: ARG001
    seen: list[list[str]] = []

    def while_it_writes(execute: Any, text: str, *rest: Any) -> Any:
        seen.append(elsewhere(lambda: (names(), names())[1]))
        return execute(text, *rest)

    # The hooks are below every wrapper: this one runs before they mark. So it is put below them.
    with below_the_hooks(while_it_writes):
        rename("new")
    assert seen == [["old"]]
    assert names() == ["new"]
    assert elsewhere(names) == ["new"]


@contextmanager
def below_the_hooks(watch: Callable[..., Any]) -> Iterator[None]:
    """Run `watch` around the first statement of this thread that changes something, as the driver."""
    connection = connections[ALIAS]
    connection.ensure_connection()
    real = connection.connection.cursor_factory

    class Watched(real):  # type: ignore[misc, valid-type]
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            if str(query).startswith("UPDATE"):
                return watch(
                    lambda text, values: super(Watched, self).execute(text, values, **options),
                    query,
                    params,
                )
            return super().execute(query, params, **options)

    connection.connection.cursor_factory = Watched
    try:
        yield
    finally:
        connection.connection.cursor_factory = real


def test_an_old_snapshot_is_neither_stored_nor_served(cache: caches.Cache) -> None:  # noqa: ARG001
    with transaction.atomic(using=ALIAS):
        sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert names() == ["old"]
        elsewhere(lambda: rename("new"))
        assert names() == ["old"]
        assert elsewhere(names) == ["new"]
        assert names() == ["old"]
    assert names() == ["new"]


def test_an_alias_whose_transactions_are_above_read_committed_is_not_cached(
    cache: caches.Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        connections[SAME].settings_dict,
        "OPTIONS",
        {"isolation_level": psycopg.IsolationLevel.REPEATABLE_READ},
    )
    connections[SAME].close()
    with transaction.atomic(using=SAME):
        assert names(SAME) == ["old"]
        elsewhere(lambda: rename("new"))
        assert names(SAME) == ["old"]
    assert names() == ["new"]
    assert cache.table("(none)").bypasses["isolation other than READ COMMITTED"] == 2


def test_a_transaction_that_began_before_a_write_reads_what_was_committed(
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    with transaction.atomic(using=ALIAS):
        assert names() == ["old"]
        elsewhere(lambda: rename("new"))
        assert names() == ["new"]


def test_others_see_nothing_of_a_transaction_before_its_commit(cache: caches.Cache) -> None:  # noqa: ARG001
    with transaction.atomic(using=ALIAS):
        rename("new")
        assert names() == ["new"]
        assert elsewhere(names) == ["old"]
        assert elsewhere(lambda: (names(), names())[1]) == ["old"]
    assert elsewhere(names) == ["new"]


def test_after_a_failed_commit_writes_are_seen_and_the_thread_works_on(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("CREATE TABLE late (id int, u int REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED)")
    try:
        with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS):  # noqa: PT012
            rename("never")
            sql("INSERT INTO late VALUES (1, 4711)")
        assert names() == ["old"]
        rename("new")
        assert names() == ["new"]
        assert elsewhere(names) == ["new"]
    finally:
        sql("DROP TABLE late")


def terminated() -> None:
    """End this thread's session from outside, as a restart of the server does."""
    process = connections[ALIAS].connection.info.backend_pid
    elsewhere(lambda: sql("SELECT pg_terminate_backend(%s)", [process]))


def test_after_a_failed_begin_writes_are_seen_and_the_thread_works_on(cache: caches.Cache) -> None:  # noqa: ARG001
    terminated()
    with suppress(OperationalError, InterfaceError), transaction.atomic(using=ALIAS):
        rename("perhaps")
    connections[ALIAS].close_if_unusable_or_obsolete()
    rename("new")
    assert names() == ["new"]
    assert elsewhere(names) == ["new"]


def test_after_a_connection_was_lost_in_a_transaction_nothing_of_it_is_left(
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    with pytest.raises((OperationalError, InterfaceError)), transaction.atomic(using=ALIAS):  # noqa: PT012
        rename("never")
        terminated()
    connections[ALIAS].close_if_unusable_or_obsolete()
    until(lambda: queries(names) == 0)
    assert names() == ["old"]
    rename("new")
    assert names() == ["new"]


def test_a_writer_that_died_after_its_mark_holds_the_table_for_hold_seconds_only(
    cache: caches.Cache,
) -> None:
    start = time.monotonic()
    cache.database.writer.mark({"t:auth_user"})  # and is never heard of again
    assert queries(names) == 1
    until(lambda: queries(names) == 0)
    assert time.monotonic() - start >= LIFT_AFTER * HOLD_SECONDS


def test_two_aliases_onto_one_database_see_each_others_writes(cache: caches.Cache) -> None:  # noqa: ARG001
    until(lambda: queries(lambda: names(SAME), SAME) == 0)
    rename("new")
    assert names(SAME) == ["new"]
    rename("newer", SAME)
    assert names() == ["newer"]


# --- statements


def copied() -> None:
    with (
        connections[ALIAS].cursor() as cursor,
        cursor.copy("COPY auth_group (name) FROM STDIN") as copy,
    ):
        copy.write_row(("copied",))


GROUP_WRITES: dict[str, Callable[[], Any]] = {
    "copy": copied,
    "merge": lambda: sql(
        "MERGE INTO auth_group g USING (VALUES ('merged')) v(name) ON g.name = v.name "
        "WHEN NOT MATCHED THEN INSERT (name) VALUES (v.name)"
    ),
    "cte": lambda: sql(
        "WITH made AS (INSERT INTO auth_group (name) VALUES ('cte') RETURNING id) "
        "SELECT * FROM made"
    ),
    "do": lambda: sql("DO $$ BEGIN INSERT INTO auth_group (name) VALUES ('do'); END $$"),
    "function": lambda: sql("SELECT slipstream_add()"),
    "begun as text": lambda: [
        sql(text) for text in ("BEGIN", "INSERT INTO auth_group (name) VALUES ('text')", "COMMIT")
    ],
}


@pytest.mark.parametrize("write", GROUP_WRITES)
def test_a_statement_that_writes_by_whatever_way_is_seen(cache: caches.Cache, write: str) -> None:  # noqa: ARG001
    sql("DELETE FROM auth_group")
    sql(
        "CREATE OR REPLACE FUNCTION slipstream_add() RETURNS void LANGUAGE sql AS "
        "$$ INSERT INTO auth_group (name) VALUES ('function') $$"
    )
    read = Group.objects.using(ALIAS).all().count
    until(lambda: queries(read) == 0)
    assert read() == 0
    GROUP_WRITES[write]()
    assert read() == 1
    assert elsewhere(read) == 1


def by_username() -> str:
    return User.objects.using(ALIAS).get(username="first").first_name


def settled(read: Callable[[], Any]) -> Callable[[], Any]:
    """Return a read that depends on its row, which it does once its table was written."""
    until(lambda: queries(read) == 0)
    User.objects.using(ALIAS).create(username=f"of {time.time_ns()}")
    until(lambda: queries(read) == 0)
    return read


def test_a_lookup_by_username_outlives_writes_of_others_and_no_write_of_its_row(
    cache: caches.Cache,  # noqa: ARG001
) -> None:
    read = settled(by_username)
    users = User.objects.using(ALIAS)
    other = users.create(username="other")
    users.filter(pk=other.pk).update(first_name="new")
    other.delete()
    assert queries(read) == 0
    elsewhere(lambda: rename("new"))
    assert read() == "new"
    settled(read)
    key = users.values_list("pk", flat=True).get(username="first")
    elsewhere(lambda: users.filter(pk=key).update(first_name="newer"))
    assert read() == "newer"


def test_a_commit_between_a_lookup_by_username_and_its_store(
    cache: caches.Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, users = cache.store, User.objects.using(ALIAS)
    settled(by_username)
    first = users.get(username="first").pk

    def late(*arguments: Any) -> None:
        monkeypatch.setattr(cache, "store", store)
        elsewhere(lambda: users.filter(pk=first).update(username="gone"))
        elsewhere(lambda: users.create(username="first", first_name="another"))
        store(*arguments)

    rename("new")
    monkeypatch.setattr(cache, "store", late)
    assert by_username() == "new"
    assert by_username() == "another"
    assert elsewhere(by_username) == "another"


def test_a_value_that_moves_under_a_deferred_constraint_is_followed(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("DELETE FROM auth_group_permissions")
    sql("DELETE FROM auth_group")
    sql("ALTER TABLE auth_group ADD CONSTRAINT late UNIQUE (name) DEFERRABLE INITIALLY DEFERRED")
    sql("ALTER TABLE auth_group DROP CONSTRAINT auth_group_name_key")
    groups = Group.objects.using(ALIAS)
    one, other = groups.create(name="one").pk, groups.create(name="other").pk
    read = lambda: groups.values_list("pk", flat=True).get(name="one")  # noqa: E731

    def swap() -> None:
        with transaction.atomic(ALIAS):
            groups.filter(pk=other).update(name="one")
            assert sorted(groups.filter(name="one").values_list("pk", flat=True)) == [one, other]
            groups.filter(pk=one).update(name="other")

    try:
        until(lambda: queries(read) == 0)
        groups.create(name="third")
        until(lambda: queries(read) == 0)
        groups.create(name="fourth")
        assert queries(read) == 0
        assert read() == one
        elsewhere(swap)
        assert read() == other
    finally:
        sql("ALTER TABLE auth_group ADD CONSTRAINT auth_group_name_key UNIQUE (name)")
        sql("ALTER TABLE auth_group DROP CONSTRAINT late")


UNIQUE = """
CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE slipstream_keys (id int PRIMARY KEY, name varchar(9) UNIQUE, "E-mail" text UNIQUE,
    a int, b int, half text, low text, patterned text COLLATE folded, foldable text COLLATE folded,
    folded_ text COLLATE folded UNIQUE, late int UNIQUE DEFERRABLE, UNIQUE (a, b));
CREATE UNIQUE INDEX ON slipstream_keys (half) WHERE half > '';
CREATE UNIQUE INDEX ON slipstream_keys (lower(low));
CREATE UNIQUE INDEX ON slipstream_keys (patterned COLLATE "C" text_pattern_ops);
CREATE UNIQUE INDEX ON slipstream_keys (foldable COLLATE "C");
CREATE UNIQUE INDEX ON slipstream_keys (b) INCLUDE (a);
CREATE TABLE slipstream_parent (id int PRIMARY KEY);
CREATE TABLE slipstream_heir (PRIMARY KEY (id)) INHERITS (slipstream_parent);
CREATE SCHEMA slipstream_other;
"""


def test_columns_are_unique_by_a_whole_index_of_their_own_that_compares_as_they_do(
    cache: caches.Cache,
) -> None:
    def unique(table: str) -> frozenset[str]:
        return load(connections[ALIAS], {}).unique[table]

    sql(UNIQUE)
    try:
        assert unique("slipstream_keys") == {"id", "name", "E-mail", "folded_", "late", "b"}
        assert not unique("slipstream_parent")
        assert unique("slipstream_heir") == {"id"}
        sql("CREATE VIEW slipstream_other.slipstream_keys AS SELECT 1 AS id")
        assert not unique("slipstream_keys")
    finally:
        sql("DROP SCHEMA slipstream_other CASCADE")
        sql("DROP TABLE slipstream_keys, slipstream_parent, slipstream_heir")
        sql("DROP COLLATION folded")
    assert cache.database.catalog is not None


def test_truncate_is_seen(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("TRUNCATE auth_user CASCADE")
    assert names() == []


def test_prepare_transaction_is_refused(cache: caches.Cache) -> None:  # noqa: ARG001
    with (
        pytest.raises(NotSupportedError, match="PREPARE TRANSACTION can't be followed"),
        transaction.atomic(using=ALIAS),
    ):
        sql("PREPARE TRANSACTION 'x'")


def test_a_volatile_function_and_a_lock_are_never_cached(cache: caches.Cache) -> None:  # noqa: ARG001
    with transaction.atomic(using=ALIAS):
        locked = User.objects.using(ALIAS).select_for_update()
        assert [queries(lambda: list(locked.all())) for _ in range(2)] == [1, 1]


# --- sessions


def test_tenants_by_search_path_never_get_each_others_rows(cache: caches.Cache) -> None:  # noqa: ARG001
    for tenant in ("tenant_a", "tenant_b"):
        sql(f"CREATE SCHEMA IF NOT EXISTS {tenant}")
        sql(f"CREATE TABLE IF NOT EXISTS {tenant}.auth_group (id serial, name text)")
        sql(f"TRUNCATE {tenant}.auth_group")
        sql(f"INSERT INTO {tenant}.auth_group (name) VALUES (%s)", [tenant])  # noqa: S608
    read = Group.objects.using(ALIAS).values_list("name", flat=True)
    try:
        for _ in range(6):
            for tenant in ("tenant_a", "tenant_b"):
                sql(f"SET search_path TO {tenant}")
                assert list(read.all()) == [tenant]
        until(lambda: queries(lambda: list(read.all())) == 0)
    finally:
        sql("RESET search_path")
        for tenant in ("tenant_a", "tenant_b"):
            sql(f"DROP SCHEMA {tenant} CASCADE")


def test_roles_under_row_security_never_get_each_others_rows(cache: caches.Cache) -> None:  # noqa: ARG001
    sql("DELETE FROM auth_group")
    for role in ("role_a", "role_b"):
        sql(f"CREATE ROLE {role}")
        sql(f"GRANT SELECT ON auth_group TO {role}")
        sql("INSERT INTO auth_group (name) VALUES (%s)", [role])
    sql("ALTER TABLE auth_group ENABLE ROW LEVEL SECURITY")
    sql("CREATE POLICY own ON auth_group USING (name = current_user)")
    read = Group.objects.using(ALIAS).values_list("name", flat=True)
    try:
        for _ in range(6):
            for role in ("role_a", "role_b"):
                sql(f"SET ROLE {role}")
                assert list(read.all()) == [role]
    finally:
        sql("RESET ROLE")
        sql("DROP POLICY own ON auth_group")
        sql("ALTER TABLE auth_group DISABLE ROW LEVEL SECURITY")
        for role in ("role_a", "role_b"):
            sql(f"DROP OWNED BY {role}")
            sql(f"DROP ROLE {role}")


def test_sessions_in_two_time_zones_have_entries_of_their_own(cache: caches.Cache) -> None:  # noqa: ARG001
    read = User.objects.using(ALIAS).extra(select={"day": "date_joined::timestamp::text"})
    seen = {}
    try:
        for _ in range(4):
            for zone in ("UTC", "Asia/Tokyo"):
                sql("SET TIME ZONE %s", [zone])
                seen.setdefault(zone, set()).add(read.all()[0].day)
    finally:
        sql("RESET TIME ZONE")
    assert len(seen["UTC"]) == len(seen["Asia/Tokyo"]) == 1
    assert seen["UTC"] != seen["Asia/Tokyo"]


def test_set_local_caches_nothing_until_the_transaction_is_over(cache: caches.Cache) -> None:
    with transaction.atomic(using=ALIAS):
        sql("SET LOCAL search_path TO pg_catalog, public")
        assert queries(names) == 1
    assert queries(names) == 0
    assert cache.table("(none)").bypasses["a SET in this transaction"] == 1


def test_set_config_has_entries_of_its_own(cache: caches.Cache) -> None:  # noqa: ARG001
    assert queries(names) == 0
    sql("SELECT set_config('search_path', %s, false)", ["pg_catalog, public"])
    assert queries(names) == 1
    until(lambda: queries(names) == 0)
    connections[ALIAS].close()
    assert queries(names) == 0


def stays_uncached_after(text: str) -> None:
    """Raise the level of the session by a statement: its snapshots are given to nobody."""
    sql(text)
    for name in ("new", "newer"):
        with transaction.atomic(ALIAS):
            old = names()
            elsewhere(lambda name=name: rename(name, SAME))
            assert queries(names) == 1
            assert names() == old
        assert names() == elsewhere(names) == [name]
    connections[ALIAS].close()


@pytest.mark.parametrize(
    "text",
    [
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET default_transaction_isolation = 'serializable'",
    ],
)
def test_a_session_above_read_committed_stays_uncached_over_its_transactions(
    cache: caches.Cache,  # noqa: ARG001
    text: str,
) -> None:
    stays_uncached_after(text)


# --- load and faults


CLIENTS = 100


def test_a_hundred_clients_that_miss_at_once_run_a_slow_query_twice_at_most(start: Started) -> None:
    start(LEASE_WAIT_SECONDS=3.0, PURE_FUNCTIONS=["slow"])
    slow_that_counts_its_runs()
    together = threading.Barrier(CLIENTS)
    slow = User.objects.using(ALIAS).extra(where=["slow(id::int) = id"])
    until(lambda: queries(names) == 0)
    before = runs()

    def client() -> int:
        try:
            connections[ALIAS].ensure_connection()
            together.wait(60)
            return len(list(slow.all()))
        finally:
            connections[ALIAS].close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        counts = [pool.submit(client) for _ in range(CLIENTS)]
        assert [count.result(120) for count in counts] == [1] * CLIENTS
    assert 1 <= runs() - before <= 2


def slow_that_counts_its_runs() -> None:
    """Make a function that takes a second, and a sequence that says how often it ran.

    Once for each row: with an argument that is no constant, so that the planner doesn't run it.
    """
    sql("CREATE SEQUENCE IF NOT EXISTS slow_runs")
    sql(
        "CREATE OR REPLACE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql STABLE AS "
        "$$ BEGIN PERFORM nextval('slow_runs'); PERFORM pg_sleep(1); RETURN $1; END $$"
    )


def runs() -> int:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM slow_runs")
        return int(cursor.fetchone()[0])


def test_a_restart_of_the_cache_fails_no_read_and_loses_no_write(
    cache: caches.Cache,  # noqa: ARG001
    cache_server: services.Server,
) -> None:
    cache_server.restart()
    rename("new")
    assert names() == ["new"]
    until(lambda: queries(names) == 0)
    assert names() == ["new"]


def test_nothing_here_leaves_a_transaction_open(cache: caches.Cache) -> None:  # noqa: ARG001
    with suppress(DatabaseError), transaction.atomic(using=ALIAS):
        sql("SELECT 1/0")
    assert not connections[ALIAS].in_atomic_block
    assert names() == ["old"]

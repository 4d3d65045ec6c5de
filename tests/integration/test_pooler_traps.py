"""What transaction pooling changes for a site, and what keeps it safe: each trap beside its remedy.

All of it through the replica's own PgBouncer. A trap that stops biting fails here too: its remedy,
and its paragraph in the docs, could go.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import OperationalError

from campus.models import Profile

from .pooler import Pooler, backend, run_forking, value
from .replica import Replica, wait_until

# Django raises its own error from the fetch, and psycopg's from closing the cursor after it.
LOST = (OperationalError, psycopg.errors.InvalidCursorName)
ONE_IN_PROCESS = {"pool": {"min_size": 1, "max_size": 1, "timeout": 10}}


@pytest.fixture(scope="module")
def pooler(replica: Replica) -> Iterator[Pooler]:
    """PgBouncer with nobody else in the site's pool: web is stopped meanwhile."""
    replica.up(["pgbouncer"])
    stopped = replica.compose("stop", "--timeout", "5", "web")
    assert stopped.returncode == 0, stopped.stdout
    yield Pooler.of(replica)
    replica.up(["pgbouncer"])


@pytest.fixture(autouse=True)
def _databases_of_the_tests(django_db_blocker: pytest.Item) -> Iterator[None]:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield


@pytest.fixture(autouse=True)
def _clean_backends(pooler: Pooler) -> Iterator[None]:
    """Leave nothing of a trap behind: the site goes on with these backends."""
    yield
    with pooler.connect(direct=True) as client:
        client.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'app' AND pid <> pg_backend_pid()"
        )


def backend_of(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def setting_of(alias: str, name: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [name])
        return str(cursor.fetchone()[0])


# --- server-side cursors


@pytest.fixture
def _lost_cursors() -> Iterator[None]:
    """psycopg warns of cursors that could not be closed, whenever their memory is freed: now."""
    yield
    gc.collect()


def loses_a_cursor(test: Callable[[Pooler], None]) -> Callable[[Pooler], None]:
    """Mark a test in which Django's server-side cursor can't be closed."""
    ignored = "ignore:.*ServerSideCursor.* was deleted while still open:ResourceWarning"
    collected = pytest.mark.usefixtures("_lost_cursors")(test)
    return pytest.mark.filterwarnings(ignored)(collected)


@loses_a_cursor
def test_server_side_cursor_is_lost_when_its_backend_serves_another(pooler: Pooler) -> None:
    with pooler.django() as alias:
        pid = backend_of(alias)
        rows = Profile.objects.using(alias).iterator(chunk_size=10)
        next(rows)
        with pooler.holding(pid), pytest.raises(LOST, match="does not exist"):
            list(rows)


@loses_a_cursor
def test_server_side_cursor_stays_in_the_pool_when_its_client_leaves(pooler: Pooler) -> None:
    with pooler.django() as alias:
        pid = backend_of(alias)
        rows = Profile.objects.using(alias).iterator(chunk_size=10)
        next(rows)
        connections[alias].close()
        with pooler.holding(pid) as other:
            assert value(other, "SELECT count(*) FROM pg_cursors WHERE is_holdable") == 1


def test_disabled_server_side_cursors_read_on_whatever_the_pool_does(pooler: Pooler) -> None:
    with pooler.django(DISABLE_SERVER_SIDE_CURSORS=True) as alias:
        pid = backend_of(alias)
        rows = Profile.objects.using(alias).iterator(chunk_size=10)
        next(rows)
        with pooler.holding(pid) as other:
            assert len(list(rows)) == Profile.objects.using(alias).count() - 1 > 10
            assert value(other, "SELECT count(*) FROM pg_cursors WHERE is_holdable") == 0


# --- prepared statements


@pytest.mark.parametrize("threshold", [0, 5])
def test_prepared_statement_follows_its_client_to_another_backend(
    pooler: Pooler, threshold: int
) -> None:
    query = "SELECT %s::int + 1"
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int + 1'"
    with pooler.connect(prepare_threshold=threshold) as client:
        assert [value(client, query, n) for n in range(7)] == list(range(1, 8))
        pid = backend(client)
        with pooler.holding(pid), client.transaction():
            assert backend(client) != pid
            assert value(client, query, 7) == 8
            assert value(client, prepared) == 1


def test_sql_prepare_does_not_follow_its_client(pooler: Pooler) -> None:
    with pooler.connect() as client:
        client.execute("PREPARE one AS SELECT 1")
        with (
            pooler.holding(backend(client)),
            pytest.raises(psycopg.errors.InvalidSqlStatementName),
        ):
            client.execute("EXECUTE one")


# --- SET


def test_set_leaks_to_the_next_client(pooler: Pooler) -> None:
    with pooler.connect() as client:
        client.execute("SET campus.tenant = 'one'")
        pid = backend(client)
    with pooler.holding(pid) as other:
        assert value(other, "SELECT current_setting('campus.tenant', true)") == "one"


def test_set_is_lost_to_its_own_client(pooler: Pooler) -> None:
    with pooler.connect() as client:
        client.execute("SET campus.tenant = 'one'")
        with pooler.holding(backend(client)):
            assert value(client, "SELECT current_setting('campus.tenant', true)") is None


def test_set_local_ends_with_its_transaction(pooler: Pooler) -> None:
    with pooler.connect() as client:
        with client.transaction():
            client.execute("SET LOCAL campus.tenant = 'one'")
            assert value(client, "SELECT current_setting('campus.tenant')") == "one"
            pid = backend(client)
        with pooler.holding(pid) as other:
            assert not value(other, "SELECT current_setting('campus.tenant', true)")


def test_set_leaks_through_the_pool_in_the_process_too(pooler: Pooler) -> None:
    with pooler.django(direct=True, OPTIONS=ONE_IN_PROCESS) as alias:
        with connections[alias].cursor() as cursor:
            cursor.execute("SET campus.tenant = 'one'")
        connections[alias].close()
        assert setting_of(alias, "campus.tenant") == "one"


# --- start-up parameters


def test_options_at_start_up_are_refused_with_the_reason(pooler: Pooler) -> None:
    with pytest.raises(psycopg.OperationalError, match="startup parameter in options: search_path"):
        pooler.connect(options="-c search_path=other").close()


def test_options_at_start_up_work_past_the_pooler(pooler: Pooler) -> None:
    with pooler.connect(direct=True, options="-c search_path=other") as client:
        assert value(client, "SHOW search_path") == "other"


# --- advisory locks


def test_session_lock_stays_with_the_backend_when_its_client_leaves(pooler: Pooler) -> None:
    with pooler.connect() as client:
        client.execute("SELECT pg_advisory_lock(1)")
    with pooler.connect(direct=True) as other:
        assert value(other, "SELECT pg_try_advisory_lock(1)") is False


def test_session_lock_is_given_to_two_clients_at_once(pooler: Pooler) -> None:
    with pooler.connect() as one, pooler.connect() as two:
        assert value(one, "SELECT pg_try_advisory_lock(1)") is True
        assert value(two, "SELECT pg_try_advisory_lock(1)") is True


def test_transaction_lock_excludes_and_ends_with_its_transaction(pooler: Pooler) -> None:
    attempt = "SELECT pg_try_advisory_xact_lock(1)"
    with pooler.connect() as one, pooler.connect() as two:
        with one.transaction():
            assert value(one, attempt) is True
            assert value(two, attempt) is False
        assert value(two, attempt) is True


# --- LISTEN


def test_listen_hears_nothing_through_the_pooler(pooler: Pooler) -> None:
    with pooler.connect() as pooled, pooler.connect(direct=True) as straight:
        for client in (pooled, straight):
            client.execute("LISTEN news")
        with pooler.connect(direct=True) as speaker:
            speaker.execute("NOTIFY news, 'hello'")
        assert [n.payload for n in straight.notifies(timeout=10, stop_after=1)] == ["hello"]
        assert list(pooled.notifies(timeout=1)) == []


# --- migrations


def test_migration_loses_its_lock_timeout_through_the_pooler(pooler: Pooler) -> None:
    with pooler.django() as alias, connections[alias].schema_editor(atomic=False) as editor:
        editor.execute("SET lock_timeout = '1s'")
        with pooler.holding(backend_of(alias)) as site:
            assert setting_of(alias, "lock_timeout") == "0"
            assert value(site, "SHOW lock_timeout") == "1s"


def test_migration_keeps_its_lock_timeout_through_the_direct_alias(pooler: Pooler) -> None:
    with (
        pooler.django(direct=True) as alias,
        connections[alias].schema_editor(atomic=False) as editor,
    ):
        editor.execute("SET lock_timeout = '1s'")
        assert setting_of(alias, "lock_timeout") == "1s"


# --- the pool in the process


def test_django_refuses_a_pool_with_connections_that_are_never_given_back(pooler: Pooler) -> None:
    with (
        pooler.django(direct=True, CONN_MAX_AGE=None, OPTIONS=ONE_IN_PROCESS) as alias,
        pytest.raises(ImproperlyConfigured, match="persistent connections"),
    ):
        connections[alias].connect()


def test_pool_opened_before_the_fork_is_shared_by_the_workers(pooler: Pooler) -> None:
    database = pooler.settings(direct=True, OPTIONS=ONE_IN_PROCESS)
    one, other = run_forking(database, close_before_fork=False)
    assert one == other


def test_pool_closed_before_the_fork_gives_each_worker_its_own(pooler: Pooler) -> None:
    database = pooler.settings(direct=True, OPTIONS=ONE_IN_PROCESS)
    one, other = run_forking(database, close_before_fork=True)
    assert one != other


# --- a restart of the database


def restart(pooler: Pooler) -> None:
    done = pooler.replica.compose("restart", "postgres")
    assert done.returncode == 0, done.stdout
    wait_until(lambda: answers(pooler), 30, "Postgres answers again")


def answers(pooler: Pooler) -> bool:
    with suppress(psycopg.OperationalError), pooler.connect(direct=True, connect_timeout=2):
        return True
    return False


@pytest.mark.parametrize("checks", [True, False])
def test_pool_outlives_a_restart_only_with_health_checks(pooler: Pooler, checks: bool) -> None:
    with pooler.django(direct=True, CONN_HEALTH_CHECKS=checks, OPTIONS=ONE_IN_PROCESS) as alias:
        before = backend_of(alias)
        connections[alias].close()
        restart(pooler)
        if checks:
            assert backend_of(alias) != before
        else:
            with pytest.raises(OperationalError):
                backend_of(alias)


def test_client_of_the_pooler_outlives_a_restart(pooler: Pooler) -> None:
    with pooler.connect() as client:
        backend(client)
        restart(pooler)
        assert value(client, "SELECT 1") == 1

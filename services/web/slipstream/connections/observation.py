"""What a database connection does at a request's end, seen from Postgres and from PgBouncer.

The probes of the connection levels judge it; nothing here knows which level was asked for.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from slipstream.config import Config
from slipstream.connections.console import Pooler, ask
from slipstream.once import looked_at_once
from slipstream.optimization import Evidence

__all__ = ["Observation", "observe", "unobservable"]

CLOSING_SECONDS = 0.4
"""A backend whose client has gone is still listed for a moment."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Three requests' worth of connections in a thread of their own.

    kept_by_thread: the thread's own connection stayed open after a request ended.
    backends: process ids of the Postgres backends that served the requests.
    surviving: those of them that Postgres still lists after the requests ended.
    greeted: the process ids that the server gave itself when it was logged in to. A pooler in
        between, of whatever kind and name, makes one up.
    pooled: those of `backends` that PgBouncer lists among its server connections.
    sessions: how many Postgres has begun in this database, for anyone, since its statistics began.
    pooler: what the configured PgBouncer says of the site's pool, see `Pooler`; None without it.
    """

    kept_by_thread: bool
    backends: frozenset[int]
    surviving: frozenset[int]
    greeted: frozenset[int]
    pooled: frozenset[int]
    sessions: int
    pooler: Pooler | None

    @property
    def direct(self) -> bool:
        """Say whether Postgres itself answered the log-in."""
        return self.backends <= self.greeted

    def as_evidence(self, in_force: bool) -> Evidence:
        """Give the figures under the names of the views they come from."""
        figures = {
            "connection_kept_by_thread": self.kept_by_thread,
            "backends_used": sorted(self.backends),
            "pg_stat_activity_after_request": sorted(self.surviving),
            "reached_without_a_pooler": self.direct,
            "pgbouncer_show_servers": sorted(self.pooled),
            "pg_stat_database_sessions": self.sessions,
            "pgbouncer_pool_mode": self.pooler and self.pooler.mode,
            "pgbouncer_transactions": self.pooler and self.pooler.transactions,
        }
        return Evidence(in_force=in_force, evidence=figures)


@looked_at_once
def observe(config: Config) -> Observation | None:
    """Run three short requests; None where the default database isn't PostgreSQL.

    Raises django.db.Error where it can't be reached.
    """
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        return None
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_three_requests, config).result()


def unobservable() -> Evidence:
    """Say that there is nothing to see."""
    return Evidence(in_force=False, evidence={"reason": "the default database isn't PostgreSQL"})


def _three_requests(config: Config) -> Observation:
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        served = [_request(connection) for _ in range(3)]
        kept = connection.connection is not None
        backends = frozenset(backend for backend, _ in served)
        pooler = _pooler(connection, config)
        surviving = _surviving(connection, backends)
        sessions = _sessions(connection)
    finally:
        connection.close()
    return Observation(
        kept_by_thread=kept,
        backends=backends,
        surviving=surviving,
        greeted=frozenset(greeted for _, greeted in served),
        pooled=backends & pooler.servers if pooler else frozenset(),
        sessions=sessions,
        pooler=pooler,
    )


def _request(connection: BaseDatabaseWrapper) -> tuple[int, int]:
    """Return the backend that served it, and the one that the log-in was answered by."""
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
        greeted = _greeted(connection.connection)
    connection.close_if_unusable_or_obsolete()
    return int(backend), greeted


def _greeted(connection: Any) -> int:
    """Return the process id of the protocol's BackendKeyData, which psycopg 2 and 3 keep."""
    return int(connection.info.backend_pid)


def _sessions(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        (sessions,) = cursor.fetchone()
    connection.close_if_unusable_or_obsolete()
    return int(sessions)


def _surviving(connection: BaseDatabaseWrapper, backends: frozenset[int]) -> frozenset[int]:
    """Ask Postgres which are left; those that were closed get CLOSING_SECONDS to go."""
    patience = 0.0 if connection.connection is not None else CLOSING_SECONDS
    deadline = time.monotonic() + patience
    while (alive := _listed(connection, backends)) and time.monotonic() < deadline:
        time.sleep(CLOSING_SECONDS / 10)
    return alive


def _listed(connection: BaseDatabaseWrapper, backends: frozenset[int]) -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", [sorted(backends)])
        alive = frozenset(int(pid) for (pid,) in cursor.fetchall())
    connection.close_if_unusable_or_obsolete()
    return alive


def _pooler(connection: BaseDatabaseWrapper, config: Config) -> Pooler | None:
    target: dict[str, Any] = connection.settings_dict
    if (target["HOST"], int(target["PORT"] or 5432)) != (
        config.pgbouncer.HOST,
        config.pgbouncer.PORT,
    ):
        return None
    return ask(config, target)

"""What a database connection does at a request's end, seen from Postgres and from PgBouncer.

The probes of the connection levels judge it; nothing here knows which level was asked for.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from slipstream.config import Config
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
    pooled: those of them that PgBouncer lists among its server connections.
    """

    kept_by_thread: bool
    backends: frozenset[int]
    surviving: frozenset[int]
    pooled: frozenset[int]

    def as_evidence(self, in_force: bool) -> Evidence:
        """Give the figures under the names of the views they come from."""
        figures = {
            "connection_kept_by_thread": self.kept_by_thread,
            "backends_used": sorted(self.backends),
            "pg_stat_activity_after_request": sorted(self.surviving),
            "pgbouncer_show_servers": sorted(self.pooled),
        }
        return Evidence(in_force=in_force, evidence=figures)


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
        backends = frozenset(_request(connection) for _ in range(3))
        kept = connection.connection is not None
        pooled = backends & _servers_of_pooler(connection, config)
        surviving = _surviving(connection, backends)
    finally:
        connection.close()
    return Observation(kept_by_thread=kept, backends=backends, surviving=surviving, pooled=pooled)


def _request(connection: BaseDatabaseWrapper) -> int:
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    connection.close_if_unusable_or_obsolete()
    return int(backend)


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


def _servers_of_pooler(connection: BaseDatabaseWrapper, config: Config) -> frozenset[int]:
    target: dict[str, Any] = connection.settings_dict
    if (target["HOST"], int(target["PORT"] or 5432)) != (
        config.pgbouncer.HOST,
        config.pgbouncer.PORT,
    ):
        return frozenset()
    return frozenset(int(row["remote_pid"]) for row in show("SERVERS", config, target))


def show(what: str, config: Config, target: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of PgBouncer's `SHOW what`, asked as the monitoring role."""
    import psycopg  # noqa: PLC0415 - only sites on PostgreSQL have it
    from psycopg.rows import dict_row  # noqa: PLC0415

    try:
        with psycopg.connect(
            host=target["HOST"],
            port=target["PORT"],
            dbname="pgbouncer",
            autocommit=True,
            connect_timeout=2,
            cursor_factory=psycopg.ClientCursor,
            row_factory=dict_row,
            **_credentials(config, target),
        ) as console:
            return console.execute(f"SHOW {what}").fetchall()
    except psycopg.Error as error:
        raise Error(f"PgBouncer's console doesn't answer SHOW {what}: {error}") from error


def _credentials(config: Config, target: dict[str, Any]) -> dict[str, Any]:
    if not config.monitor.USER:
        return {"user": target["USER"], "password": target["PASSWORD"]}
    password = Path(config.monitor.PASSWORD_FILE).read_text().removesuffix("\n")
    return {"user": config.monitor.USER, "password": password}

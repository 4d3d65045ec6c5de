"""Clients of the replica's PgBouncer and Postgres, as the tests of the pooler's traps need them.

The traps themselves are in test_pooler_traps.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.rows import TupleRow

from .replica import ROOT, Replica

Client = psycopg.Connection[TupleRow]


def value(client: Client, sql: str, *parameters: object) -> Any:
    """Return the one value that a query gives."""
    row = client.execute(sql, parameters or None).fetchone()
    return row[0] if row else None


def backend(client: Client) -> int:
    """Return the process id of the backend that serves this client now."""
    return int(value(client, "SELECT pg_backend_pid()"))


@dataclass(frozen=True)
class Pooler:
    """Where to log in as the site's role: through PgBouncer, or past it."""

    replica: Replica
    password: str = field(repr=False)

    @classmethod
    def of(cls, replica: Replica) -> "Pooler":
        """Read the password once; reading a secret starts a container."""
        return cls(replica, replica.secret("postgres-app.password"))

    def connect(self, *, direct: bool = False, **options: Any) -> Client:
        """Log in with autocommit: each statement is a transaction of its own."""
        host, port = self._address(direct=direct)
        login: dict[str, Any] = {"host": host, "port": port, "password": self.password}
        return psycopg.connect(**login, user="app", dbname="campus", autocommit=True, **options)

    @contextmanager
    def holding(self, pid: int) -> Iterator[Client]:
        """Another client, in a transaction on this very backend.

        PgBouncer hands out the backend that was given back last, and nobody but the test uses
        this pool, so that it is the one whose turn it is.
        """
        with self.connect() as other, other.transaction():
            assert backend(other) == pid
            yield other

    @contextmanager
    def django(self, *, direct: bool = False, **settings: Any) -> Iterator[str]:
        """Yield a Django alias, as a site would configure it."""
        alias = "direct" if direct else "pooled"
        database = self.settings(direct=direct, **settings)
        complete = connections.configure_settings({"default": {}, alias: database})
        connections.settings[alias] = complete[alias]
        try:
            yield alias
        finally:
            _close(alias)
            del connections[alias], connections.settings[alias]

    def settings(self, *, direct: bool = False, **settings: Any) -> dict[str, Any]:
        """Return an entry of DATABASES."""
        host, port = self._address(direct=direct)
        engine = {"ENGINE": "django.db.backends.postgresql", "NAME": "campus"}
        login = {"HOST": host, "PORT": port, "USER": "app", "PASSWORD": self.password}
        return {**engine, **login, **settings}

    def _address(self, *, direct: bool) -> tuple[str, int]:
        service, port = ("postgres", 5432) if direct else ("pgbouncer", 6432)
        return self.replica.service_address(service, port)


def _close(alias: str) -> None:
    wrapper = connections[alias]
    assert isinstance(wrapper, DatabaseWrapper)
    wrapper.close()
    with suppress(ImproperlyConfigured):  # it refuses to say whether it has a pool
        wrapper.close_pool()


def run_forking(database: dict[str, Any], *, close_before_fork: bool) -> list[int]:
    """Run forking.py, with its settings on standard input: they hold a password."""
    script = Path(__file__).with_name("forking.py")
    text = json.dumps({"database": database, "close_before_fork": close_before_fork})
    done = subprocess.run(
        [sys.executable, str(script)],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT / "services" / "web",
        env={"PYTHONPATH": str(ROOT / "services" / "web"), "PATH": ""},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]

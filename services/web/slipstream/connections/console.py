"""PgBouncer's own statistics, from its console.

What they prove is for `observation.py` and the probes to say.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import Error

from slipstream.config import Config

__all__ = ["Pooler", "ask"]


@dataclass(frozen=True, kw_only=True)
class Pooler:
    """What PgBouncer says of the database that the site names, and of the site's pool in it.

    servers: process ids of the backends that it is connected to.
    mode: 'session', 'transaction' or 'statement'; '' where the site has no pool there.
    transactions: how many it has passed on, for all users, since it started.
    """

    servers: frozenset[int]
    mode: str
    transactions: int


def ask(config: Config, target: dict[str, Any]) -> Pooler:
    """Ask as the monitoring role. target: Django's settings of a database whose host is PgBouncer.

    Raises django.db.Error where the console doesn't answer.
    """
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
            rows = {
                what: console.execute(f"SHOW {what}").fetchall()
                for what in ("SERVERS", "POOLS", "STATS")
            }
    except psycopg.Error as error:
        raise Error(f"PgBouncer's console doesn't answer: {error}") from error
    return _read(rows, target)


def _read(rows: dict[str, list[dict[str, Any]]], target: dict[str, Any]) -> Pooler:
    database = target["NAME"]
    modes = [
        row["pool_mode"]
        for row in rows["POOLS"]
        if row["database"] == database and row["user"] == target["USER"]
    ]
    return Pooler(
        servers=frozenset(int(row["remote_pid"]) for row in rows["SERVERS"]),
        mode=modes[0] if modes else "",
        transactions=sum(
            int(row["total_xact_count"]) for row in rows["STATS"] if row["database"] == database
        ),
    )


def _credentials(config: Config, target: dict[str, Any]) -> dict[str, Any]:
    if not config.monitor.USER:
        return {"user": target["USER"], "password": target["PASSWORD"]}
    password = Path(config.monitor.PASSWORD_FILE).read_text().removesuffix("\n")
    return {"user": config.monitor.USER, "password": password}

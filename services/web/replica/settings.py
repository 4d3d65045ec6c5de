"""The replica's settings: one table of environment variables, read once into a frozen object.

Compose gives every variable its default; `.env` or the shell change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from replica.errors import ReplicaError

__all__ = ["ReplicaSettings", "read", "variables"]


def number(default: int, lowest: int, highest: int, help_text: str) -> Any:
    """Declare a variable that takes a whole number within a range."""
    limits = {"lowest": lowest, "highest": highest, "help": help_text}
    return field(default=default, metadata=limits)


@dataclass(frozen=True, kw_only=True)
class ReplicaSettings:
    """Numbers that the services of the replica share; 0 for workers or threads means 'derive'."""

    web_port: int = number(8000, 1, 65535, "port of the site on 127.0.0.1")
    web_workers: int = number(0, 0, 64, "gunicorn's processes; 0 derives them from the limits")
    web_threads: int = number(0, 0, 256, "threads of each process; 0 derives them")
    web_cpus: int = number(2, 1, 256, "processors that web may use")
    web_memory_mb: int = number(640, 128, 1_000_000, "memory limit of web in MiB")
    seed_users: int = number(2000, 1, 1_000_000, "users that the one-shot seed makes")
    postgres_max_connections: int = number(100, 10, 300, "max_connections of Postgres")
    pgbouncer_default_pool_size: int = number(20, 1, 300, "backends of the site's pool")
    pgbouncer_reserve_pool_size: int = number(0, 0, 300, "further backends under pressure")
    pgbouncer_max_client_conn: int = number(400, 10, 2000, "clients that PgBouncer takes")
    slipstream_pool_min_size: int = number(2, 0, 1000, "connections each process starts with")
    slipstream_pool_max_size: int = number(8, 1, 1000, "connections each process may have")


def read(environ: Mapping[str, str]) -> ReplicaSettings:
    """Build the settings; raises ReplicaError for the first value that is no number or out of range."""
    values = {
        key.name: _number(key, environ[key.name.upper()])
        for key in fields(ReplicaSettings)
        if environ.get(key.name.upper(), "") != ""
    }
    return ReplicaSettings(**values)


def _number(key: Any, text: str) -> int:
    lowest, highest = key.metadata["lowest"], key.metadata["highest"]
    remedy = f"set a whole number from {lowest} to {highest} (default {key.default})"
    if not text.strip().isdecimal():
        raise ReplicaError(f"{key.name.upper()}={text!r} is not a whole number: {remedy}")
    value = int(text)
    if not lowest <= value <= highest:
        raise ReplicaError(f"{key.name.upper()}={text!r} is out of range: {remedy}")
    return value


def variables() -> tuple[tuple[str, int, str], ...]:
    """Return name, default and help of each variable, for the documentation."""
    return tuple(
        (key.name.upper(), int(key.default), str(key.metadata["help"]))
        for key in fields(ReplicaSettings)
        if isinstance(key.default, int)
    )

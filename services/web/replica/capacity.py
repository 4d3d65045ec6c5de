"""How many processes and threads web runs, and whether the services it connects to have room for them."""

from collections.abc import Collection
from dataclasses import dataclass

from replica.errors import ReplicaError
from replica.settings import ReplicaSettings

__all__ = ["Plan", "plan"]

THREADS = 8
WORKER_MB = 160
"""Memory to reckon for a worker: a cautious guess, for sites larger than the sample as well."""

RESERVED_BACKENDS = 8
"""Backends that the site's own connections must leave: 3 for the superuser, the rest for health
checks, the monitor and the direct alias."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What gunicorn starts; `clients` database connections at most are open at once."""

    workers: int
    threads: int

    @property
    def clients(self) -> int:
        """Return how many requests are worked on at once."""
        return self.workers * self.threads


def plan(settings: ReplicaSettings, active: Collection[str]) -> Plan:
    """Derive processes and threads from the limits; raises ReplicaError where they can't all connect."""
    threads = settings.web_threads or _threads(settings, active)
    made = Plan(workers=settings.web_workers or _workers(settings), threads=threads)
    check = next((CHECKS[name] for name in active if name in CHECKS), _check_direct)
    check(made, settings)
    return made


def _workers(settings: ReplicaSettings) -> int:
    fitting = settings.web_memory_mb // WORKER_MB
    return max(1, min(max(2, settings.web_cpus), fitting))


def _threads(settings: ReplicaSettings, active: Collection[str]) -> int:
    if "connection-pool" in active:
        return min(THREADS, settings.slipstream_pool_max_size)
    return THREADS


def _usable(settings: ReplicaSettings) -> int:
    return settings.postgres_max_connections - RESERVED_BACKENDS


def _check_pooler(made: Plan, settings: ReplicaSettings) -> None:
    if made.clients > settings.pgbouncer_max_client_conn:
        raise ReplicaError(
            f"{made.workers} workers x {made.threads} threads = {made.clients} clients are more "
            f"than PGBOUNCER_MAX_CLIENT_CONN={settings.pgbouncer_max_client_conn}: PgBouncer would "
            "turn the rest away; raise it, or lower WEB_WORKERS or WEB_THREADS"
        )
    backends = settings.pgbouncer_default_pool_size + settings.pgbouncer_reserve_pool_size
    if backends > _usable(settings):
        raise ReplicaError(
            f"PGBOUNCER_DEFAULT_POOL_SIZE + PGBOUNCER_RESERVE_POOL_SIZE = {backends} is more than "
            f"the {_usable(settings)} connections that POSTGRES_MAX_CONNECTIONS="
            f"{settings.postgres_max_connections} leaves: lower the pool or raise the maximum"
        )


def _check_pool(made: Plan, settings: ReplicaSettings) -> None:
    largest, smallest = settings.slipstream_pool_max_size, settings.slipstream_pool_min_size
    if smallest > largest:
        raise ReplicaError(
            f"SLIPSTREAM_POOL_MIN_SIZE={smallest} is above SLIPSTREAM_POOL_MAX_SIZE={largest}: a "
            "pool grows from the first to the second; swap them"
        )
    if made.threads > largest:
        raise ReplicaError(
            f"WEB_THREADS={made.threads} is above SLIPSTREAM_POOL_MAX_SIZE={largest}: a thread "
            "could wait for a connection until it times out; make them equal"
        )
    if made.workers * largest > _usable(settings):
        raise ReplicaError(
            f"{made.workers} workers x SLIPSTREAM_POOL_MAX_SIZE={largest} = "
            f"{made.workers * largest} connections are more than the {_usable(settings)} that "
            f"POSTGRES_MAX_CONNECTIONS={settings.postgres_max_connections} leaves: lower the pool, "
            "or turn on pgbouncer"
        )


def _check_direct(made: Plan, settings: ReplicaSettings) -> None:
    if made.clients > _usable(settings):
        raise ReplicaError(
            f"{made.workers} workers x {made.threads} threads = {made.clients} connections are "
            f"more than the {_usable(settings)} that POSTGRES_MAX_CONNECTIONS="
            f"{settings.postgres_max_connections} leaves: lower WEB_WORKERS or WEB_THREADS, or "
            "turn on pgbouncer"
        )


CHECKS = {"pgbouncer": _check_pooler, "connection-pool": _check_pool}
"""What stands between web and Postgres, by optimization; without one, `_check_direct`."""

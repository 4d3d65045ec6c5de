"""`connection-pool`: Django's own psycopg pool, one in each process."""

from collections.abc import Sequence

from django.core.checks import CheckMessage, Error

from slipstream.config import Config
from slipstream.connections.observation import observe, unobservable
from slipstream.errors import ConfigurationError, NotApplicable
from slipstream.optimization import Evidence, Settings
from slipstream.site import postgres_databases

__all__ = ["apply", "check", "probe"]


def apply(settings: Settings, config: Config) -> None:
    """Give each PostgreSQL database a pool, and test each connection that it hands out."""
    databases = postgres_databases(settings)
    if not databases:
        raise NotApplicable(
            "'connection-pool' has nothing to pool: no database of DATABASES is PostgreSQL; "
            "leave it out for this site"
        )
    for database in databases.values():
        database["CONN_MAX_AGE"] = 0
        database["CONN_HEALTH_CHECKS"] = True
        database["OPTIONS"] = {**database.get("OPTIONS", {}), "pool": _sizes(config)}


def _sizes(config: Config) -> dict[str, float]:
    pool = config.pool
    if not 0 <= pool.MIN_SIZE <= pool.MAX_SIZE or pool.MAX_SIZE < 1:
        raise ConfigurationError(
            f"SLIPSTREAM['POOL'] has MIN_SIZE={pool.MIN_SIZE!r} and MAX_SIZE={pool.MAX_SIZE!r}: "
            "a pool grows from the first to the second; set 0 <= MIN_SIZE <= MAX_SIZE, MAX_SIZE >= 1"
        )
    return {"min_size": pool.MIN_SIZE, "max_size": pool.MAX_SIZE, "timeout": pool.TIMEOUT_SECONDS}


def probe(config: Config) -> Evidence:
    """In force: the request gave its connection back, and the backend lives on in the process."""
    seen = observe(config)
    if seen is None:
        return unobservable()
    return seen.as_evidence(not seen.kept_by_thread and bool(seen.surviving) and seen.direct)


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find a pool together with connections that a thread never gives back to it."""
    return [
        Error(
            f"DATABASES[{alias!r}] has a pool and CONN_MAX_AGE={database['CONN_MAX_AGE']!r}",
            hint="Set CONN_MAX_AGE = 0: the pool keeps the connections, the threads must not.",
            id="slipstream.E011",
        )
        for alias, database in postgres_databases(settings).items()
        if database.get("OPTIONS", {}).get("pool") and database.get("CONN_MAX_AGE") != 0
    ]

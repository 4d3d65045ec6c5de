"""`persistent-connections`: each thread keeps its database connection between requests."""

from collections.abc import Sequence

from django.core.checks import CheckMessage, Error

from slipstream.config import Config
from slipstream.connections.observation import observe, unobservable
from slipstream.errors import NotApplicable
from slipstream.optimization import Evidence, Settings
from slipstream.site import network_databases

__all__ = ["apply", "check", "probe"]


def apply(settings: Settings, config: Config) -> None:  # noqa: ARG001
    """Keep connections for good, and test each before its first use in a request."""
    databases = network_databases(settings)
    if not databases:
        raise NotApplicable(
            "'persistent-connections' has nothing to keep: no database of DATABASES is reached "
            "over a network; leave it out for this site"
        )
    for database in databases.values():
        database["CONN_MAX_AGE"] = None
        database["CONN_HEALTH_CHECKS"] = True


def probe(config: Config) -> Evidence:
    """In force: the thread's connection is still there after a request, and leads to Postgres itself."""
    seen = observe(config)
    if seen is None:
        return unobservable()
    return seen.as_evidence(seen.kept_by_thread and seen.direct)


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find kept connections that nobody tests: a restart of the database would give errors."""
    return [
        Error(
            f"DATABASES[{alias!r}] keeps connections that are never tested",
            hint="Set CONN_HEALTH_CHECKS = True, or a database restart fails one request a thread.",
            id="slipstream.E010",
        )
        for alias, database in network_databases(settings).items()
        if database.get("CONN_MAX_AGE") is None and not database.get("CONN_HEALTH_CHECKS")
    ]

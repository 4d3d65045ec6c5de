"""`pgbouncer`: transaction pooling by PgBouncer, with connections to it kept open.

The SCRAM login to the pooler costs most of what a login to Postgres does, so it is done once a thread.
"""

import copy
from collections.abc import Sequence

from django.core.checks import CheckMessage, Error

from slipstream.config import Config
from slipstream.connections.observation import observe, unobservable
from slipstream.errors import NotApplicable
from slipstream.optimization import Evidence, Settings
from slipstream.site import postgres_databases

__all__ = ["DIRECT_ALIAS", "apply", "check", "probe"]

DIRECT_ALIAS = "direct"
"""Goes past the pooler, for what needs a session of its own: migrations, LISTEN, advisory locks."""


def apply(settings: Settings, config: Config) -> None:
    """Send the named databases through the pooler, and keep a direct alias to the default one."""
    for alias in config.pgbouncer.ALIASES:
        database = _database(settings, alias)
        if alias == "default":
            _add_direct(settings, database)
        database["HOST"] = config.pgbouncer.HOST
        database["PORT"] = config.pgbouncer.PORT
        database["CONN_MAX_AGE"] = None
        database["CONN_HEALTH_CHECKS"] = True
        database["DISABLE_SERVER_SIDE_CURSORS"] = True


def _database(settings: Settings, alias: str) -> Settings:
    databases = postgres_databases(settings)
    if alias not in databases:
        raise NotApplicable(
            f"'pgbouncer' cannot pool DATABASES[{alias!r}]: it is not PostgreSQL; name PostgreSQL "
            "databases in SLIPSTREAM['PGBOUNCER']['ALIASES'], or leave it out for this site"
        )
    return databases[alias]


def _add_direct(settings: Settings, database: Settings) -> None:
    direct = copy.deepcopy(database)
    direct["TEST"] = {"MIRROR": "default"}
    settings["DATABASES"].setdefault(DIRECT_ALIAS, direct)


def probe(config: Config) -> Evidence:
    """In force: PgBouncer lists every backend that served us and pools by transaction.

    And the thread stays connected.
    """
    seen = observe(config)
    if seen is None:
        return unobservable()
    by_transaction = seen.pooler is not None and seen.pooler.mode == "transaction"
    return seen.as_evidence(seen.kept_by_thread and by_transaction and seen.pooled == seen.backends)


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:
    """Find what can't work when each transaction may get another backend."""
    databases = postgres_databases(settings)
    return [
        message
        for alias in config.pgbouncer.ALIASES
        if alias in databases
        for message in _unsafe(alias, databases[alias])
    ]


def _unsafe(alias: str, database: Settings) -> Sequence[CheckMessage]:
    options = database.get("OPTIONS", {})
    findings = (
        (
            not database.get("DISABLE_SERVER_SIDE_CURSORS"),
            "uses server-side cursors through a transaction pooler",
            "Set DISABLE_SERVER_SIDE_CURSORS = True: a cursor dies with its transaction's backend.",
            "slipstream.E012",
        ),
        (
            "options" in options,
            "sends the start-up parameter 'options', which PgBouncer refuses",
            "Set such values with ALTER ROLE ... SET, or with SET LOCAL in each transaction.",
            "slipstream.E013",
        ),
        (
            bool(options.get("pool")),
            "has a pool in the process in front of the pooler",
            "Take OPTIONS['pool'] out: connections to the pooler are kept open already.",
            "slipstream.E014",
        ),
    )
    return [
        Error(f"DATABASES[{alias!r}] {fact}", hint=hint, id=identifier)
        for unsafe, fact, hint, identifier in findings
        if unsafe
    ]

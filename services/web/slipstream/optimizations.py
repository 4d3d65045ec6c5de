"""The table of optimizations: settings, validation, the lab's design, the report and tests read it.

A new optimization is one row here, one module, one Compose profile and one page in docs/.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import product

from slipstream import config as configuration
from slipstream.connections import direct, persistent, pgbouncer, pool
from slipstream.errors import ConflictingOptimizations, UnknownOptimization, did_you_mean
from slipstream.fragments import fragment_cache
from slipstream.optimization import Factor, Optimization, Settings
from slipstream.processes import preload
from slipstream.querycache import query_cache
from slipstream.sessions import database_sessions, redis_sessions
from slipstream.site import install_app
from slipstream.templates import cached, compiled_always, jinja2, rust, shared

__all__ = [
    "FACTORS",
    "OPTIMIZATIONS",
    "allowed_sets",
    "apply",
    "by_name",
    "recommended",
    "select",
]

FACTORS: tuple[Factor, ...] = (
    Factor(
        name="sessions",
        baseline="Django's database sessions: one query for the session, one for the user",
        reset=database_sessions.apply,
    ),
    Factor(name="connections", baseline="one connection per request", reset=direct.apply),
    Factor(name="queries", baseline="each query asks the database"),
    Factor(name="templates", baseline="compiled at every render", reset=compiled_always.apply),
    Factor(name="engine", baseline="Django's template engine"),
    Factor(name="pages", baseline="each page is rendered in whole"),
    Factor(name="processes", baseline="each worker loads the site itself"),
)

OPTIMIZATIONS: tuple[Optimization, ...] = (
    Optimization(
        name="redis-sessions",
        factor="sessions",
        recommended=True,
        services=("redis",),
        help="sessions in a Redis of their own: one query less per request",
        apply=redis_sessions.apply,
        probe=redis_sessions.probe,
    ),
    Optimization(
        name="persistent-connections",
        factor="connections",
        recommended=False,
        help="each thread keeps its database connection between requests",
        apply=persistent.apply,
        probe=persistent.probe,
        check=persistent.check,
    ),
    Optimization(
        name="connection-pool",
        factor="connections",
        recommended=False,
        help="Django's own psycopg pool in each process",
        apply=pool.apply,
        probe=pool.probe,
        check=pool.check,
    ),
    Optimization(
        name="pgbouncer",
        factor="connections",
        recommended=True,
        services=("pgbouncer",),
        help="transaction pooling by PgBouncer, connections to it kept open",
        apply=pgbouncer.apply,
        probe=pgbouncer.probe,
        check=pgbouncer.check,
    ),
    Optimization(
        name="query-cache",
        factor="queries",
        recommended=True,
        services=("memcached",),
        help="every ORM read from memcached, dropped by any write to its tables",
        apply=query_cache.apply,
        probe=query_cache.probe,
    ),
    Optimization(
        name="cached-templates",
        factor="templates",
        recommended=True,
        help="templates compiled once per process, warmed at boot",
        apply=cached.apply,
        probe=cached.probe,
        check=cached.check,
    ),
    Optimization(
        name="shared-templates",
        factor="templates",
        recommended=False,
        services=("memcached",),
        help="compiled templates in memcached, for new processes to load instead of compiling",
        apply=shared.apply,
        probe=shared.probe,
        check=shared.check,
    ),
    Optimization(
        name="jinja2",
        factor="engine",
        recommended=False,
        services=("memcached",),
        help="pages that have a Jinja2 template are rendered by Jinja2, byte code cached",
        apply=jinja2.apply,
        probe=jinja2.probe,
        check=jinja2.check,
    ),
    Optimization(
        name="rust-templates",
        factor="engine",
        recommended=False,
        help="the site's Django templates rendered by an engine in Rust, as they are",
        apply=rust.apply,
        probe=rust.probe,
        excludes={"shared-templates": "what that engine compiles can't be put into bytes"},
    ),
    Optimization(
        name="fragment-cache",
        factor="pages",
        recommended=True,
        services=("memcached",),
        help="rendered fragments from memcached, dropped by any write to what they show",
        apply=fragment_cache.apply,
        probe=fragment_cache.probe,
        check=fragment_cache.check,
    ),
    Optimization(
        name="preload",
        factor="processes",
        recommended=True,
        help="gunicorn loads, warms and freezes the site once, then forks its workers",
        apply=preload.apply,
        probe=preload.probe,
        check=preload.check,
    ),
)

by_name: Mapping[str, Optimization] = {row.name: row for row in OPTIMIZATIONS}


def select(names: Iterable[str]) -> tuple[str, ...]:
    """Return the requested names in the order of the table, each once.

    Raises UnknownOptimization and ConflictingOptimizations.
    """
    wanted = set(names)
    for name in sorted(wanted - by_name.keys()):
        raise UnknownOptimization(f"unknown profile {name!r}: {did_you_mean(name, by_name)}")
    chosen: dict[str, str] = {}
    for row in OPTIMIZATIONS:
        if row.name in wanted:
            _only_level(chosen, row)
    for name in chosen.values():
        _without_excluded(by_name[name], chosen.values())
    return tuple(chosen.values())


def _only_level(chosen: dict[str, str], row: Optimization) -> None:
    other = chosen.setdefault(row.factor, row.name)
    if other != row.name:
        raise ConflictingOptimizations(
            f"profiles {other!r} and {row.name!r} exclude each other: both are levels of "
            f"{row.factor!r}; keep one of them"
        )


def _without_excluded(row: Optimization, chosen: Collection[str]) -> None:
    for other, reason in row.excludes.items():
        if other in chosen:
            raise ConflictingOptimizations(
                f"profiles {other!r} and {row.name!r} exclude each other: {reason}; keep one of them"
            )


def recommended() -> tuple[str, ...]:
    """Return the names of the recommended optimizations; they never exclude each other."""
    return select(row.name for row in OPTIMIZATIONS if row.recommended)


def allowed_sets() -> Iterator[tuple[str, ...]]:
    """Yield every set of names that `select` accepts, the empty one first."""
    levels = [
        [None, *(row.name for row in OPTIMIZATIONS if row.factor == factor.name)]
        for factor in FACTORS
    ]
    for choice in product(*levels):
        with suppress(ConflictingOptimizations):
            yield select(name for name in choice if name is not None)


def apply(settings: Settings, active: Iterable[str] | None = None) -> None:
    """Turn optimizations on in a Django settings dictionary: the last line of a settings file.

    settings: `globals()` of the settings module; changed in place.
    active: names of the table; by default those in the variable SLIPSTREAM_ACTIVE.

    Where SLIPSTREAM_BASELINE is 'story', factors without an active level go to their baseline;
    else they stay as the site has them. Raises ConfigurationError.
    """
    config = configuration.read(settings.get("SLIPSTREAM", {}), os.environ, active)
    names = select(config.active)
    configuration.install(config)
    install_app(settings, config)
    if config.baseline == "story":
        _reset(settings)
    if "redis-sessions" not in names:
        database_sessions.move_back(settings, config)
    for name in names:
        by_name[name].apply(settings, config)


def _reset(settings: Settings) -> None:
    for factor in FACTORS:
        if factor.reset:
            factor.reset(settings)

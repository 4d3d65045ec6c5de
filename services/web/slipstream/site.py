"""Small edits of a site's settings that several rows share; nothing here knows an optimization."""

from slipstream.config import Config
from slipstream.errors import NotApplicable
from slipstream.optimization import Settings
from slipstream.templates.backends import django_backends

__all__ = [
    "add_app",
    "add_cache",
    "add_cache_of_generations",
    "add_library",
    "add_memcached",
    "insert_middleware",
    "install_app",
    "network_databases",
    "postgres_databases",
]

MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
LOCAL_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
"""Django's own default, which has to be named once there is another alias."""


def install_app(settings: Settings, config: Config) -> None:
    """Add the app, the health pages and, where exposed, Server-Timing; profiling tools if told to."""
    add_app(settings, "slipstream")
    add_library(settings, "fragments", "slipstream.fragments.tags")
    insert_middleware(settings, "slipstream.operations.OperationsMiddleware")
    if config.expose:
        add_app(settings, "slipstream.timing")
        insert_middleware(settings, "slipstream.timing.middleware.ServerTimingMiddleware")
    if config.profiling:
        from slipstream.profiling.install import install  # noqa: PLC0415 - it uses this module

        install(settings, config)


def add_app(settings: Settings, app: str) -> None:
    """Append to INSTALLED_APPS unless it is there."""
    apps = list(settings.get("INSTALLED_APPS", []))
    settings["INSTALLED_APPS"] = apps if app in apps else [*apps, app]


def add_library(settings: Settings, name: str, module: str, *, instead: bool = False) -> None:
    """Let Django's templates load a library of tags; `instead` of one that the site names itself."""
    for backend in django_backends(settings):
        options = backend["OPTIONS"] = dict(backend.get("OPTIONS", {}))
        given = options.get("libraries", {})
        if instead or name not in given:
            options["libraries"] = {**given, name: module}


def add_cache(settings: Settings, alias: str, entry: Settings) -> None:
    """Put an alias into CACHES; the site's others stay."""
    settings["CACHES"] = {"default": LOCAL_MEMORY, **settings.get("CACHES", {}), alias: entry}


def add_cache_of_generations(settings: Settings, config: Config, name: str) -> None:
    """Add the cache of generations where the site doesn't have it. Raises NotApplicable.

    name: of the optimization that needs it.
    """
    given = config.query_cache
    add_memcached(settings, given.CACHE, given.LOCATION, group="QUERY_CACHE", name=name)


def add_memcached(settings: Settings, alias: str, location: str, *, group: str, name: str) -> None:
    """Add the alias where its server is named; else it has to be there. Raises NotApplicable.

    group: of SLIPSTREAM, that has LOCATION. name: of the optimization that needs it.
    """
    if location:
        add_cache(settings, alias, {"BACKEND": MEMCACHED, "LOCATION": location})
    if alias not in {"default": None, **settings.get("CACHES", {})}:  # Django's own default
        raise NotApplicable(
            f"{name!r} has no cache: CACHES has no alias {alias!r} and SLIPSTREAM"
            f"[{group!r}]['LOCATION'] is empty; set one of them, or leave it out for this site"
        )


def insert_middleware(settings: Settings, middleware: str) -> None:
    """Put a middleware outermost unless it is there."""
    present = list(settings.get("MIDDLEWARE", []))
    settings["MIDDLEWARE"] = present if middleware in present else [middleware, *present]


def network_databases(settings: Settings) -> dict[str, Settings]:
    """Return the databases that a connection has to be opened to, by alias."""
    databases: dict[str, Settings] = settings.get("DATABASES", {})
    return {
        alias: database
        for alias, database in databases.items()
        if not database.get("ENGINE", "").endswith(("sqlite3", "dummy", "spatialite"))
    }


def postgres_databases(settings: Settings) -> dict[str, Settings]:
    """Return the PostgreSQL databases by alias."""
    return {
        alias: database
        for alias, database in network_databases(settings).items()
        if database["ENGINE"].endswith(("postgresql", "postgis"))
    }

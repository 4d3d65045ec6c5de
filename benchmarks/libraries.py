"""Django's settings for each query cache on each cache server; nothing else differs between them."""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.services import Postgres

__all__ = ["LIBRARIES", "SLIPSTREAM", "STORES", "django_settings"]

STORES: Mapping[str, Mapping[str, Any]] = {
    "memcached": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        # Left out, every other message waits 40 ms for an acknowledgement, as pymemcache sends it.
        "OPTIONS": {"no_delay": True},
    },
    "redis": {"BACKEND": "django_redis.cache.RedisCache"},
}
TIMEOUT_SECONDS = 3600
SLIPSTREAM = "slipstream"

Settings = dict[str, Any]


def _none(_url: str, _options: Settings) -> Settings:
    return {"INSTALLED_APPS": []}


def _cachalot(_url: str, _options: Settings) -> Settings:
    return {"INSTALLED_APPS": ["cachalot"], "CACHALOT_TIMEOUT": TIMEOUT_SECONDS}


def _cacheops(url: str, _options: Settings) -> Settings:
    return {
        "INSTALLED_APPS": ["cacheops"],
        "CACHEOPS_REDIS": f"{url}/1",
        "CACHEOPS": {"*.*": {"ops": "all", "timeout": TIMEOUT_SECONDS}},
    }


def _slipstream(_url: str, options: Settings) -> Settings:
    return {"INSTALLED_APPS": ["slipstream.querycache"], "SLIPSTREAM": options}


LIBRARIES: Mapping[str, Callable[[str, Settings], Settings]] = {
    "none": _none,
    "cachalot": _cachalot,
    "cacheops": _cacheops,
    SLIPSTREAM: _slipstream,
}


def django_settings(  # noqa: PLR0913 - what differs between two runs, by name
    *,
    library: str,
    store: str,
    url: str,
    postgres: Postgres,
    database: str,
    apps: list[str],
    slipstream: Settings | None = None,
    application_name: str = "",
) -> Settings:
    """Return the keyword arguments of `settings.configure`.

    url: LOCATION of the cache server. slipstream: what goes into the setting of that name.
    """
    made = LIBRARIES[library](url, slipstream or {})
    return made | {
        "SECRET_KEY": "of a benchmark",
        "USE_TZ": True,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [*apps, *made["INSTALLED_APPS"]],
        "CACHES": {"default": {**STORES[store], "LOCATION": url}},
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": postgres.host,
                "PORT": postgres.port,
                "USER": postgres.user,
                "PASSWORD": postgres.password,
                "NAME": database,
                "CONN_MAX_AGE": None,
                "OPTIONS": {"application_name": application_name},
            }
        },
    }

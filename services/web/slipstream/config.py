"""What slipstream was told, read once into one frozen object: the SLIPSTREAM setting and its environment.

The rows of the table act on it (`optimizations.py`); what a site's other settings say lives there.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from slipstream.errors import ConfigurationError
from slipstream.fragments.settings import FragmentsSettings
from slipstream.generations.settings import GenerationsSettings
from slipstream.querycache.settings import QueryCacheSettings
from slipstream.sessions.settings import SessionsSettings
from slipstream.templates.settings import TemplatesSettings

__all__ = [
    "GROUPS",
    "Config",
    "Jinja2Settings",
    "MonitorSettings",
    "PgBouncerSettings",
    "PoolSettings",
    "current",
    "default_of",
    "install",
    "read",
]

BASELINES = ("site", "story")


@dataclass(frozen=True, kw_only=True)
class PgBouncerSettings:
    """SLIPSTREAM["PGBOUNCER"]: where the pooler listens and which database aliases go through it."""

    HOST: str = "pgbouncer"
    PORT: int = 6432
    ALIASES: tuple[str, ...] = ("default",)


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """SLIPSTREAM["POOL"]: sizes of the psycopg pool in each process, as psycopg_pool defines them."""

    MIN_SIZE: int = 2
    MAX_SIZE: int = 8
    TIMEOUT_SECONDS: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Jinja2Settings:
    """SLIPSTREAM["JINJA2"]: the site's own environment function."""

    ENVIRONMENT: str = ""


@dataclass(frozen=True, kw_only=True)
class MonitorSettings:
    """SLIPSTREAM["MONITOR"]: the role that reads the statistics of Postgres and PgBouncer.

    Without a USER the probes ask as the site's own role, which sees its own connections only.
    """

    USER: str = ""
    PASSWORD_FILE: str = ""


GROUPS: Mapping[str, type[Any]] = {
    "FRAGMENTS": FragmentsSettings,
    "GENERATIONS": GenerationsSettings,
    "JINJA2": Jinja2Settings,
    "MONITOR": MonitorSettings,
    "PGBOUNCER": PgBouncerSettings,
    "POOL": PoolSettings,
    "QUERY_CACHE": QueryCacheSettings,
    "SESSIONS": SessionsSettings,
    "TEMPLATES": TemplatesSettings,
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All that slipstream was told; `active` is what was asked for, not yet validated."""

    active: tuple[str, ...] = ()
    expose: bool = False
    baseline: str = "site"
    profiling: tuple[str, ...] = ()
    fragments: FragmentsSettings = field(default_factory=FragmentsSettings)
    generations: GenerationsSettings = field(default_factory=GenerationsSettings)
    jinja2: Jinja2Settings = field(default_factory=Jinja2Settings)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    pgbouncer: PgBouncerSettings = field(default_factory=PgBouncerSettings)
    pool: PoolSettings = field(default_factory=PoolSettings)
    query_cache: QueryCacheSettings = field(default_factory=QueryCacheSettings)
    sessions: SessionsSettings = field(default_factory=SessionsSettings)
    templates: TemplatesSettings = field(default_factory=TemplatesSettings)


def read(
    setting: Mapping[str, Mapping[str, Any]],
    environ: Mapping[str, str],
    active: Iterable[str] | None = None,
) -> Config:
    """Build the configuration from the SLIPSTREAM setting; SLIPSTREAM_* variables go before it.

    Raises ConfigurationError for a value of the wrong kind. Unknown keys are left to the system
    check `slipstream.E001`, which can name all of them at once.
    """
    names = active if active is not None else names_in(environ.get("SLIPSTREAM_ACTIVE", ""))
    groups = {name.lower(): _group(name, setting.get(name, {}), environ) for name in GROUPS}
    return Config(
        active=tuple(names),
        expose=_flag("SLIPSTREAM_EXPOSE", environ.get("SLIPSTREAM_EXPOSE", "0")),
        baseline=_baseline(environ.get("SLIPSTREAM_BASELINE", "site")),
        profiling=names_in(environ.get("SLIPSTREAM_PROFILING", "")),
        **groups,
    )


def names_in(text: str) -> tuple[str, ...]:
    """Split a list of names as Compose does, at commas; blanks around them do not count."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def default_of(key: Any) -> Any:
    """Return the default of a setting: a field of one of the GROUPS."""
    return key.default if key.default_factory is MISSING else key.default_factory()


def _group(name: str, given: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
    kind = GROUPS[name]
    values = {}
    for key in fields(kind):
        variable = f"SLIPSTREAM_{name}_{key.name}"
        if variable in environ:
            values[key.name] = _convert(variable, environ[variable], default_of(key))
        elif key.name in given:
            values[key.name] = _typed(f"SLIPSTREAM[{name!r}][{key.name!r}]", given, key)
    return kind(**values)


def _convert(variable: str, text: str, default: Any) -> Any:
    if isinstance(default, tuple):
        return names_in(text)
    if isinstance(default, bool):
        return _flag(variable, text)
    try:
        return json.loads(text) if isinstance(default, dict) else type(default)(text)
    except ValueError:
        kind = type(default).__name__
        raise ConfigurationError(
            f"{variable}={text!r} can't be read: it takes {kind}; its default is {default!r}"
        ) from None


def _typed(place: str, given: Mapping[str, Any], key: Any) -> Any:
    value, default = given[key.name], default_of(key)
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(value)
    number = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
    if type(value) is not type(default) and not number:
        kind = type(default).__name__
        raise ConfigurationError(f"{place} is {value!r}: it takes {kind}, by default {default!r}")
    return value


def _flag(variable: str, text: str) -> bool:
    known = {
        "1": True,
        "true": True,
        "yes": True,
        "0": False,
        "false": False,
        "no": False,
        "": False,
    }
    if text.lower() not in known:
        raise ConfigurationError(f"{variable}={text!r} is neither on nor off: set it to 1 or 0")
    return known[text.lower()]


def _baseline(text: str) -> str:
    if text not in BASELINES:
        raise ConfigurationError(
            f"SLIPSTREAM_BASELINE={text!r} is no baseline: set it to 'site' (the site's own "
            "settings) or 'story' (nothing optimized)"
        )
    return text


_installed: list[Config] = []


def install(config: Config) -> None:
    """Make `config` the one that `current` returns in this process."""
    _installed[:] = [config]


def current() -> Config:
    """Return the configuration of this process; without `apply`, that of the SLIPSTREAM setting."""
    if not _installed:
        from django.conf import settings  # noqa: PLC0415 - not configured yet when this is imported

        install(read(getattr(settings, "SLIPSTREAM", {}), os.environ))
    return _installed[0]

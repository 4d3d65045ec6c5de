"""System checks for what makes sessions in Redis unsafe. They read settings, never Redis."""

import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from slipstream.sessions.settings import SessionsSettings, current

__all__ = ["check_sessions"]

ENGINE = "slipstream.sessions.redis"
MIDDLEWARE = "slipstream.sessions.middleware.SessionMiddleware"


def check_sessions(**_kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of a site whose sessions are in Redis."""
    if settings.SESSION_ENGINE != ENGINE:
        return []
    sessions = current()
    return [
        *_check_serializer(),
        *_check_middleware(),
        *_check_alias(sessions),
        *_check_password(sessions),
    ]


def _check_serializer() -> Iterator[CheckMessage]:
    from slipstream.sessions.redis import is_json  # noqa: PLC0415 - an engine's import needs settings

    if not is_json(import_string(settings.SESSION_SERIALIZER)):
        yield Error(
            f"SESSION_SERIALIZER is {settings.SESSION_SERIALIZER!r}, which does not write JSON.",
            hint="Who can write to Redis could run code: remove SESSION_SERIALIZER.",
            id="slipstream.sessions.E001",
        )


def _check_middleware() -> Iterator[CheckMessage]:
    from slipstream.sessions.middleware import SessionMiddleware  # noqa: PLC0415 - as above

    kinds = [import_string(path) for path in settings.MIDDLEWARE]
    if not any(isinstance(kind, type) and issubclass(kind, SessionMiddleware) for kind in kinds):
        yield Error(
            f"MIDDLEWARE has no {MIDDLEWARE!r}: an outage of Redis would delete cookies.",
            hint="Put it where django.contrib.sessions.middleware.SessionMiddleware stands; "
            "a middleware of your own must be a subclass of it.",
            id="slipstream.sessions.E002",
        )


def _check_alias(sessions: SessionsSettings) -> Iterator[CheckMessage]:
    from django_redis.cache import RedisCache  # noqa: PLC0415 - as above

    entry = settings.CACHES.get(sessions.ALIAS, {})
    backend = import_string(entry["BACKEND"]) if entry else None
    if not (isinstance(backend, type) and issubclass(backend, RedisCache)):
        yield Error(
            f"CACHES[{sessions.ALIAS!r}], for the sessions, is no django-redis cache.",
            hint="Set it to slipstream.sessions.settings.cache_settings(...), "
            "or SLIPSTREAM['SESSIONS']['ALIAS'] to such an alias.",
            id="slipstream.sessions.E003",
        )
    elif shared := _aliases_beside(sessions.ALIAS, entry["LOCATION"]):
        yield Error(
            f"CACHES[{sessions.ALIAS!r}] holds the sessions and is {shared[0]!r}, too: "
            "clearing that cache logs every visitor out, and a full one refuses logins.",
            hint="Give the sessions a Redis of their own.",
            id="slipstream.sessions.E004",
        )


def _aliases_beside(alias: str, location: Any) -> list[str]:
    if alias == "default":
        return ["default"]
    others = {name: entry.get("LOCATION") for name, entry in settings.CACHES.items()}
    return [name for name, other in others.items() if name != alias and other == location]


def _check_password(sessions: SessionsSettings) -> Iterator[CheckMessage]:
    # A warning only: a command that needs no session may run where the file can't be read.
    if sessions.PASSWORD_FILE and not os.access(sessions.PASSWORD_FILE, os.R_OK):
        yield CheckWarning(
            f"SLIPSTREAM['SESSIONS']['PASSWORD_FILE'] is {sessions.PASSWORD_FILE!r}, "
            "which this process can't read: no session can be read or saved.",
            hint="Let the group of this process read the file.",
            id="slipstream.sessions.W001",
        )

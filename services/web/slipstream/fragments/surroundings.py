"""What every rendering depends on besides its values: part of each key, without being named."""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.urls import get_script_prefix, get_urlconf
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from slipstream.generations.writes import written_by
from slipstream.querycache.keys import typed

__all__ = ["surroundings"]


def surroundings(request: Any, version: str) -> str:
    """Return them as one text: site, language, time zone, how URLs are made, and the database session."""
    match = getattr(request, "resolver_match", None)
    parts = (
        version,
        get_language() if settings.USE_I18N else None,
        get_current_timezone_name(),
        get_script_prefix(),
        get_urlconf(),
        match and match.namespace,
        getattr(request, "current_app", None),
        written_by(connections[DEFAULT_DB_ALIAS]).place,
        *_sessions(),
    )
    return typed("", repr(parts))


def _sessions() -> list[str]:
    found = ((one.alias, written_by(one)) for one in connections.all(initialized_only=True))
    return [f"{alias} {written.session.key}" for alias, written in found if written.session.key]

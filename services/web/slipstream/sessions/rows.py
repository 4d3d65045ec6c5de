"""The rows of django_session, as sessions that move see them. Redis is the callers' business."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import router, transaction
from django.utils import timezone

from slipstream.sessions import keys

if TYPE_CHECKING:
    from django.db.models import QuerySet

__all__ = [
    "delete",
    "exists",
    "made",
    "remaining_ms",
    "sessions",
    "table",
    "take",
    "unhash",
    "using",
]

Put = Callable[[str, int], None]
"""Stores a row's data, as encoded, for as many milliseconds as it has left."""


def table() -> Any:
    """Return the model of Django's sessions."""
    from django.contrib.sessions.models import Session  # noqa: PLC0415 - needs the apps

    return Session


def using() -> str:
    """Return the alias of the database that sessions are written to."""
    return router.db_for_write(table())


def sessions() -> "QuerySet[Any]":
    """Return all rows."""
    rows: QuerySet[Any] = table()._default_manager.using(using()).all()
    return rows


def take(session_key: str, put: Put) -> bool:
    """Move a session that hasn't expired out of the table, by `put`; say whether there was one.

    The DELETE is the claim: of two requests that move the same row one waits for the other, and
    deletes nothing then. Where `put` raises, the row stays.
    """
    row = _rows(session_key).filter(expire_date__gt=timezone.now()).first()
    if row is None:
        return False
    with transaction.atomic(using=using()):
        deleted, _ = sessions().filter(pk=row.pk).delete()
        if deleted:
            put(row.session_data, remaining_ms(row.expire_date))
    return bool(deleted)


def exists(session_key: str) -> bool:
    """Say whether the table has this session."""
    return _rows(session_key).exists()


def delete(session_key: str) -> None:
    """Delete the session of this key."""
    _rows(session_key).delete()


def unhash(session_key: str) -> bool:
    """Give a row that came out of Redis its visitor's key; say whether there was one."""
    hashed = sessions().filter(pk=keys.hashed_row(session_key), expire_date__gt=timezone.now())
    return bool(hashed.update(session_key=session_key))


def made(primary_key: str, session_data: str, milliseconds: int) -> Any:
    """Return a row that isn't stored yet; without a lifetime (-1, to Redis) it gets the longest."""
    seconds = milliseconds / 1000 if milliseconds > 0 else settings.SESSION_COOKIE_AGE
    expire_date = timezone.now() + timedelta(seconds=seconds)
    return table()(session_key=primary_key, session_data=session_data, expire_date=expire_date)


def remaining_ms(expire_date: datetime) -> int:
    """Return how long a row has to live, in milliseconds; at least one."""
    return max(1, int((expire_date - timezone.now()).total_seconds() * 1000))


def _rows(session_key: str) -> "QuerySet[Any]":
    if not keys.is_session_key(session_key):
        return sessions().none()
    return sessions().filter(pk__in=(session_key, keys.hashed_row(session_key)))

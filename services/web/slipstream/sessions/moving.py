"""Where a session may be besides its hashed key in Redis, and how it gets there.

A visitor's cookie is what finds it. Moving all of them at once is `bulk.py`'s, the way back is
`backward.py`'s.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from redis.exceptions import ResponseError

from slipstream.sessions import keys
from slipstream.sessions.settings import current

__all__ = ["forget", "raw_of_row", "rehash", "take_row", "waits"]

NO_SUCH_KEY = "no such key"


def rehash(client: Any, session_key: str) -> bytes | None:
    """Rename what an earlier version stored under the key itself; return what is stored by now.

    In one round trip: another request may have renamed it since this one looked.
    """
    hashed = keys.in_redis(session_key)
    with client.pipeline(transaction=False) as pipe:
        pipe.renamenx(keys.unhashed(session_key), hashed)
        pipe.get(hashed)
        renamed, raw = pipe.execute(raise_on_error=False)
    for answer in (renamed, raw):
        if isinstance(answer, Exception) and not _is_missing(answer):
            raise answer
    return raw  # type: ignore[no-any-return]


def _is_missing(error: Exception) -> bool:
    return isinstance(error, ResponseError) and NO_SUCH_KEY in str(error)


def take_row(session_key: str, put: Callable[[bytes, int], None]) -> bool:
    """Move the row of django_session by `put`, where MOVE_FROM says so.

    True: look in Redis again, there was a row or another request may have just moved it.
    """
    if not _from_database():
        return False
    from slipstream.sessions import rows  # noqa: PLC0415 - needs django.contrib.sessions

    rows.take(session_key, lambda data, milliseconds: put(raw_of_row(data), milliseconds))
    return True


def waits(session_key: str) -> bool:
    """Say whether a row of this session has yet to be moved."""
    if not _from_database():
        return False
    from slipstream.sessions import rows  # noqa: PLC0415 - as above

    return rows.exists(session_key)


def forget(session_key: str) -> None:
    """Delete the row, too: left behind where a request failed after it had moved it.

    Else a session that was logged out would be moved again.
    """
    if _from_database():
        from slipstream.sessions import rows  # noqa: PLC0415 - as above

        rows.delete(session_key)


def raw_of_row(session_data: str) -> bytes:
    """Return what Redis stores of a row's signed data."""
    engine = import_module("django.contrib.sessions.backends.db")
    store = engine.SessionStore()
    raw: bytes = store.serializer().dumps(store.decode(session_data))
    return raw


def _from_database() -> bool:
    return current().MOVE_FROM == "database"

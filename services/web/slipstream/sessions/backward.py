"""The way of one session from Redis back into django_session, found by the visitor's cookie.

All of them at once, under hashes that the cookie finds later, are `bulk.py`'s.
"""

import json
from contextlib import suppress
from functools import partial
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, transaction

from slipstream.sessions import connection, keys, rows
from slipstream.sessions.errors import SessionUnavailable

__all__ = ["data_of_raw", "fetch", "forget"]


def fetch(session_key: str) -> None:
    """Bring a session that Redis or a hashed row has into the table, under its own key.

    Raises SessionUnavailable where Redis can't be asked. The caller reads the row then: another
    request may have brought it.
    """
    if rows.unhash(session_key):
        return
    name, raw, milliseconds = connection.call(partial(_read, session_key), write=False)
    if raw is None:
        return
    with suppress(_TakenMeanwhile, IntegrityError), transaction.atomic(using=rows.using()):
        row = rows.made(session_key, data_of_raw(raw), milliseconds)
        row.save(force_insert=True, using=rows.using())
        # Our uncommitted row keeps others from inserting theirs. What Redis doesn't have any more
        # was moved by one who was faster, and may have been logged out since.
        if not connection.call(lambda client: client.exists(name), write=False):
            raise _TakenMeanwhile
        transaction.on_commit(partial(_delete_quietly, session_key), using=rows.using())


def forget(session_key: str) -> None:
    """Delete what is left of this session, in Redis first: a request that moves it finds it gone.

    Redis away: nobody can be kept from logging out for that.
    """
    _delete_quietly(session_key)
    rows.delete(session_key)


def data_of_raw(raw: bytes) -> str:
    """Return what a row stores of the JSON in Redis; nothing else is ever loaded from there."""
    try:
        data = json.loads(raw)
    except ValueError:
        data = None
    return SessionStore().encode(data if isinstance(data, dict) else {})


class _TakenMeanwhile(Exception):
    pass


def _read(session_key: str, client: Any) -> tuple[str, bytes | None, int]:
    """Return where it is, what it is and how long it lives, in one round trip."""
    names = keys.all_in_redis(session_key)
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.get(name)
            pipe.pttl(name)
        answers = pipe.execute()
    for name, raw, milliseconds in zip(names, answers[::2], answers[1::2], strict=True):
        if raw is not None:
            return name, raw, milliseconds
    return names[0], None, 0


def _delete_quietly(session_key: str) -> None:
    with suppress(SessionUnavailable):
        names = keys.all_in_redis(session_key)
        connection.call(lambda client: client.delete(*names), write=True)

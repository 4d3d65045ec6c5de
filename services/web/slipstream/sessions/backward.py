"""The way of one session from Redis back into django_session, found by the visitor's cookie.

All of them at once, under hashes that the cookie finds later, are `bulk.py`'s.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, transaction

from slipstream.sessions import connection, keys, rows
from slipstream.sessions.errors import SessionUnavailable

__all__ = ["data_of_raw", "fetch", "forget", "read"]


def fetch(session_key: str) -> None:
    """Bring a session that Redis or a hashed row has into the table, under its own key.

    Raises SessionUnavailable where Redis can't be asked. The caller reads the row then: another
    request may have brought it.
    """
    if rows.unhash(session_key):
        return
    names = keys.all_in_redis(session_key)
    found = connection.call(lambda client: read(client, names), write=False)
    if not found:
        return
    name, (raw, milliseconds) = next(iter(found.items()))
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


def read(client: Any, names: Sequence[str]) -> dict[str, tuple[bytes, int]]:
    """Return what is under those names that exist, in their order, and how many ms each has left."""
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.get(name)
            pipe.pttl(name)
        answers = pipe.execute()
    found = zip(names, answers[::2], answers[1::2], strict=True)
    return {name: (raw, milliseconds) for name, raw, milliseconds in found if raw is not None}


class _TakenMeanwhile(Exception):
    pass


def _delete_quietly(session_key: str) -> None:
    with suppress(SessionUnavailable):
        names = keys.all_in_redis(session_key)
        connection.call(lambda client: client.delete(*names), write=True)

"""The session engine: Django's SessionStore over Redis, one round trip to read, three to save.

An outage is noted on the store (`unavailable`); the answer to the visitor is `middleware.py`'s.
Where else a session may still be is `moving.py`'s.
"""

import json
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.contrib.sessions.backends.base import (
    VALID_KEY_CHARS,
    CreateError,
    SessionBase,
    UpdateError,
)
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import get_random_string

from slipstream.sessions import connection, fullness, keys, moving
from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.merging import merged

__all__ = ["SessionStore", "is_json"]

logger = logging.getLogger("slipstream.sessions")

KEY_LENGTH = 32


class SessionStore(SessionBase):
    """A session in Redis.

    Once a command failed, the session is `unavailable` for the rest of the request: it reads as
    empty where it wasn't loaded before, and every attempt to save it raises SessionUnavailable.
    The async methods are SessionBase's: these, in a thread.
    """

    unavailable = False
    on_unavailable: Callable[[], None] | None = None
    # What this request loaded, or saved last: what differs from it is what the request changed.
    # None where nothing was loaded: then a save replaces all.
    _base: bytes | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        _require_json(self.serializer)

    def load(self) -> dict[str, Any]:
        """Return the stored data; empty where there is none, or where Redis can't be asked.

        The key is given up only where Redis said that there is no such session: without a key,
        Django deletes the visitor's cookie.
        """
        try:
            raw = self._read(self.session_key or "")
        except SessionUnavailable:
            return {}
        if raw is None:
            self._session_key = None
            return {}
        self._base = raw
        return self._decode(raw)

    def exists(self, session_key: str | None) -> bool:
        """Say whether there is a session of this key."""
        if not session_key:
            return False
        names = keys.all_in_redis(session_key)
        found = self._call(lambda client: client.exists(*names), write=False)
        return bool(found) or moving.waits(session_key)

    def create(self) -> None:
        """Store the session under a new key. SET NX makes sure of that, without asking before."""
        previous = self.session_key
        while True:
            self._session_key = get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            except SessionUnavailable:
                self._session_key = previous
                raise
            self.modified = True
            fullness.look_if_due()
            return

    def save(self, must_create: bool = False) -> None:
        """Store the data: SET NX for a new session, else merge it into one that is still there.

        Raises CreateError, UpdateError (as all engines do) or SessionUnavailable.
        """
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if self.session_key is None:  # loading it said that there is no such session
            raise UpdateError
        raw = self.serializer().dumps(data)
        write = self._insert if must_create else self._merge
        if not write(keys.in_redis(self.session_key), raw, data):
            raise CreateError if must_create else UpdateError
        self._base = raw
        return None

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session of this key, or this one, wherever it is."""
        session_key = session_key or self.session_key
        if session_key is not None:
            moving.forget(session_key)
            names = keys.all_in_redis(session_key)
            self._call(lambda client: client.delete(*names), write=True)

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: Redis drops a session when its time is over."""

    def _read(self, session_key: str) -> bytes | None:
        key = keys.in_redis(session_key)
        raw: bytes | None = self._call(lambda client: client.get(key), write=False)
        if raw is None and keys.is_session_key(session_key):
            raw = self._call(lambda client: moving.rehash(client, session_key), write=True)
            # Whoever moved a row just now has taken it away from us, and put it into Redis.
            if raw is None and self._moved_row(session_key):
                raw = self._call(lambda client: client.get(key), write=False)
        return raw

    def _moved_row(self, session_key: str) -> bool:
        def put(raw: bytes, milliseconds: int) -> None:
            key = keys.in_redis(session_key)
            self._call(lambda client: client.set(key, raw, px=milliseconds, nx=True), write=True)

        return moving.take_row(session_key, put)

    def _insert(self, key: str, raw: bytes, data: dict[str, Any]) -> bool:
        milliseconds = self._lifetime_ms(data)
        if milliseconds <= 0:  # expired already; SET takes no such time
            return True
        return bool(
            self._call(lambda client: client.set(key, raw, px=milliseconds, nx=True), write=True)
        )

    def _merge(self, key: str, raw: bytes, data: dict[str, Any]) -> bool:
        """WATCH, so that what another request saves between our GET and our SET starts this anew."""

        def transaction(pipe: Any) -> bool:
            stored = pipe.get(key)
            pipe.multi()
            if stored is not None:
                self._queue(pipe, key, *self._merged(stored, raw, data))
            return stored is not None

        return bool(
            self._call(
                lambda client: client.transaction(transaction, key, value_from_callable=True),
                write=True,
            )
        )

    def _merged(
        self, stored: bytes, raw: bytes, data: dict[str, Any]
    ) -> tuple[bytes, dict[str, Any]]:
        if self._base in (None, stored):
            return raw, data
        dumps = self.serializer().dumps
        both = merged(self._decode(self._base or b""), data, self._decode(stored), dumps)
        return dumps(both), both

    def _queue(self, pipe: Any, key: str, raw: bytes, data: dict[str, Any]) -> None:
        milliseconds = self._lifetime_ms(data)
        if milliseconds <= 0:
            pipe.delete(key)
        else:
            pipe.set(key, raw, px=milliseconds, xx=True)

    def _lifetime_ms(self, data: dict[str, Any]) -> int:
        return int(self.get_expiry_age(expiry=data.get("_session_expiry")) * 1000)

    def _call(self, command: Callable[[Any], Any], *, write: bool) -> Any:
        if self.unavailable:
            raise SessionUnavailable(
                "sessions are unavailable: they were so earlier in the request"
            )
        try:
            return connection.call(command, write=write)
        except SessionUnavailable:
            self.unavailable = True
            if self.on_unavailable is not None:
                self.on_unavailable()
            raise

    def _decode(self, raw: bytes) -> dict[str, Any]:
        try:
            data = self.serializer().loads(raw)
        except ValueError:
            data = None
        if isinstance(data, dict):
            return data
        logger.warning("session data is no JSON object: read as empty, and replaced when saved")
        return {}


@lru_cache
def is_json(serializer: Callable[[], Any]) -> bool:
    """Say whether this serializer, as in SESSION_SERIALIZER, writes JSON."""
    sample = {"key": "value"}
    try:
        return bool(json.loads(serializer().dumps(sample)) == sample)
    except (ValueError, TypeError):
        return False


def _require_json(serializer: Callable[[], Any]) -> None:
    if not is_json(serializer):
        name = getattr(serializer, "__qualname__", serializer)
        raise ImproperlyConfigured(
            f"SESSION_SERIALIZER is {name!r}, which does not write JSON: who can write to Redis "
            "could run code; remove the setting"
        )

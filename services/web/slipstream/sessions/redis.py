"""The session engine: Django's SessionStore over Redis, one round trip to read and one to save.

An outage is noted on the store (`unavailable`); the answer to the visitor is `middleware.py`'s.
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

from slipstream.sessions import connection
from slipstream.sessions.errors import SessionUnavailable

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

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        _require_json(self.serializer)

    def load(self) -> dict[str, Any]:
        """Return the stored data; empty where there is none, or where Redis can't be asked.

        The key is given up only where Redis said that there is no such session: without a key,
        Django deletes the visitor's cookie.
        """
        key = connection.key_for(self.session_key or "")
        try:
            raw = self._call(lambda client: client.get(key), write=False)
        except SessionUnavailable:
            return {}
        if raw is None:
            self._session_key = None
            return {}
        return self._decode(raw)

    def exists(self, session_key: str | None) -> bool:
        """Say whether there is a session of this key."""
        if not session_key:
            return False
        key = connection.key_for(session_key)
        return bool(self._call(lambda client: client.exists(key), write=False))

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
            return

    def save(self, must_create: bool = False) -> None:
        """Store the data: SET NX for a new session, SET XX for one that must still be there.

        Raises CreateError, UpdateError (as all engines do) or SessionUnavailable.
        """
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        raw = self.serializer().dumps(data)
        written = self._write(self.session_key, raw, int(self.get_expiry_age() * 1000), must_create)
        if written:
            return None
        raise CreateError if must_create else UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session of this key, or this one."""
        session_key = session_key or self.session_key
        if session_key is not None:
            key = connection.key_for(session_key)
            self._call(lambda client: client.delete(key), write=True)

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: Redis drops a session when its time is over."""

    def _write(self, session_key: str, raw: bytes, milliseconds: int, must_create: bool) -> bool:
        key = connection.key_for(session_key)
        if milliseconds <= 0:  # expired already; SET takes no such time
            return bool(self._call(lambda c: c.delete(key), write=True)) or must_create
        result = self._call(
            lambda c: c.set(key, raw, px=milliseconds, nx=must_create, xx=not must_create),
            write=True,
        )
        return bool(result)

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

"""Django's database sessions on the way back from Redis: what the table misses is looked for there.

A hash in Redis can't be turned back into a session key: the visitor's cookie has it. The way to
Redis is `moving.py`'s.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db

from slipstream.sessions import backward, keys
from slipstream.sessions.errors import SessionUnavailable

__all__ = ["SessionStore"]


class SessionStore(db.SessionStore):
    """A session in django_session, moved there from Redis where it has to be.

    The name is that of Django's class, with which it signs the data.
    """

    # Redis could not be asked for a session that the table doesn't have.
    _unknown = False

    def load(self) -> dict[str, Any]:
        """Return the stored data; empty where there is none.

        Where Redis can't be asked, the key is kept: without one, Django deletes the visitor's
        cookie.
        """
        key = self.session_key
        if key is not None and keys.is_hashed_row(key):
            self._session_key = None
            return {}
        data: dict[str, Any] = super().load()
        if self._session_key is not None or not keys.is_session_key(key):
            return data
        self._session_key = key
        try:
            backward.fetch(str(key))
        except SessionUnavailable:
            self._unknown = True
            return {}
        return super().load()

    async def aload(self) -> dict[str, Any]:
        """Load, in a thread."""
        return await sync_to_async(self.load)()

    def save(self, must_create: bool = False) -> None:
        """Store the data; under a new key where the session of this one could not be asked for."""
        unknown, self._unknown = self._unknown, False
        if unknown and not must_create:
            self._session_key = None
        super().save(must_create)

    async def asave(self, must_create: bool = False) -> None:
        """Save, in a thread."""
        await sync_to_async(self.save)(must_create)

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session of this key, or this one, wherever it is."""
        session_key = session_key or self.session_key
        if keys.is_session_key(session_key):
            backward.forget(str(session_key))
        elif session_key is not None:
            super().delete(session_key)

    async def adelete(self, session_key: str | None = None) -> None:
        """Delete, in a thread."""
        await sync_to_async(self.delete)(session_key)

"""What a session is called where it is stored: by a hash of its key, which gives no login.

The session key itself is in the visitor's cookie alone.
"""

import hashlib
import re

from django.core.cache import caches

from slipstream.sessions.settings import current

__all__ = [
    "ROW_PREFIX",
    "all_in_redis",
    "digest",
    "hashed_row",
    "in_redis",
    "is_hashed_row",
    "is_session_key",
    "prefix",
    "row_of_redis_key",
    "unhashed",
]

PREFIX = "session:"
ROW_PREFIX = "h:"
# django_session.session_key takes 40 characters. 152 bits of SHA-256 are as good against guessing
# as the 165 bits of a session key.
ROW_HEX_DIGITS = 38

HASHED = re.compile(r"[0-9a-f]{64}")
MADE_BY_DJANGO = re.compile(r"[a-z0-9]{32}")


def in_redis(session_key: str) -> str:
    """Return the key in Redis, with the prefix and the version of the cache alias."""
    return _made(digest(session_key))


def unhashed(session_key: str) -> str:
    """Return the key under which earlier versions of slipstream stored this session.

    Only for what `is_session_key` accepts: a hash taken out of Redis, sent as a cookie, would else
    be found as the name of its own entry.
    """
    return _made(session_key)


def is_session_key(text: str | None) -> bool:
    """Say whether Django could have made this session key, which no hash here looks like."""
    return MADE_BY_DJANGO.fullmatch(text or "") is not None


def all_in_redis(session_key: str) -> list[str]:
    """Return the keys in Redis under which this session may be, the present one first."""
    names = [in_redis(session_key)]
    return [*names, unhashed(session_key)] if is_session_key(session_key) else names


def is_hashed_row(text: str) -> bool:
    """Say whether this is the primary key of such a row: as a cookie it must find nothing."""
    return text.startswith(ROW_PREFIX)


def hashed_row(session_key: str) -> str:
    """Return the primary key of a row of django_session that came out of Redis."""
    return ROW_PREFIX + digest(session_key)[:ROW_HEX_DIGITS]


def row_of_redis_key(key: str) -> str | None:
    """Return the same of a key in Redis, an unhashed one as well; None where it is no session."""
    name = key.removeprefix(prefix())
    if is_session_key(name):
        return hashed_row(name)
    return ROW_PREFIX + name[:ROW_HEX_DIGITS] if HASHED.fullmatch(name) else None


def prefix() -> str:
    """Return what each key of a session in Redis begins with."""
    return _made("")


def digest(session_key: str) -> str:
    """Return the hash that stands for this key wherever it is stored."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def _made(name: str) -> str:
    return caches[current().ALIAS].make_key(PREFIX + name)

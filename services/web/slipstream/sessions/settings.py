"""SLIPSTREAM["SESSIONS"] as one frozen object, and the cache alias that follows from it.

What becomes of them in a site's settings is up to `slipstream.optimizations`.
"""

from dataclasses import dataclass
from typing import Any

__all__ = ["SessionsSettings", "cache_settings", "current"]


@dataclass(frozen=True, kw_only=True)
class SessionsSettings:
    """SLIPSTREAM["SESSIONS"]: the Redis that holds sessions and nothing else.

    PASSWORD_FILE is read at each new connection, so that a rotated password needs no restart.
    """

    ALIAS: str = "sessions"
    HOST: str = "redis"
    PORT: int = 6379
    DATABASE: int = 0
    USERNAME: str = ""
    PASSWORD_FILE: str = ""
    CONNECT_TIMEOUT_SECONDS: float = 0.25
    READ_TIMEOUT_SECONDS: float = 0.5
    BREAKER_SECONDS: float = 1.0
    RETRY_AFTER_SECONDS: int = 5


def cache_settings(sessions: SessionsSettings) -> dict[str, Any]:
    """Return the entry of CACHES for `sessions.ALIAS`; the location holds no user and no password.

    SERIALIZER matters to those only who use the alias as a cache: the session engine writes JSON
    whatever it says.
    """
    host = f"[{sessions.HOST}]" if ":" in sessions.HOST else sessions.HOST
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"redis://{host}:{sessions.PORT}/{sessions.DATABASE}",
        "OPTIONS": {
            "CONNECTION_FACTORY": "slipstream.sessions.pool.ConnectionFactory",
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "USERNAME": sessions.USERNAME,
            "PASSWORD_FILE": sessions.PASSWORD_FILE,
            "SOCKET_CONNECT_TIMEOUT": sessions.CONNECT_TIMEOUT_SECONDS,
            "SOCKET_TIMEOUT": sessions.READ_TIMEOUT_SECONDS,
        },
    }


def current() -> SessionsSettings:
    """Return the session settings of this process."""
    from slipstream import config  # noqa: PLC0415 - config is made of this module's settings

    return config.current().sessions

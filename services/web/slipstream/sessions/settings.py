"""SLIPSTREAM["SESSIONS"] as one frozen object, and the cache alias that follows from it.

What becomes of them in a site's settings is up to `slipstream.optimizations`.
"""

from dataclasses import dataclass
from typing import Any

from slipstream.errors import ConfigurationError

__all__ = ["SessionsSettings", "cache_settings", "current"]

MOVABLE = ("", "database")


@dataclass(frozen=True, kw_only=True)
class SessionsSettings:
    """SLIPSTREAM["SESSIONS"]: the Redis that holds sessions and nothing else.

    PASSWORD_FILE is read at each new connection, so that a rotated password needs no restart.
    MOVE_FROM: 'database' moves a visitor's session from there at the next request. MOVE_BACK: without
    `redis-sessions`, move it from Redis into the database likewise. WARN_ABOVE: share of Redis's
    memory limit, from 0 to 1.
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
    MOVE_FROM: str = ""
    MOVE_BACK: bool = False
    WARN_ABOVE: float = 0.8

    def __post_init__(self) -> None:
        if self.MOVE_FROM not in MOVABLE:
            raise ConfigurationError(
                f"SLIPSTREAM['SESSIONS']['MOVE_FROM'] is {self.MOVE_FROM!r}: sessions can be moved "
                "from the table of Django's own only; set it to 'database', or leave it out"
            )
        if not 0 < self.WARN_ABOVE <= 1:
            raise ConfigurationError(
                f"SLIPSTREAM['SESSIONS']['WARN_ABOVE'] is {self.WARN_ABOVE!r}, no share of Redis's "
                "memory: set it above 0 and up to 1 (default 0.8)"
            )


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

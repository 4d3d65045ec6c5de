"""Connections to the Redis of the sessions: its own pools, short time-outs, one quick reconnect.

What a lost connection means to a visitor is decided in `connection.py` and `middleware.py`.
"""

from pathlib import Path
from typing import Any, ClassVar

from django_redis.pool import ConnectionFactory as RedisConnectionFactory
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

__all__ = ["ConnectionFactory", "PasswordFile"]

# A process has a connection for each thread that holds a session; this only stops a runaway.
MAX_CONNECTIONS = 1024


class PasswordFile(CredentialProvider):
    """Reads the password at each new connection, so that a rotated one needs no restart."""

    def __init__(self, username: str, path: str) -> None:
        self._username = username
        self._path = path

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return what AUTH takes. Raises OSError where the file can't be read."""
        # One trailing newline, which editors add, is not part of the password.
        password = Path(self._path).read_bytes().decode().removesuffix("\n")
        return (self._username, password) if self._username else (password,)


class ConnectionFactory(RedisConnectionFactory):  # type: ignore[misc] # django-redis is untyped
    """django-redis's factory, with pools of its own.

    django-redis keeps pools by location alone: an alias with the same location would share its
    time-outs with the sessions, or give them its own.
    """

    _pools: ClassVar[dict[str, Any]] = {}

    def make_connection_params(self, url: str) -> dict[str, Any]:
        """Return what a connection is made from; see `redis.connection.Connection`."""
        params: dict[str, Any] = super().make_connection_params(url)
        path = self.options.get("PASSWORD_FILE")
        if path:
            params["credential_provider"] = PasswordFile(params.pop("username", ""), path)
        # RESP2 and no driver_info: a login, a database, no further round trips. One retry, without
        # waiting, is for a connection that a restart of Redis killed in the pool; a time-out is not
        # tried again, it would hold the visitor up twice.
        return params | {
            "protocol": 2,
            "driver_info": None,
            "max_connections": MAX_CONNECTIONS,
            "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            "socket_keepalive": True,
        }

"""Whether sessions can be read and saved now, and for how long yet, for the health check `ready`."""

from dataclasses import dataclass

from slipstream.sessions import connection, fullness, keys
from slipstream.sessions.errors import SessionUnavailable

__all__ = ["Status", "status"]

HEALTH_KEY = "health"
HEALTH_MILLISECONDS = 1000


@dataclass(frozen=True, kw_only=True)
class Status:
    """One line each for the operator: why sessions can't be had, and what will soon be a reason."""

    reason: str = ""
    warning: str = ""

    @property
    def available(self) -> bool:
        """Say whether sessions can be read and saved now."""
        return not self.reason


def status() -> Status:
    """Ask Redis by a write, which a full, read-only or loading one refuses as it would a login.

    Takes at most the time-outs of the session settings; while the breaker is open, no time.
    """
    key = keys.prefix() + HEALTH_KEY
    try:
        connection.call(lambda client: client.set(key, b"1", px=HEALTH_MILLISECONDS), write=True)
        connection.call(lambda client: client.exists(key), write=False)
        warning = connection.call(fullness.warning, write=False)
    except SessionUnavailable as error:
        return Status(reason=str(error))
    return Status(warning=warning)

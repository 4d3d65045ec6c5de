"""Says before Redis is full that it will be: a full one refuses every login.

Also where it would rather evict sessions, which logs visitors out.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from slipstream.outage import Outage
from slipstream.sessions import connection
from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.settings import current

__all__ = ["Memory", "look_if_due", "memory", "warning"]

LOOK_SECONDS = 60.0

_filling = Outage(
    what="Redis of the sessions is filling up",
    consequence="once it is full nobody can log in: raise maxmemory, or shorten SESSION_COOKIE_AGE",
    logger="slipstream.sessions",
)
_evicting = Outage(
    what="Redis of the sessions would evict sessions",
    consequence="visitors would be logged out: set maxmemory-policy noeviction",
    logger="slipstream.sessions",
)
_looked_at: list[float] = []


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Redis's own figures, in bytes; a limit of 0 is none."""

    used_bytes: int
    limit_bytes: int
    policy: str

    @property
    def share(self) -> float:
        """Return the used share of the limit, 0 without one."""
        return self.used_bytes / self.limit_bytes if self.limit_bytes else 0.0


def memory(client: Any) -> Memory:
    """Ask Redis."""
    told = client.info("memory")
    return Memory(
        used_bytes=int(told["used_memory"]),
        limit_bytes=int(told["maxmemory"]),
        policy=str(told["maxmemory_policy"]),
    )


def warning(client: Any) -> str:
    """Return what the operator has to do something about, in one line, and log its begin and end.

    Empty, too, where Redis won't say (INFO is forbidden, or renamed).
    """
    try:
        seen = memory(client)
    except ResponseError:
        return ""
    reasons = (_noted(_filling, _fills(seen)), _noted(_evicting, _evicts(seen)))
    return "; ".join(reason for reason in reasons if reason)


def look_if_due() -> None:
    """Look once a minute, for a site whose `ready` nobody asks for; what fails is not the visitor's."""
    now = time.monotonic()
    if not _looked_at or now - _looked_at[0] >= LOOK_SECONDS:
        _looked_at[:] = [now]
        with suppress(SessionUnavailable):
            connection.call(warning, write=False)


def _noted(outage: Outage, reason: str) -> str:
    if reason:
        outage.begin(reason)
    else:
        outage.end()
    return reason


def _fills(seen: Memory) -> str:
    if seen.share < current().WARN_ABOVE:
        return ""
    mib = 2**20
    used, limit = seen.used_bytes / mib, seen.limit_bytes / mib
    return f"{seen.share:.0%} of its memory is used ({used:.0f} of {limit:.0f} MiB)"


def _evicts(seen: Memory) -> str:
    return "" if seen.policy == "noeviction" else f"its maxmemory-policy is {seen.policy!r}"

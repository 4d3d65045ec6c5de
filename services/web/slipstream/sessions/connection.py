"""The one way to the Redis of the sessions: each command reports to the breaker and the outages.

What its keys look like is in `keys.py`; values are `redis.py`'s business.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError, ResponseError

from slipstream.outage import Breaker, Outage
from slipstream.sessions.database_sessions import MOVING_BACK
from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.settings import current

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["REFUSED", "breaker", "call"]

T = TypeVar("T")

AWAY_SECONDS = 30.0

_outage = partial(
    Outage,
    consequence="visitors keep their cookies and may try again",
    logger="slipstream.sessions",
)

# A full or read-only Redis refuses writes while it still answers reads: visitors who are logged in
# can go on, so that a refusal does not open the breaker.
REFUSED = {
    False: _outage(what="Redis of the sessions refuses to read"),
    True: _outage(what="Redis of the sessions refuses to write"),
}


@cache
def breaker() -> Breaker:
    """Return the circuit breaker of this process."""
    outage = _outage(what="Redis of the sessions does not answer")
    return Breaker(outage, seconds=_breaker_seconds())


def _breaker_seconds() -> float:
    # Where sessions are in the database, Redis may be gone for good, and looking for it is slow
    # where its name is unknown.
    seconds = current().BREAKER_SECONDS
    return max(seconds, AWAY_SECONDS) if settings.SESSION_ENGINE == MOVING_BACK else seconds


def call(command: Callable[["Redis"], T], *, write: bool) -> T:
    """Run `command` with the client. Raises SessionUnavailable, whatever is wrong with Redis."""
    ticket = breaker().enter()
    if ticket is None:
        raise SessionUnavailable(f"sessions are unavailable: {breaker().outage.reason}")
    failure: str | None = "the call was interrupted"
    try:
        result = command(_client())
    except ResponseError as error:
        failure = None
        REFUSED[write].begin(_describe(error))
        raise SessionUnavailable(f"sessions are unavailable: {_describe(error)}") from error
    except (RedisError, OSError) as error:
        failure = _describe(error)
        raise SessionUnavailable(f"sessions are unavailable: {failure}") from error
    else:
        failure = None
        REFUSED[write].end()
        return result
    finally:
        breaker().leave(ticket, failure)


def _client() -> Any:
    # The client under the cache: a site's django-redis options (ignored exceptions, pickle,
    # compression) are for caches. An ignored exception would log every visitor out.
    return caches[current().ALIAS].client.get_client()  # type: ignore[attr-defined]


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

"""The one exception of sessions in Redis. Its page is made in `pages.py`."""

from django.core.exceptions import BadRequest

from slipstream.errors import SlipstreamError

__all__ = ["SessionUnavailable"]


class SessionUnavailable(SlipstreamError, BadRequest):
    """The session can't be read or saved now: Redis does not answer, or refuses.

    A BadRequest because Django answers that with 400 wherever it gets out of a middleware that
    ours does not enclose: an outage of Redis is never a 5xx.
    """

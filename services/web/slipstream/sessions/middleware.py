"""Django's SessionMiddleware, with an answer for the time in which sessions can't be read or saved.

It leaves the visitor's cookie alone then. The engine (`redis.py`) says when that is.
"""

import weakref
from contextlib import suppress
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.sessions import middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url

from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.pages import keep_out_of_caches, try_again

__all__ = ["SessionMiddleware"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What a view answers that misses its visitor; 400 is what Django makes of SessionUnavailable.
REFUSALS = frozenset({400, 401, 403})
SERVER_ERROR = 500


class SessionMiddleware(middleware.SessionMiddleware):
    """In place of Django's in MIDDLEWARE; with another session engine it does what that does."""

    def process_request(self, request: HttpRequest) -> None:
        """Attach the session, as Django does; nothing is read yet."""
        super().process_request(request)
        # A weak reference: by a cycle each request would be left to the garbage collector.
        session: Any = request.session
        session.on_unavailable = partial(_keep_response_out_of_caches, weakref.ref(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a view that had to save the session, as a login does."""
        return try_again(request) if isinstance(exception, SessionUnavailable) else None

    def process_response(  # type: ignore[override] # streamed ones come here, too
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Save the session and send its cookie as Django does, where Redis lets us."""
        if _is_unavailable(request):
            if _misses_session(response):
                response = try_again(request)
        else:
            # Django touches the cookie only after it has saved.
            with suppress(SessionUnavailable):
                response = super().process_response(request, response)  # type: ignore[arg-type]
        if _is_unavailable(request):
            keep_out_of_caches(response)
        return response


def _is_unavailable(request: HttpRequest) -> bool:
    return getattr(getattr(request, "session", None), "unavailable", False)


def _misses_session(response: HttpResponseBase) -> bool:
    """Say whether the answer is one that the visitor's real session might have changed.

    A server error counts: a view may rely on what it put into the session.
    """
    status = response.status_code
    if status in REDIRECTS:
        return _leads_to_login(response.headers.get("Location", ""))
    return status in REFUSALS or status >= SERVER_ERROR


def _leads_to_login(location: str) -> bool:
    """Tell Django's `redirect_to_login`, with any login page, from other redirects."""
    target = urlsplit(location)
    login = urlsplit(resolve_url(settings.LOGIN_URL))
    same_host = not (target.netloc and login.netloc) or target.netloc == login.netloc
    return (same_host and target.path == login.path) or REDIRECT_FIELD_NAME in parse_qs(
        target.query
    )


def _keep_response_out_of_caches(reference: "weakref.ref[HttpRequest]") -> None:
    """Make Django's `cache_page`, which runs before any middleware sees the response, not store it.

    It asks a flag of the request, and may set that after the session was found unavailable:
    hence a property that can't be set.
    """
    request = reference()
    if request is not None:
        kind: Any = type(request)
        request.__class__ = _uncacheable(kind)


@cache
def _uncacheable(kind: Any) -> Any:
    flag = property(lambda _request: False, lambda _request, _value: None)
    return type(kind.__name__, (kind,), {"_cache_update_cache": flag})

"""`@cached_page(keys…)`: a view's whole page from the cache, with an ETag and 304.

The address is part of its key by itself; who looks at it has to be named.
"""

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control

from slipstream.errors import ConfigurationError
from slipstream.fragments.switch import SWITCH

__all__ = ["cached_page"]

Key = str | Callable[..., Any]
View = Callable[..., HttpResponseBase]
SAFE = ("GET", "HEAD")


def cached_page(*keys: Key) -> Callable[[View], View]:
    """Keep a view's pages. Put it under decorators that let somebody in, as `login_required`.

    keys: parts of the request, as 'user.pk', 'headers.Accept-Language' or 'COOKIES.theme', or
    functions of what the view gets. Raises ConfigurationError for an async view.
    """

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):
            raise ConfigurationError(
                f"cached_page can't keep pages of {view.__qualname__!r}, which is async: make it a "
                "plain function, or cache fragments of its template"
            )

        @functools.wraps(view)
        def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not SWITCH.on or request.method not in SAFE:
                return view(request, *args, **kwargs)
            from slipstream.fragments.page_rendering import Visit, respond  # noqa: PLC0415

            return _conditional(request, respond(Visit(view, keys, request, args, kwargs)))

        return kept

    return decorate


def _conditional(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Answer 304 to who has this very page."""
    if not response.has_header("ETag") or response.status_code != HttpResponse.status_code:
        return response
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, private=True, no_cache=True)
    etag, answer = response.headers["ETag"], cast("HttpResponse", response)
    return get_conditional_response(request, etag=etag, response=answer) or response


def packed(headers: Sequence[tuple[str, str]], content: bytes) -> bytes:
    """Return a page as one text: a line with its headers, and the content."""
    return json.dumps(list(headers)).encode() + b"\n" + content


def unpacked(page: bytes) -> HttpResponse:
    """Return the page as a new response."""
    line, _, content = page.partition(b"\n")
    return HttpResponse(content, headers=dict(json.loads(line)))

"""The middleware that puts Server-Timing on each response; it belongs first in MIDDLEWARE."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from slipstream.timing.counters import CURRENT, Counters
from slipstream.timing.install import install

__all__ = ["ServerTimingMiddleware"]

NAME = "Server-Timing"

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class ServerTimingMiddleware:
    """Counts during the request, up to the moment at which the response begins."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler | AsyncHandler) -> None:
        install()
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, synchronously or not, as what comes next does."""
        return self._answer_async(request) if self._is_async else self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        counters = Counters()
        token = CURRENT.set(counters)
        try:
            response = cast("Handler", self._get_response)(request)
        finally:
            CURRENT.reset(token)
        return _with_header(response, counters)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        counters = Counters()
        token = CURRENT.set(counters)
        try:
            response = await cast("AsyncHandler", self._get_response)(request)
        finally:
            CURRENT.reset(token)
        return _with_header(response, counters)


def _with_header(response: HttpResponseBase, counters: Counters) -> HttpResponseBase:
    headers, value = response.headers, counters.header()
    headers[NAME] = f"{headers[NAME]}, {value}" if NAME in headers else value
    return response

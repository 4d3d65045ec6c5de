"""The middleware that records what a request reads from its start; it belongs first in MIDDLEWARE."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from slipstream.generations.recording import Recording, recorded

__all__ = ["RecordingMiddleware"]

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class RecordingMiddleware:
    """An object that was read before a fragment begins is known by this to be the database's."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler | AsyncHandler) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, synchronously or not, as what comes next does."""
        if self._is_async:
            return self._answer_async(request)
        with recorded(Recording()):
            return cast("Handler", self._get_response)(request)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        with recorded(Recording()):
            return await cast("AsyncHandler", self._get_response)(request)

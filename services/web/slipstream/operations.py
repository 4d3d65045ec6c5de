"""The pages under /-/ for operators: health, and which optimizations are in force.

A middleware answers them, so that no site has to change its URLs and no session or user is touched.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from slipstream import config, health, probing

__all__ = ["OperationsMiddleware"]

GetResponse = Callable[[HttpRequest], Any]


def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer that this process serves requests at all."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200 where every dependency answers, else 503 with the failing ones named.

    A warning is no reason for a 503: the site works, yet somebody has to look.
    """
    seen = health.look(config.current())
    answer = {"ready": not seen.failing, "failing": seen.failing, "warnings": seen.warnings}
    return JsonResponse(answer, status=503 if seen.failing else 200)


def optimizations(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer the active set, the versions of what runs, and every probe's evidence."""
    return JsonResponse(probing.report(config.current()))


PAGES = {"/-/health/live": live, "/-/health/ready": ready}
EXPOSED_PAGES = {"/-/optimizations": optimizations}


class OperationsMiddleware:
    """Answers the pages under /-/ before any other middleware sees the request."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        self.pages = PAGES | (EXPOSED_PAGES if config.current().expose else {})
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer an operators' page, else let the site answer; synchronously or not, as it does."""
        return self._async_call(request) if self._is_async else self._call(request)

    def _call(self, request: HttpRequest) -> HttpResponseBase:
        page = self.pages.get(request.path_info)
        if page is None:
            response: HttpResponseBase = self.get_response(request)
            return response
        return self._uncached(page(request))

    async def _async_call(self, request: HttpRequest) -> HttpResponseBase:
        page = self.pages.get(request.path_info)
        if page is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        return self._uncached(await sync_to_async(page)(request))

    @staticmethod
    def _uncached(response: HttpResponse) -> HttpResponse:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()
        response.headers["Cache-Control"] = "no-store"
        return response

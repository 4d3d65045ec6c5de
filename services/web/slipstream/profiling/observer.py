"""What the middlewares of the tools have in common: each looks on at pages, and has one of its own.

GET of its own page shows what was seen, POST begins anew.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from slipstream.profiling.names import NOT_PAGES

__all__ = ["Observer"]

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Seen(Protocol):
    """What a tool has seen in this process since it started, or since `clear`."""

    def clear(self) -> None: ...
    def shown(self) -> dict[str, object]: ...


class Observer(ABC):
    """Belongs outside of every other middleware: what those do is a request's, too."""

    page: ClassVar[str]
    seen: ClassVar[Seen]

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer our own page, else let the site answer and look on."""
        if request.path_info == self.page:
            return self._own_page(request)
        if request.path_info.startswith(NOT_PAGES):
            return self.get_response(request)
        return self.observe(request)

    @abstractmethod
    def observe(self, request: HttpRequest) -> HttpResponseBase:
        """Let the site answer, and note what it did."""

    def answer(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - for those that look at it
        """What was seen."""
        return JsonResponse(self.seen.shown())

    def _own_page(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            self.seen.clear()
        elif request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        response = self.answer(request)
        response["Cache-Control"] = "no-store"
        return response

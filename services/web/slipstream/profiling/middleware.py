"""Reviews each request, and answers /-/review with what was found.

GET gives it as JSON (`pages.py` says what it holds), POST begins anew. Places are looked for up to
this file: what is further out is no part of a page.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from zeal import zeal_context

from slipstream.profiling.instruments import recorded
from slipstream.profiling.names import NOT_PAGES, page_name
from slipstream.profiling.pages import Pages

__all__ = ["PAGES", "ReviewMiddleware"]

PAGE = "/-/review"
PAGES = Pages()

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ReviewMiddleware:
    """Belongs outside of every other middleware: what those ask is a request's, too."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer our own page, else let the site answer and look on."""
        if request.path_info == PAGE:
            return answer(request)
        if request.path_info.startswith(NOT_PAGES):
            return self.get_response(request)
        with recorded() as recording, zeal_context():
            response = self.get_response(request)
        PAGES.add(page_name(request), request.get_full_path(), recording)
        return response


def answer(request: HttpRequest) -> HttpResponse:
    """The list of what is to be done."""
    if request.method == "POST":
        PAGES.clear()
    elif request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    return JsonResponse(PAGES.shown(), headers={"Cache-Control": "no-store"})

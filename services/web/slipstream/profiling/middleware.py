"""Reviews each request, and answers /-/review with what was found, as JSON.

`pages.py` says what it holds. Places are looked for up to this file: what is further out is no part
of a page.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from zeal import zeal_context

from slipstream.profiling.instruments import recorded
from slipstream.profiling.names import page_name
from slipstream.profiling.observer import Observer
from slipstream.profiling.pages import Pages

__all__ = ["PAGES", "ReviewMiddleware"]

PAGES = Pages()


class ReviewMiddleware(Observer):
    """Records what each request asks of the database."""

    page, seen = "/-/review", PAGES

    def observe(self, request: HttpRequest) -> HttpResponseBase:
        """Let the site answer, and take in what was recorded."""
        with recorded() as recording, zeal_context():
            response = self.get_response(request)
        PAGES.add(page_name(request), request.get_full_path(), recording)
        return response

"""The sample's pages; one that says the visitor's name and nothing else, and a constant one."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from campus.urls import urlpatterns as sample

CONSTANT = "x" * 45_000
"""As long as the search page."""


@login_required
def name(request: HttpRequest) -> HttpResponse:
    """As fast as it goes: no template."""
    return HttpResponse(f"<!doctype html><title>Hello</title><p>{request.user.get_username()}")


def constant(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse(CONSTANT)


urlpatterns = [
    *sample,
    path("bench/name/", name),
    path("bench/constant/", constant),
]

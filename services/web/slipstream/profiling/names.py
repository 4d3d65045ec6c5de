"""What a request is counted as: its page."""

from django.http import HttpRequest

__all__ = ["NOT_PAGES", "page_name"]

NOT_PAGES = ("/-/", "/__debug__/", "/static/")


def page_name(request: HttpRequest) -> str:
    """The name of the request's view, with the method where it isn't GET."""
    match = getattr(request, "resolver_match", None)
    name = (match.view_name or match.route) if match else request.path_info
    return name if request.method in ("GET", "HEAD") else f"{name} ({request.method})"

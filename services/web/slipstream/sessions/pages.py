"""The 'try again' answer of a page that needs the session while it can't be had. No template: the
site's may need the visitor, whom we don't know now."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from slipstream.sessions.settings import current

__all__ = ["keep_out_of_caches", "try_again"]

STATUS = 429
TITLE = "Please try again"
TEXT = "We can't look up your login just now. You have not been logged out."
READ = "Reload this page in a few seconds."
WRITE = "Nothing was saved. Go back and send the form again in a few seconds."

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.125rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 32em; padding: 0 1em }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
<p>{hint}</p>
</main>
</body>
</html>
"""


def try_again(request: HttpRequest) -> HttpResponse:
    """Return the answer in the kind the client accepts: HTML, JSON or plain text."""
    hint = READ if request.method in {"GET", "HEAD"} else WRITE
    response = _of_kind(_preferred(request), hint)
    response.status_code = STATUS
    response.headers["Retry-After"] = str(current().RETRY_AFTER_SECONDS)
    keep_out_of_caches(response)
    patch_vary_headers(response, ("Accept",))
    # Django logs each answer from 400 up: that would be a line a request, the outage has its own.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def keep_out_of_caches(response: HttpResponseBase) -> None:
    """Forbid every cache to keep what was rendered without the visitor's session."""
    # `private` and `max-age=0` are for Django's cache middleware, which disregards `no-store`.
    add_never_cache_headers(response)
    patch_vary_headers(response, ("Cookie",))


def _preferred(request: HttpRequest) -> str:
    kinds = ("text/html", "application/json", "text/plain")
    return next((kind for kind in kinds if request.accepts(kind)), "text/plain")


def _of_kind(kind: str, hint: str) -> HttpResponse:
    if kind == "text/html":
        return HttpResponse(HTML.format(title=TITLE, text=TEXT, hint=hint))
    if kind == "application/json":
        return JsonResponse({"error": "session-unavailable", "detail": f"{TEXT} {hint}"})
    return HttpResponse(f"{TITLE}\n{TEXT} {hint}\n", content_type="text/plain; charset=utf-8")

"""The site's URLs with those of the debug toolbar before them; only where the toolbar is on."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import include, path

_site: Any = import_module(getattr(settings, "SLIPSTREAM_PROFILING_SITE_URLS"))  # noqa: B009

urlpatterns = [
    path("__debug__/", include("debug_toolbar.urls", namespace="djdt")),
    *_site.urlpatterns,
]
globals().update(
    {
        name: getattr(_site, name)
        for name in ("handler400", "handler403", "handler404", "handler500")
        if hasattr(_site, name)
    }
)


def is_shown(request: HttpRequest) -> bool:
    """On each of the site's pages; whether there is a toolbar at all, SLIPSTREAM_PROFILING says."""
    return not request.path_info.startswith(("/-/", "/static/"))

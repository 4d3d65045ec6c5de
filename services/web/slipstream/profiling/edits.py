"""What each profiling tool changes in a settings dictionary."""

from slipstream.optimization import Settings
from slipstream.site import add_app, insert_middleware

__all__ = ["flame", "review", "toolbar"]

URLS = "slipstream.profiling.urls"


def review(settings: Settings) -> None:
    """The query review, with django-zeal in it."""
    add_app(settings, "zeal")
    add_app(settings, "slipstream.profiling")
    settings["ZEAL_RAISE"] = False
    insert_middleware(settings, "slipstream.profiling.middleware.ReviewMiddleware")


def toolbar(settings: Settings) -> None:
    """django-debug-toolbar on every page, whatever DEBUG is: SLIPSTREAM_PROFILING is its switch."""
    add_app(settings, "debug_toolbar")
    insert_middleware(settings, "debug_toolbar.middleware.DebugToolbarMiddleware")
    settings["DEBUG_TOOLBAR_CONFIG"] = {
        "SHOW_TOOLBAR_CALLBACK": "slipstream.profiling.urls.is_shown",
        **settings.get("DEBUG_TOOLBAR_CONFIG", {}),
    }
    settings["SLIPSTREAM_PROFILING_SITE_URLS"] = settings["ROOT_URLCONF"]
    settings["ROOT_URLCONF"] = URLS


def flame(settings: Settings) -> None:
    """A statistical profile of each page's requests."""
    insert_middleware(settings, "slipstream.profiling.flames.FlameMiddleware")

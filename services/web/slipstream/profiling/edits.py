"""What each profiling tool changes in a settings dictionary."""

from slipstream.optimization import Settings

__all__ = ["flame", "review", "toolbar"]

URLS = "slipstream.profiling.urls"


def review(settings: Settings) -> None:
    """The query review, with django-zeal in it."""
    settings["INSTALLED_APPS"] = [
        *settings.get("INSTALLED_APPS", []),
        "zeal",
        "slipstream.profiling",
    ]
    settings["ZEAL_RAISE"] = False
    _outermost(settings, "slipstream.profiling.middleware.ReviewMiddleware")


def toolbar(settings: Settings) -> None:
    """django-debug-toolbar on every page, whatever DEBUG is: SLIPSTREAM_PROFILING is its switch."""
    settings["INSTALLED_APPS"] = [*settings.get("INSTALLED_APPS", []), "debug_toolbar"]
    _outermost(settings, "debug_toolbar.middleware.DebugToolbarMiddleware")
    settings["DEBUG_TOOLBAR_CONFIG"] = {
        "SHOW_TOOLBAR_CALLBACK": "slipstream.profiling.urls.is_shown",
        **settings.get("DEBUG_TOOLBAR_CONFIG", {}),
    }
    settings["SLIPSTREAM_PROFILING_SITE_URLS"] = settings["ROOT_URLCONF"]
    settings["ROOT_URLCONF"] = URLS


def flame(settings: Settings) -> None:
    """A statistical profile of each page's requests."""
    _outermost(settings, "slipstream.profiling.flames.FlameMiddleware")


def _outermost(settings: Settings, middleware: str) -> None:
    settings["MIDDLEWARE"] = [middleware, *settings.get("MIDDLEWARE", [])]

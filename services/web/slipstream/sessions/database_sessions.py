"""The baseline of the factor: Django's database sessions, read and written by queries."""

from slipstream.optimization import Settings

__all__ = ["apply"]


def apply(settings: Settings) -> None:
    """Go back to Django's own default engine."""
    settings["SESSION_ENGINE"] = "django.contrib.sessions.backends.db"

"""The app `slipstream.sessions`: it brings the system checks. The engine works without it."""

from django.apps import AppConfig
from django.core.checks import register

__all__ = ["SessionsConfig"]


class SessionsConfig(AppConfig):
    """Label apart from `django.contrib.sessions`, which stays installed."""

    name = "slipstream.sessions"
    label = "slipstream_sessions"
    verbose_name = "Sessions in Redis"

    def ready(self) -> None:
        """Register the checks."""
        from slipstream.sessions.checks import check_sessions  # noqa: PLC0415 - needs the apps

        register(check_sessions, "slipstream")

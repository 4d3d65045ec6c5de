"""The Django app: notes who loaded the site and registers the system checks."""

from django.apps import AppConfig

__all__ = ["SlipstreamConfig"]


class SlipstreamConfig(AppConfig):
    """Slipstream without any of its optimizations: table, probes, health pages."""

    name = "slipstream"
    verbose_name = "Slipstream"

    def ready(self) -> None:
        """Run in the process that loads the site, which with `preload` is the workers' parent."""
        from slipstream import checks  # noqa: F401, PLC0415 - registers them
        from slipstream.processes.preload import remember_loader  # noqa: PLC0415

        remember_loader()

"""The app `slipstream.generations`: hooks only, for sites that cache by generations themselves."""

from django.apps import AppConfig

__all__ = ["GenerationsConfig"]


class GenerationsConfig(AppConfig):
    """Installs the hooks on connections and cursors."""

    name = "slipstream.generations"
    label = "slipstream_generations"
    verbose_name = "Table generations"

    def ready(self) -> None:
        """Install; from here on every write is seen."""
        from slipstream.generations import hooks  # noqa: PLC0415 - needs the apps

        hooks.install()

"""The app `slipstream.fragments`: to have it in INSTALLED_APPS turns the fragment cache on."""

from django.apps import AppConfig
from django.core.checks import register

__all__ = ["FragmentsConfig"]


class FragmentsConfig(AppConfig):
    """Installs the hooks of generations and of reads, and registers the checks."""

    name = "slipstream.fragments"
    label = "slipstream_fragments"
    verbose_name = "Fragment cache"

    def ready(self) -> None:
        """Install; from here on every write is seen, and every read of a request recorded."""
        from slipstream.fragments.checks import check_fragments  # noqa: PLC0415 - needs the apps
        from slipstream.fragments.install import install  # noqa: PLC0415
        from slipstream.querycache.checks import check_query_cache  # noqa: PLC0415

        install()
        register(check_fragments, "slipstream")
        register(check_query_cache, "slipstream")  # once, whoever else does

"""The app `slipstream.querycache`: to have it in INSTALLED_APPS turns the query cache on."""

from django.apps import AppConfig
from django.core.checks import register

__all__ = ["QueryCacheConfig"]


class QueryCacheConfig(AppConfig):
    """Installs the hooks of generations and of reads, and registers the checks."""

    name = "slipstream.querycache"
    label = "slipstream_querycache"
    verbose_name = "Query cache"

    def ready(self) -> None:
        """Install; from here on every write is seen."""
        from slipstream.generations import hooks  # noqa: PLC0415 - needs the apps
        from slipstream.querycache import instances, reads  # noqa: PLC0415
        from slipstream.querycache.checks import check_query_cache  # noqa: PLC0415
        from slipstream.querycache.settings import current  # noqa: PLC0415

        hooks.install()
        reads.install()
        if current().FAST_INSTANCES:
            instances.PATCHES.install()
        register(check_query_cache, "slipstream")

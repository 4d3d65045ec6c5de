"""The baseline of the factor: every render reads its templates and compiles them."""

from slipstream.optimization import Settings
from slipstream.templates.backends import django_backends, set_loaders, uncached_loaders

__all__ = ["apply"]


def apply(settings: Settings) -> None:
    """Take the cached loader out, which today's Django puts in by itself."""
    for backend in django_backends(settings):
        set_loaders(backend, uncached_loaders(backend))

"""The entries of TEMPLATES that render Django's templates, and their loaders."""

from collections.abc import Sequence
from typing import Any

from slipstream.errors import NotApplicable
from slipstream.optimization import Settings

__all__ = [
    "CACHED_LOADER",
    "DJANGO_BACKEND",
    "RUST_BACKEND",
    "SHARED_LOADER",
    "django_backends",
    "djangos_loader",
    "needed_backends",
    "set_loaders",
    "uncached_loaders",
]

DJANGO_BACKEND = "django.template.backends.django.DjangoTemplates"
RUST_BACKEND = "slipstream.templates.rust_backend.RustTemplates"
CACHED_LOADER = "slipstream.templates.settled.Loader"
DJANGOS_CACHED_LOADER = "django.template.loaders.cached.Loader"
SHARED_LOADER = "slipstream.templates.loader.Loader"
CACHING_LOADERS = (CACHED_LOADER, DJANGOS_CACHED_LOADER, SHARED_LOADER)
FILESYSTEM_LOADER = "django.template.loaders.filesystem.Loader"
APP_LOADER = "django.template.loaders.app_directories.Loader"

Loader = str | Sequence[Any]


def django_backends(settings: Settings) -> list[Settings]:
    """Return the entries of TEMPLATES that render Django's templates."""
    known = (DJANGO_BACKEND, RUST_BACKEND)
    return [backend for backend in settings.get("TEMPLATES", []) if backend["BACKEND"] in known]


def needed_backends(settings: Settings, lack: str) -> list[Settings]:
    """Return them; without any, raise NotApplicable, which begins with `lack`: what that means."""
    backends = django_backends(settings)
    if not backends:
        raise NotApplicable(
            f"{lack}: TEMPLATES has no backend with Django's engine; leave it out for this site"
        )
    return backends


def uncached_loaders(backend: Settings) -> list[Loader]:
    """Return the loaders that find templates, without the one that keeps them compiled."""
    loaders = backend.get("OPTIONS", {}).get("loaders")
    if loaders is None:
        return [FILESYSTEM_LOADER, *([APP_LOADER] if backend.get("APP_DIRS") else [])]
    return [found for loader in loaders for found in _without_cache(loader)]


def _without_cache(loader: Loader) -> list[Loader]:
    if isinstance(loader, str) or loader[0] not in CACHING_LOADERS:
        return [loader]
    return list(loader[1])


def djangos_loader(loader: Loader) -> Loader:
    """Return Django's own cached loader in place of ours: other engines know that, and no nodes of ours."""
    if isinstance(loader, str) or loader[0] != CACHED_LOADER:
        return loader
    return (DJANGOS_CACHED_LOADER, *loader[1:])


def set_loaders(backend: Settings, loaders: list[Loader]) -> None:
    """Write explicit loaders; Django refuses them together with APP_DIRS."""
    backend["APP_DIRS"] = False
    backend["OPTIONS"] = {**backend.get("OPTIONS", {}), "loaders": loaders}

"""`shared-templates`: what one process compiled, the next one loads from memcached at its boot.

The loader is in `loader.py`, the bytes are `pickling.py`'s and `shelf.py`'s.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from django.core.checks import CheckMessage

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.templates import cached
from slipstream.templates.backends import (
    SHARED_LOADER,
    needed_backends,
    set_loaders,
    uncached_loaders,
)
from slipstream.templates.loader import Loader
from slipstream.templates.names import PROBED_TEMPLATES, template_names
from slipstream.templates.pickling import Unshareable, dumps
from slipstream.templates.shelf import add_shelf, check_shelf, shelf

__all__ = ["apply", "check", "probe", "warm"]


def apply(settings: Settings, config: Config) -> None:
    """Put the sharing loader around whatever loaders the site has."""
    for backend in needed_backends(settings, "'shared-templates' has nothing to share"):
        set_loaders(backend, [(SHARED_LOADER, uncached_loaders(backend))])
    add_shelf(settings, config, name="shared-templates")


def warm() -> int:
    """Load every template of the site that can be found by name; return how many were.

    All are asked for at once, and only what the cache doesn't have is compiled.
    """
    with shelf().fetched(chain.from_iterable(loader.keys() for loader in _loaders())):
        return cached.warm()


def _loaders() -> list[Loader]:
    return [loader for loader in cached.cached_loaders() if isinstance(loader, Loader)]


def probe(config: Config) -> Evidence:  # noqa: ARG001
    """In force: templates are kept in the process, and the cache's server has them for others."""
    loaders = _loaders()
    if not loaders:
        return Evidence(in_force=False, evidence={"sharing_loaders": 0})
    some = list(islice(_templates(loaders), PROBED_TEMPLATES))
    kept = sum(loader.get_template(name) is loader.get_template(name) for loader, name in some)
    before = shelf().served()
    shared = sum(_is_shared(loader, name) for loader, name in some)
    served = shelf().served()
    figures = {
        "sharing_loaders": len(loaders),
        "templates_asked_for": len(some),
        "compiled_once": kept,
        "found_in_cache": shared,
        "keys_found_by_server": served,
        "templates": dict(shelf().counts),
    }
    by_server = served is not None and served >= (before or 0) + len(some)
    in_force = bool(some) and by_server and kept == shared == len(some)
    return Evidence(in_force=in_force, evidence=figures)


def _templates(loaders: Sequence[Loader]) -> Iterator[tuple[Loader, str]]:
    """Yield the templates that can be shared, each with its loader."""
    for loader in loaders:
        for name in template_names(loader.engine):
            if _can_be_shared(loader, name):
                yield loader, name


def _can_be_shared(loader: Loader, name: str) -> bool:
    try:
        dumps(loader.get_template(name))
    except (Unshareable, *cached.NO_TEMPLATE):
        return False
    return True


def _is_shared(loader: Loader, name: str) -> bool:
    """Say whether it can be had from the cache; what a cache forgot is put there again."""
    loader.load(name)
    key = loader.key(name)
    return key is not None and shelf().get(key) is not None


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:
    """Find a cache that can't keep templates, and what `cached-templates` would find."""
    return [*check_shelf(), *cached.check(settings, config)]

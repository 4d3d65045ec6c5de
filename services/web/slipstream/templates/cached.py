"""`cached-templates`: each template is compiled once per process, at its boot where gunicorn asks."""

from collections.abc import Sequence
from itertools import islice

from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's name for it
from django.template import TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates
from django.template.engine import Engine
from django.template.exceptions import TemplateDoesNotExist
from django.template.loaders.cached import Loader as CachedLoader

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.templates.backends import (
    CACHED_LOADER,
    needed_backends,
    set_loaders,
    uncached_loaders,
)
from slipstream.templates.loader import Loader as SharingLoader
from slipstream.templates.names import PROBED_TEMPLATES, template_names
from slipstream.templates.settled import SettledNodes

__all__ = ["NO_TEMPLATE", "apply", "cached_loaders", "check", "django_engines", "probe", "warm"]

NO_TEMPLATE = (TemplateDoesNotExist, TemplateSyntaxError, UnicodeDecodeError)
"""What loading a file raises that is broken or no template."""


def apply(settings: Settings, config: Config) -> None:  # noqa: ARG001
    """Put Django's cached loader around whatever loaders the site has."""
    for backend in needed_backends(settings, "'cached-templates' has nothing to cache"):
        set_loaders(backend, [(CACHED_LOADER, uncached_loaders(backend))])


def warm() -> int:
    """Compile every template of the site that can be found by name; return how many were."""
    return sum(
        _compiles(engine, name) for engine in django_engines() for name in template_names(engine)
    )


def _compiles(engine: Engine, name: str) -> bool:
    try:
        engine.get_template(name)
    except NO_TEMPLATE:
        return False  # a page that uses it says so itself
    return True


def django_engines() -> list[Engine]:
    """Return the engines of this process that render Django's template language."""
    return [backend.engine for backend in engines.all() if isinstance(backend, DjangoTemplates)]


def probe(config: Config) -> Evidence:  # noqa: ARG001
    """In force: a template asked for twice is the same compiled object, in every Django engine.

    Not where they are shared as well: that is another level.
    """
    names = ((engine, name) for engine in django_engines() for name in template_names(engine))
    some = list(islice((pair for pair in names if _compiles(*pair)), PROBED_TEMPLATES))
    kept = sum(_nodes(engine, name) is _nodes(engine, name) for engine, name in some)
    loaders = cached_loaders()
    figures = {
        "templates_loaded_twice": len(some),
        "compiled_once": kept,
        "held_compiled": sum(len(loader.get_template_cache) for loader in loaders),
        "settled": sum(isinstance(_nodes(*one), SettledNodes) for one in some),
        "sharing_loaders": sum(isinstance(loader, SharingLoader) for loader in loaders),
    }
    in_force = bool(some) and kept == len(some) and not figures["sharing_loaders"]
    return Evidence(in_force=in_force, evidence=figures)


def _nodes(engine: Engine, name: str) -> object:
    return engine.get_template(name).nodelist


def cached_loaders() -> list[CachedLoader]:
    """Return the loaders of this process that keep templates compiled."""
    return [
        loader
        for engine in django_engines()
        for loader in engine.template_loaders
        if isinstance(loader, CachedLoader)
    ]


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find a site under development, where an edited template would not be seen."""
    if not settings.get("DEBUG"):
        return []
    return [
        Warning(
            "templates are kept compiled together with DEBUG",
            hint="Leave it out while you edit templates: except under runserver, a change needs a restart.",
            id="slipstream.W020",
        )
    ]

"""`jinja2`: pages for which the site has a Jinja2 template are rendered by it, byte code shared.

The site's Django templates stay as they are and serve every other page.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.template import engines
from django.utils.module_loading import import_string

from slipstream import config as configuration
from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.templates.backends import needed_backends
from slipstream.templates.names import PROBED_TEMPLATES
from slipstream.templates.shelf import add_shelf, check_shelf, shelf

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["apply", "check", "environment", "probe"]

JINJA2_BACKEND = "django.template.backends.jinja2.Jinja2"
SUFFIXES = ("html", "jinja", "jinja2", "txt", "xml")


def apply(settings: Settings, config: Config) -> None:
    """Ask Jinja2 first for every template; where it has none, Django's engine goes on as before."""
    backends = needed_backends(settings, "'jinja2' has nothing to stand before")
    processors = backends[0].get("OPTIONS", {}).get("context_processors", [])
    ours = {
        "BACKEND": JINJA2_BACKEND,
        "NAME": "slipstream-jinja2",
        "APP_DIRS": True,
        "DIRS": [],
        "OPTIONS": {
            "environment": "slipstream.templates.jinja2.environment",
            "context_processors": list(processors),
            "auto_reload": bool(settings.get("DEBUG")),
        },
    }
    settings["TEMPLATES"] = [ours, *settings["TEMPLATES"]]
    add_shelf(settings, config, name="jinja2")


def environment(**options: Any) -> "Environment":
    """Build the site's own environment, or one with `static` and `url`, and give it shared byte code."""
    from slipstream.fragments.jinja2 import CachedExtension  # noqa: PLC0415 - needs that as well
    from slipstream.templates.bytecode import SharedBytecode  # noqa: PLC0415 - optional dependency

    config = configuration.current()
    maker = import_string(config.jinja2.ENVIRONMENT) if config.jinja2.ENVIRONMENT else _plain
    made: Environment = maker(**options)
    # Whether fragments are on or not: byte code that is kept must not differ by that.
    made.add_extension(CachedExtension)
    made.bytecode_cache = SharedBytecode(shelf())
    return made


def _plain(**options: Any) -> "Environment":
    from django.templatetags.static import static  # noqa: PLC0415 - needs the app registry
    from django.urls import reverse  # noqa: PLC0415
    from jinja2 import Environment  # noqa: PLC0415

    made = Environment(**options)  # noqa: S701 - Django's backend passes autoescape=True
    globals_: dict[str, Callable[..., str]] = {"static": static, "url": reverse}
    made.globals.update(globals_)
    return made


def probe(config: Config) -> Evidence:  # noqa: ARG001
    """In force: Jinja2 stands first, has templates of the site, and servers keep their byte code."""
    first = engines.all()[0]
    if type(first).__module__ != "django.template.backends.jinja2":
        return Evidence(in_force=False, evidence={"first_engine": type(first).__module__})
    env: Environment = first.env  # type: ignore[attr-defined]
    names = list(islice(sorted(env.list_templates(extensions=SUFFIXES)), PROBED_TEMPLATES))
    kept = sum(env.get_template(name) is env.get_template(name) for name in names)
    before = shelf().served()
    shared = sum(_is_shared(env, name) for name in names)
    served = shelf().served()
    figures = {
        "first_engine": "jinja2",
        "templates": names,
        "byte_code_in_cache": shared,
        "compiled_once": kept,
        "keys_found_by_server": served,
        "byte_code": dict(shelf().counts),
    }
    by_server = served is not None and served >= (before or 0) + len(names)
    in_force = bool(names) and by_server and shared == kept == len(names)
    return Evidence(in_force=in_force, evidence=figures)


def _is_shared(env: "Environment", name: str) -> bool:
    """Say whether the byte code can be had from the cache; what a cache forgot is put there again."""
    from slipstream.templates.bytecode import SharedBytecode  # noqa: PLC0415 - optional dependency

    cache = env.bytecode_cache
    if not isinstance(cache, SharedBytecode) or env.loader is None:
        return False
    if not cache.has(env, name):
        env.loader.load(env, name)
    return cache.has(env, name)


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find a cache that can't keep byte code."""
    return check_shelf()

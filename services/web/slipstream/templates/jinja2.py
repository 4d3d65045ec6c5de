"""`jinja2`: pages for which the site has a Jinja2 template are rendered by it, byte code cached on disk.

The site's Django templates stay as they are and serve every other page.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Error
from django.template import engines
from django.utils.module_loading import import_string

from slipstream import config as configuration
from slipstream.config import Config
from slipstream.errors import NotApplicable
from slipstream.optimization import Evidence, Settings
from slipstream.templates.backends import django_backends

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["apply", "check", "environment", "probe"]

JINJA2_BACKEND = "django.template.backends.jinja2.Jinja2"


def apply(settings: Settings, config: Config) -> None:  # noqa: ARG001
    """Ask Jinja2 first for every template; where it has none, Django's engine goes on as before."""
    backends = django_backends(settings)
    if not backends:
        raise NotApplicable(
            "'jinja2' has no Django backend in TEMPLATES to stand before: the site renders "
            "otherwise already; leave it out for this site"
        )
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


def environment(**options: Any) -> "Environment":
    """Build the site's own environment, or one with `static` and `url`, and give it a byte code cache."""
    from jinja2 import FileSystemBytecodeCache  # noqa: PLC0415 - optional dependency

    from slipstream.fragments.jinja2 import CachedExtension  # noqa: PLC0415 - needs that as well

    config = configuration.current()
    maker = import_string(config.jinja2.ENVIRONMENT) if config.jinja2.ENVIRONMENT else _plain
    made: Environment = maker(**options)
    # Whether fragments are on or not: byte code that is kept must not differ by that.
    made.add_extension(CachedExtension)
    folder = bytecode_folder(config)
    if _is_private(folder):  # else the check E030 names it, and templates are compiled
        made.bytecode_cache = FileSystemBytecodeCache(str(folder))
    return made


def _plain(**options: Any) -> "Environment":
    from django.templatetags.static import static  # noqa: PLC0415 - needs the app registry
    from django.urls import reverse  # noqa: PLC0415
    from jinja2 import Environment  # noqa: PLC0415

    made = Environment(**options)  # noqa: S701 - Django's backend passes autoescape=True
    globals_: dict[str, Callable[..., str]] = {"static": static, "url": reverse}
    made.globals.update(globals_)
    return made


def bytecode_folder(config: Config) -> Path:
    """Return a folder that only this user can write to: whoever writes byte code runs code."""
    named = config.jinja2.BYTECODE_DIR
    folder = Path(named or f"{tempfile.gettempdir()}/slipstream-jinja2-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _is_private(folder: Path) -> bool:
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def probe(config: Config) -> Evidence:
    """In force: Jinja2 stands first, has templates of the site, and keeps them compiled."""
    first = engines.all()[0]
    if type(first).__module__ != "django.template.backends.jinja2":
        return Evidence(in_force=False, evidence={"first_engine": type(first).__module__})
    env = first.env  # type: ignore[attr-defined]
    names = sorted(env.list_templates(extensions=("html", "jinja", "jinja2", "txt", "xml")))
    loaded = [name for name in names if env.get_template(name).root_render_func]
    cached = len(list(bytecode_folder(config).glob("*.cache")))
    kept = sum(env.get_template(name) is env.get_template(name) for name in loaded)
    figures = {
        "first_engine": "jinja2",
        "templates": loaded,
        "byte_code_files": cached,
        "compiled_once": kept,
    }
    in_force = bool(loaded) and cached >= len(loaded) and kept == len(loaded)
    return Evidence(in_force=in_force, evidence=figures)


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find a byte code folder that others could put code into."""
    folder = bytecode_folder(config)
    if _is_private(folder):
        return []
    return [
        Error(
            f"others can write to the Jinja2 byte code folder {str(folder)!r}",
            hint="Set SLIPSTREAM['JINJA2']['BYTECODE_DIR'] to a folder of the site's user, mode 700.",
            id="slipstream.E030",
        )
    ]

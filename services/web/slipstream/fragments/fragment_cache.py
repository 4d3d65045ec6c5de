"""`fragment-cache`: what it changes in a site's settings, and the probe that sees a fragment served.

The cache itself is installed by the app `slipstream.fragments`.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.site import add_app, add_cache_of_generations, add_library, insert_middleware

__all__ = ["apply", "check", "probe"]

APP = "slipstream.fragments"
MIDDLEWARE = "slipstream.fragments.middleware.RecordingMiddleware"
LIBRARY = "slipstream.fragments.tags"
LABEL = "(probe)"


def apply(settings: Settings, config: Config) -> None:
    """Add the app and its middleware, and the cache alias where the site doesn't have one."""
    add_cache_of_generations(settings, config, "fragment-cache")
    add_app(settings, APP)
    add_library(settings, "fragments", LIBRARY, instead=True)
    insert_middleware(settings, MIDDLEWARE)


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find a site in which the app or the middleware was taken out again."""
    if APP in settings.get("INSTALLED_APPS", ()) and MIDDLEWARE in settings.get("MIDDLEWARE", ()):
        return []
    return [
        Error(
            "fragment-cache is active without its app or its middleware",
            hint="Let `apply` be the last line of the settings, or keep what it adds.",
            id="slipstream.E040",
        )
    ]


def probe(config: Config) -> Evidence:
    """In force: a fragment asked for twice is rendered once, and the cache's server found it."""
    if not apps.is_installed(APP):
        return Evidence(in_force=False, evidence={"installed": False})
    from slipstream.fragments.cache import INDEX, current_fragments  # noqa: PLC0415 - needs the apps
    from slipstream.querycache.probing import asked_again  # noqa: PLC0415
    from slipstream.querycache.sharing import reads  # noqa: PLC0415

    fragments = current_fragments()
    asked = asked_again(
        lambda: _renderings(fragments),
        fragments.store,
        hold_seconds=config.generations.HOLD_SECONDS,
    )
    fragments.publisher.publish()
    figures = {
        "renderings_of_a_repeated_fragment": asked.made,
        "keys_found_by_server": asked.served,
        **reads(fragments.database.items, leave_out={LABEL}, index=INDEX),
    }
    return Evidence(in_force=asked.in_force, evidence=figures)


def _renderings(fragments: Any) -> int:
    """Return how often a fragment is rendered when it is asked for a second time."""
    from slipstream.fragments.cache import Asked  # noqa: PLC0415 - needs the apps

    made: list[object] = []

    def render(work: object) -> bytes:
        made.append(work)
        return b"probe"

    asked = Asked(label=LABEL, base="probe", identify=lambda _names: {}, render=render)
    fragments.serve(asked)
    made.clear()
    fragments.drop_copy(asked)  # that others find it is what is to be proven
    fragments.serve(asked)
    return len(made)

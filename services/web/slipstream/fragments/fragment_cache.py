"""`fragment-cache`: what it changes in a site's settings, and the probe that sees a fragment served.

The cache itself is installed by the app `slipstream.fragments`.
"""

import time
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
PAUSE_SECONDS = 0.05


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
    from slipstream.generations.reading import LIFT_AFTER  # noqa: PLC0415
    from slipstream.querycache.sharing import reads  # noqa: PLC0415

    fragments = current_fragments()
    deadline = time.monotonic() + 2 * LIFT_AFTER * config.generations.HOLD_SECONDS + 1
    before = _served(fragments)
    renderings = _renderings(fragments)
    while renderings and time.monotonic() < deadline:  # a cache that came back empty is quarantined
        time.sleep(PAUSE_SECONDS)
        renderings = _renderings(fragments)
    served = _served(fragments)
    fragments.publisher.publish()
    figures = {
        "renderings_of_a_repeated_fragment": renderings,
        "keys_found_by_server": served,
        **reads(fragments.database.items, leave_out={LABEL}, index=INDEX),
    }
    # Memory of the process has no server, and none of its processes can be seen to share it.
    in_force = renderings == 0 and (served is None or served > (before or 0))
    return Evidence(in_force=in_force, evidence=figures)


def _served(fragments: Any) -> int | None:
    from slipstream.generations.stores import StoreUnavailable  # noqa: PLC0415 - needs the apps

    try:
        found: int | None = fragments.store.served()
    except StoreUnavailable:  # the fragment says the same
        return 0
    return found


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
    fragments.serve(asked)
    return len(made)

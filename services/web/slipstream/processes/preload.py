"""`preload`: gunicorn loads, warms and freezes the site once, before it forks its workers.

Warm pages are then shared by all workers; `before_fork` is for gunicorn's `when_ready` hook.
"""

import gc
import os
from collections.abc import Sequence
from pathlib import Path

from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's name for it
from django.db import connections
from django.urls import get_resolver

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.templates.warming import warm

__all__ = ["apply", "before_fork", "check", "probe", "remember_loader"]

_loaders: list[int] = []


def remember_loader() -> None:
    """Note which process loads the site: the worker itself, or with `preload` its parent."""
    _loaders[:] = [os.getpid()]


def apply(settings: Settings, config: Config) -> None:
    """Change no setting: the web server reads the active set and preloads."""


def before_fork(config: Config) -> None:
    """Fill what all workers share, and keep the garbage collector from touching (copying) it.

    Database connections and pools must not cross a fork, so none is left open.
    """
    get_resolver().url_patterns  # noqa: B018 - imports the site's views
    warm(config.active)
    close_connections()
    gc.collect()
    gc.freeze()


def close_connections() -> None:
    """Close what importing the site may have opened."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def probe(config: Config) -> Evidence:  # noqa: ARG001
    """In force: another process loaded the site, and its objects are frozen here."""
    loaded_by = _loaders[0] if _loaders else os.getpid()
    figures = {
        "loaded_by": loaded_by,
        "process": os.getpid(),
        "frozen_objects": gc.get_freeze_count(),
        **memory(),
    }
    forked = loaded_by != os.getpid()
    return Evidence(in_force=forked and gc.get_freeze_count() > 0, evidence=figures)


def memory() -> dict[str, int]:
    """Return what the kernel says of this process's memory, in bytes; nothing where Linux isn't.

    anonymous_bytes: what isn't a file's: Python's objects above all. anonymous_share_bytes: the
    same, each page divided by the number of processes that have it.
    """
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        return {}
    lines = (line.split() for line in rollup.read_text().splitlines()[1:])
    sizes = {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines}
    return {
        "shared_bytes": sum(size for name, size in sizes.items() if name.startswith("Shared_")),
        "anonymous_bytes": sizes["Anonymous"],
        "anonymous_share_bytes": sizes.get("Pss_Anon", sizes["Anonymous"]),
    }


def check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find a site under development, whose edited code a reload would not see."""
    if not settings.get("DEBUG"):
        return []
    return [
        Warning(
            "preload is on together with DEBUG",
            hint="Leave it out while you edit code: workers fork from what was loaded at first.",
            id="slipstream.W040",
        )
    ]

"""System checks for what makes the fragment cache useless. They read settings, never a cache.

Where generations and entries are stored is the query cache's: its checks are registered with these.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from slipstream.fragments.fragment_cache import MIDDLEWARE
from slipstream.fragments.settings import current

__all__ = ["check_fragments"]


def check_fragments(**_kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of a site with a fragment cache."""
    return [*_check_middleware(), *_check_times()]


def _check_middleware() -> Iterator[CheckMessage]:
    if MIDDLEWARE not in settings.MIDDLEWARE:
        yield CheckWarning(
            f"MIDDLEWARE lacks {MIDDLEWARE!r}: what a view reads before a fragment isn't recorded, so "
            "that fragments can't use its objects without naming them.",
            hint="Put it first in MIDDLEWARE, as the optimization 'fragment-cache' does.",
            id="slipstream.fragments.W001",
        )


def _check_times() -> Iterator[CheckMessage]:
    given = current()
    for name in ("TIMEOUT_SECONDS", "LEASE_SECONDS", "MAX_ENTRY_BYTES"):
        value = getattr(given, name)
        if value < 1:
            yield Error(
                f"SLIPSTREAM['FRAGMENTS'][{name!r}] is {value!r}: nothing could be stored.",
                hint="Set it to at least 1.",
                id="slipstream.fragments.E001",
            )

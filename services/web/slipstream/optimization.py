"""The types of the table: a factor, an optimization (one level of a factor) and a probe's evidence.

The rows are in `optimizations.py`; each row's functions are in a module of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.checks import CheckMessage

from slipstream.config import Config

__all__ = ["Evidence", "Factor", "Optimization", "Settings"]

Settings = dict[str, Any]
"""The names of a Django settings module, as `globals()` gives them."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a probe saw: whether the optimization is in force, and the figures that show it."""

    in_force: bool
    evidence: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One thing that can be done in several ways, of which a site uses one at a time.

    `baseline` says what is done without any optimization; `reset` writes that into settings.
    """

    name: str
    baseline: str
    reset: Callable[[Settings], None] | None = None


def no_check(settings: Settings, config: Config) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Find nothing: for rows that no setting can make unsafe."""
    return []


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """One row of the table; its `name` is also its Compose profile and its page in docs/.

    apply: changes a settings dictionary in place; raises NotApplicable where there is nothing to
        act on.
    probe: looks at the running services and says whether it is in force in this process.
    check: finds what makes it unsafe in the final settings (Django system check messages).
    excludes: names of optimizations of other factors that can't be on with it, each with the reason.
    """

    name: str
    factor: str
    recommended: bool
    help: str
    apply: Callable[[Settings, Config], None]
    probe: Callable[[Config], Evidence]
    check: Callable[[Settings, Config], Sequence[CheckMessage]] = no_check
    services: tuple[str, ...] = ()
    excludes: Mapping[str, str] = field(default_factory=dict)

"""SLIPSTREAM["GENERATIONS"] as one frozen object; what the query cache alone needs is in its own."""

from dataclasses import dataclass, field

__all__ = ["GenerationsSettings", "cache_alias", "current"]


@dataclass(frozen=True, kw_only=True)
class GenerationsSettings:
    """SLIPSTREAM["GENERATIONS"]: where generations live and how long others' holds are respected.

    HOLD_SECONDS: no COMMIT may take longer. CACHE_DOWN: what a write does when the cache can't be
    told, 'proceed' or 'refuse'. QUIET_COLUMNS: per table, columns whose
    writes leave lists alone, for example {"auth_user": ["last_login"]}. TRIGGERS: per table, what
    its triggers and rules write; without it a write to such a table drops everything.
    """

    HOLD_SECONDS: float = 2.0
    CACHE_DOWN: str = "proceed"
    QUIET_COLUMNS: dict[str, list[str]] = field(default_factory=dict)
    TRIGGERS: dict[str, list[str]] = field(default_factory=dict)


def cache_alias() -> str:
    """Return the alias in CACHES of generations: the query cache's, which reads both at once."""
    from slipstream import config  # noqa: PLC0415 - as below

    return config.current().query_cache.CACHE


def current() -> GenerationsSettings:
    """Return the settings of this process."""
    from slipstream import config  # noqa: PLC0415 - config is made of this module's settings

    return config.current().generations

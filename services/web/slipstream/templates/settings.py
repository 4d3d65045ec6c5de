"""SLIPSTREAM["TEMPLATES"] as one frozen object: where compiled templates of both engines are kept."""

from dataclasses import dataclass

__all__ = ["TemplatesSettings", "current"]


@dataclass(frozen=True, kw_only=True)
class TemplatesSettings:
    """SLIPSTREAM["TEMPLATES"]: the cache that `shared-templates` and `jinja2` put what they compiled into.

    CACHE: alias in CACHES. LOCATION: memcached at host:port, for a site whose CACHES lacks that
    alias. TIMEOUT_SECONDS: longest life of a compiled template. VERSION: a text of the site's own,
    the commit for example: with another one nothing compiled before is used.
    """

    CACHE: str = "default"
    LOCATION: str = ""
    TIMEOUT_SECONDS: int = 7 * 24 * 3600
    VERSION: str = ""


def current() -> TemplatesSettings:
    """Return the settings of this process."""
    from slipstream import config  # noqa: PLC0415 - config is made of this module's settings

    return config.current().templates

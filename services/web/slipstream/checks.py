"""Django system checks: unknown keys of the SLIPSTREAM setting, and what makes an active row unsafe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, register, run_checks

from slipstream import config
from slipstream.errors import ConfigurationError, did_you_mean
from slipstream.optimization import Settings
from slipstream.optimizations import by_name, select

__all__ = ["TAG", "check_optimizations", "check_setting", "refuse_unsafe", "unknown_keys"]

TAG = "slipstream"
CHECKED = (
    "CACHES",
    "DATABASES",
    "DEBUG",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "SESSION_ENGINE",
    "TEMPLATES",
)


@register(TAG)
def check_setting(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Find keys of the SLIPSTREAM setting that nothing reads."""
    return list(unknown_keys(getattr(settings, "SLIPSTREAM", {})))


def unknown_keys(setting: Mapping[str, Mapping[str, Any]]) -> Iterator[CheckMessage]:
    """Yield an error for each unknown group, and for each unknown key of a known group."""
    for group, values in setting.items():
        if group not in config.GROUPS:
            yield _unknown(f"SLIPSTREAM has no group {group!r}", group, config.GROUPS)
            continue
        known = {key.name for key in fields(config.GROUPS[group])}
        for key in values:
            if key not in known:
                yield _unknown(f"SLIPSTREAM[{group!r}] has no key {key!r}", key, known)


def _unknown(fact: str, word: str, known: Any) -> CheckMessage:
    remedy = did_you_mean(word, known)
    return Error(fact, hint=remedy[0].upper() + remedy[1:], id="slipstream.E001")


@register(TAG)
def check_optimizations(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Ask each active row what in the final settings makes it unsafe."""
    final = final_settings()
    current = config.current()
    rows = [by_name[name] for name in select(current.active)]
    return [message for row in rows for message in row.check(final, current)]


def refuse_unsafe() -> None:
    """Raise ConfigurationError where a check of slipstream's found an error.

    For web servers: Django runs system checks in management commands only.
    """
    found = [message for message in run_checks(tags=[TAG]) if message.level >= ERROR]
    if found:
        named = "; ".join(f"{message.msg}: {message.hint} ({message.id})" for message in found)
        raise ConfigurationError(named)


def final_settings() -> Settings:
    """Return the settings in force that rows look at, as `apply` had them.

    Not all there are: Django warns on access to those that it is about to drop.
    """
    return {name: getattr(settings, name) for name in CHECKED}

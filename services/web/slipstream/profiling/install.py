"""Turns the tools that SLIPSTREAM_PROFILING names on in a settings dictionary, or refuses to.

The table is TOOLS. What a tool needs and what it shows is in docs/profiling.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from slipstream.config import Config
from slipstream.errors import ConfigurationError, did_you_mean
from slipstream.optimization import Settings
from slipstream.profiling.edits import flame, review, toolbar

__all__ = ["TOOLS", "install"]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """apply: changes a settings dictionary; alone: others would falsify what it shows."""

    package: str
    module: str
    apply: Callable[[Settings], None]
    alone: bool = False


TOOLS: Mapping[str, Tool] = {
    "review": Tool(package="django-zeal", module="zeal", apply=review),
    "toolbar": Tool(package="django-debug-toolbar", module="debug_toolbar", apply=toolbar),
    "flame": Tool(package="pyinstrument", module="pyinstrument", apply=flame, alone=True),
}


def install(settings: Settings, config: Config) -> None:
    """Add the tools' apps and middlewares; raises ConfigurationError."""
    given = ",".join(config.profiling)
    if not config.expose:
        raise ConfigurationError(
            f"SLIPSTREAM_PROFILING={given!r} without SLIPSTREAM_EXPOSE=1: its pages show SQL, values "
            "and source code to every visitor; turn it on only where nobody else gets in, or leave "
            "it out"
        )
    for name in config.profiling:
        _check(name, given, config.profiling)
    for name, tool in TOOLS.items():
        if name in config.profiling:
            tool.apply(settings)


def _check(name: str, given: str, names: tuple[str, ...]) -> None:
    if name not in TOOLS:
        raise ConfigurationError(
            f"unknown tool {name!r} in SLIPSTREAM_PROFILING: {did_you_mean(name, TOOLS)}"
        )
    tool = TOOLS[name]
    if find_spec(tool.module) is None:
        raise ConfigurationError(
            f"SLIPSTREAM_PROFILING={given!r} needs {tool.package}, which isn't installed: take the "
            "image slipstream-web-profiling, or `pip install 'services/web[profiling]'`"
        )
    if tool.alone and len(set(names)) > 1:
        raise ConfigurationError(
            f"SLIPSTREAM_PROFILING={given!r}: {name!r} has to be alone, since the other tools' own "
            "work would be in its picture"
        )

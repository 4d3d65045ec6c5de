"""The documented mix of actions, read from a TOML file into a frozen dataclass.

How an action is carried out over HTTP is in `generator/visitor.py`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from loadtest.errors import SettingsError, suggestion

__all__ = ("ACTIONS", "Scenario")

ACTIONS = ("dashboard", "people-search", "profile", "read-post", "write-post", "write-comment")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Weights in the order of ACTIONS; `filtered`: share of people searches that use a filter."""

    weights: tuple[float, ...]
    filtered: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """The scenario in the file; raises SettingsError, in one line, for anything unusable."""
        try:
            content = tomllib.loads(path.read_text())
        except OSError as error:
            raise SettingsError(f"can't read scenario {str(path)!r}: {error.strerror}") from None
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"scenario {str(path)!r} is not TOML: {error}") from None
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: Mapping[str, Any], source: str) -> Self:
        for section in content:
            _known(section, ("mix", "people-search"), "section", source)
        mix = content.get("mix", {})
        for action in mix:
            _known(action, ACTIONS, "action", source)
        weights = tuple(_number(mix.get(name, 0), name, source, high=1e6) for name in ACTIONS)
        if not sum(weights):
            raise SettingsError(f"scenario {source!r} has no action with a weight: give [mix] one")
        share = content.get("people-search", {}).get("filtered", 0.5)
        return cls(weights=weights, filtered=_number(share, "filtered", source, high=1))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"actions": list(ACTIONS)}


def _known(name: str, known: tuple[str, ...], kind: str, source: str) -> None:
    if name not in known:
        raise SettingsError(f"unknown {kind} {name!r} in {source!r}: {suggestion(name, known)}")


def _number(value: object, name: str, source: str, *, high: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= high:
        return float(value)
    raise SettingsError(
        f"{name} = {value!r} in {source!r} is unusable: give a number from 0 to {high:g}"
    )

"""The documented mix of actions, read from a TOML file into a frozen dataclass.

How an action is carried out over HTTP is in `generator/visitor.py`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from loadtest import toml
from loadtest.errors import SettingsError

__all__ = ("ACTIONS", "Scenario")

ACTIONS = ("dashboard", "people-search", "profile", "read-post", "write-post", "write-comment")
REQUESTS = {"write-post": 3, "write-comment": 3}
"""Of an action; one where it isn't named."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Weights in the order of ACTIONS; `filtered`: share of people searches that use a filter."""

    weights: tuple[float, ...]
    filtered: float

    @classmethod
    def read(cls, path: Path) -> Self:
        """The scenario in the file; raises SettingsError, in one line, for anything unusable."""
        return cls.parse(toml.read(path, "scenario"), str(path))

    @classmethod
    def parse(cls, content: Mapping[str, Any], source: str) -> Self:
        for section in content:
            toml.known(section, ("mix", "people-search"), "section", source)
        mix = content.get("mix", {})
        for action in mix:
            toml.known(action, ACTIONS, "action", source)
        weights = tuple(toml.number(mix.get(name, 0), name, source, high=1e6) for name in ACTIONS)
        if not sum(weights):
            raise SettingsError(f"scenario {source!r} has no action with a weight: give [mix] one")
        share = content.get("people-search", {}).get("filtered", 0.5)
        return cls(weights=weights, filtered=toml.number(share, "filtered", source, high=1))

    @property
    def requests_per_action(self) -> float:
        """On average over the mix."""
        requests = [REQUESTS.get(name, 1) for name in ACTIONS]
        total = sum(weight * each for weight, each in zip(self.weights, requests, strict=True))
        return total / sum(self.weights)

    def only(self, action: str) -> "Scenario":
        """This one with nothing but that action."""
        weights = tuple(float(name == action) for name in ACTIONS)
        return replace(self, weights=weights)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"actions": list(ACTIONS)}

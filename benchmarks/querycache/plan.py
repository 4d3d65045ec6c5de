"""What a measuring process is told, and the arms that are compared."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ARMS", "DATABASE", "OPERATIONS", "TABLES", "Arm", "Plan"]

DATABASE = "postgres"
TABLES = ("campus_profile", "auth_user", "campus_college", "campus_dorm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A library on a cache server. `without`: settings of ours that are off."""

    library: str
    store: str
    without: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As the tables call it."""
        if self.library == "none":
            return self.library
        return ", ".join([self.library, self.store, *(f"no {name}" for name in self.without)])


ARMS = (
    Arm(library="none", store="memcached"),
    Arm(library="cachalot", store="memcached"),
    Arm(library="cachalot", store="redis"),
    Arm(library="cacheops", store="redis"),
    Arm(library="slipstream", store="memcached"),
    Arm(library="slipstream", store="redis"),
)

OPERATIONS: Mapping[str, int] = {
    "one-row hit": 60,
    "100-row hit": 40,
    "100-row hit, joined": 40,
    "miss, a list": 20,
    "miss, a row": 20,
    "autocommit write": 20,
    "atomic write": 20,
}
"""How often each is timed in a round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`task`: a name of worker.py. `django`: what `settings.configure` is given."""

    task: str
    django: dict[str, Any]
    library: str = "none"
    rounds: int = 5
    users: int = 0
    seconds: float = 0.0
    share_of_writes: float = 0.0
    seed: int = 1

    def to_json(self) -> str:
        """As a worker reads it."""
        return json.dumps(asdict(self))

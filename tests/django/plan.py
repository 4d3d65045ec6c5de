"""What one process of the suite is told: its packages, database and mode. Travels as one JSON text."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "SLIPSTREAM_DJANGO_TESTS"
STORE_IN_TRANSACTIONS = "SLIPSTREAM_TEST_STORE_IN_TRANSACTIONS"
DATABASES = ("sqlite", "postgresql")
MODES = ("plain", "normal", "verify", "coverage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server whose user may create databases."""

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One process: `mode` is plain (without the query cache), normal, verify, or coverage of tables."""

    number: int
    sources: str  # the unpacked source distribution, as the process sees it
    output: str  # where its report goes, as the process sees it
    database: str
    mode: str
    packages: tuple[str, ...]
    server: Server | None = None
    twice: bool = False  # each read that was stored is asked for again, for its cached answer

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Plan":
        values: dict[str, Any] = json.loads(environment[VARIABLE])
        values["packages"] = tuple(values["packages"])
        values["server"] = Server(**values["server"]) if values["server"] else None
        return cls(**values)

"""What one process of the suite is told: its packages, database and mode. Travels as one JSON text."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "SLIPSTREAM_DJANGO_TESTS"
DATABASES = ("sqlite", "postgresql")
SERIES = ("5.2", "6.1")


TEMPLATES = (
    *("admin_changelist", "admin_docs", "admin_filters", "admin_inlines", "admin_views"),
    *("admin_widgets", "forms_tests", "generic_views", "i18n", "staticfiles_tests"),
    *("template_backends", "template_loader", "template_tests", "urlpatterns"),
    *("urlpatterns_reverse", "view_tests"),
)
"""The packages whose tests are about templates, or render many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What a run does with the query cache, or with templates; README.md says what each is for."""

    cached: bool = True
    verify: bool = False
    stored: bool = False  # inside transactions too, and each stored read is asked for again
    watched: bool = False  # by SQLite's authorizer: which tables does a SELECT read?
    packages: tuple[str, ...] = ()  # instead of packages.txt
    sessions: bool = False  # in Redis
    round_trip: bool = False  # every compiled template goes through bytes, and is settled

    def is_for(self, database: str) -> bool:
        return database == "sqlite" or not (self.watched or self.sessions or self.round_trip)


MODES = {
    "plain": Mode(cached=False),
    "normal": Mode(),
    "verify": Mode(verify=True),
    "normal-stored": Mode(stored=True),
    "verify-stored": Mode(verify=True, stored=True),
    # Stored, because a query that is bypassed isn't looked at.
    "coverage": Mode(stored=True, watched=True),
    "sessions": Mode(
        cached=False,
        sessions=True,
        packages=(
            *("sessions_tests", "tests.django.session_suite"),
            *("auth_tests", "csrf_tests", "messages_tests", "test_client"),
        ),
    ),
    "templates": Mode(cached=False, round_trip=True, packages=TEMPLATES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server whose user may create databases."""

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One process of the suite."""

    number: int
    sources: str  # the unpacked source distribution, as the process sees it
    output: str  # where its report goes, as the process sees it
    database: str
    mode_name: str
    packages: tuple[str, ...]
    server: Server | None = None
    redis_port: int = 0  # on 127.0.0.1, for sessions

    @property
    def mode(self) -> Mode:
        return MODES[self.mode_name]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Plan":
        values: dict[str, Any] = json.loads(environment[VARIABLE])
        values["packages"] = tuple(values["packages"])
        values["server"] = Server(**values["server"]) if values["server"] else None
        return cls(**values)

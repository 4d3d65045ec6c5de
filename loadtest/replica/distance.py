"""Puts the database farther away: a round-trip time and TLS, for all cells alike.

What delays is `link.py`, in a container between those who log in to Postgres (web, PgBouncer) and
Postgres. Each run measures from inside of a cell what has come of it.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.errors import TruthError
from loadtest.replica.compose import Compose

__all__ = ("LINK", "Distance", "apart", "asked_for", "check", "measure")

LINK = "database-link"
SOURCE = Path(__file__).with_name("link.py")
PORT = 5432
ADDRESSES = ("CAMPUS_DB_HOST", "POSTGRES_HOST")
"""Where web and PgBouncer are told of Postgres."""
DIRECT = ("migrate", "seed")
"""They run once, before anything is measured."""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """What a run asks for, or what was measured: then also a new connection with its log-in."""

    rtt_ms: float = 0.0
    tls: bool = False
    connect_ms: float | None = None

    def __str__(self) -> str:
        encrypted = "with TLS" if self.tls else "without TLS"
        if self.connect_ms is None:
            return f"{self.rtt_ms:g} ms away, {encrypted}"
        new = f"a new connection takes {self.connect_ms:.0f} ms, `SELECT 1` {self.rtt_ms:.1f} ms"
        return f"{new}, {encrypted}"


def asked_for(settings: Mapping[str, Any]) -> Distance | None:
    """The distance of a run's settings; None where Postgres was beside web, as in runs of before."""
    wanted = Distance(rtt_ms=settings.get("db_rtt_ms", 0), tls=settings.get("db_tls", False))
    return None if wanted == Distance() else wanted


def apart(model: dict[str, Any], wanted: Distance, cpuset: str) -> dict[str, Any]:
    """The lab's model with that distance. Raises KeyError for a model without Postgres or web.

    cpuset: of the generator, since what a network does takes no time of the replica's processors.
    """
    changed = copy.deepcopy(model)
    services = changed["services"]
    if wanted.tls:
        environment = services["postgres"].get("environment") or {}
        services["postgres"]["environment"] = environment | {"POSTGRES_TLS": "1"}
    if wanted.rtt_ms:
        for name, service in services.items():
            if name not in DIRECT:
                _redirect(service)
        services[LINK] = _link(services, wanted.rtt_ms, cpuset)
    return changed


def _redirect(service: dict[str, Any]) -> None:
    environment = service.get("environment") or {}
    moved = {name: LINK for name in ADDRESSES if environment.get(name) == "postgres"}
    if moved:
        service["environment"] = environment | moved
        wait = {LINK: {"condition": "service_started", "required": True}}
        service["depends_on"] = (service.get("depends_on") or {}) | wait


def _link(services: Mapping[str, Any], rtt_ms: float, cpuset: str) -> dict[str, Any]:
    """In web's image, which has Python; the source comes with the model, so no file is mounted."""
    web = next(one for name, one in services.items() if name.startswith("web-"))
    kept = ("image", "pull_policy", "init", "cap_drop", "security_opt", "read_only", "logging")
    source = SOURCE.read_text().replace("$", "$$")
    own = {key: web[key] for key in kept if key in web}
    own |= {
        "entrypoint": ["python", "-c", source, f"{rtt_ms:g}", "postgres", str(PORT)],
        "restart": "unless-stopped",
        "mem_limit": str(64 * 2**20),
        "pids_limit": 16,
        "stop_grace_period": "1s",
        "depends_on": {"postgres": {"condition": "service_healthy", "required": True}},
    }
    return own | {"cpuset": cpuset} if cpuset else own


PROBE = """
import json, os, time
import psycopg
site = os.environ
with open(site["CAMPUS_DB_PASSWORD_FILE"]) as file:
    password = file.read().removesuffix(chr(10))
def measure():
    clock = time.perf_counter
    began = clock()
    with psycopg.connect(host=site["CAMPUS_DB_HOST"], dbname=site["CAMPUS_DB_NAME"],
                         user=site["CAMPUS_DB_USER"], password=password, autocommit=True) as one:
        connected = clock()
        one.execute("SELECT 1")
        return (connected - began) * 1e3, (clock() - connected) * 1e3, one.pgconn.ssl_in_use
connects, queries, tls = zip(*(measure() for _ in range(5)))
print(json.dumps({"connect_ms": min(connects), "rtt_ms": min(queries), "tls": all(tls)}))
"""


def measure(compose: Compose, web: str) -> Distance:
    """The best of five connections from that web service to Postgres. Raises ReplicaError."""
    found = compose.run("exec", "-T", web, "python", "-c", PROBE, timeout_seconds=60)
    return Distance(**json.loads(found.splitlines()[-1]))


def check(wanted: Distance, found: Distance) -> None:
    """Raises TruthError where the database isn't as far away as was asked."""
    facts: Sequence[tuple[str, object, object, bool]] = (
        ("DB_RTT_MS", wanted.rtt_ms, f"{found.rtt_ms:.1f}", found.rtt_ms >= wanted.rtt_ms),
        ("DB_TLS", wanted.tls, found.tls, found.tls == wanted.tls),
    )
    for name, asked, seen, fine in facts:
        if not fine:
            raise TruthError(
                f"{name} is {asked!r}, but a cell's own connection to Postgres has {seen}: its "
                "figures would be of another database, so the run stops"
            )

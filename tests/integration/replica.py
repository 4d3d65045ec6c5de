"""A running replica, as the tests talk to it: Compose, HTTP, and the services' own statistics."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests
from testcontainers.compose import DockerCompose

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "campus"
UP_SECONDS = 240


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait for a condition; return how long it took, in seconds. Fails with `what` when it's over."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.05)
    return time.monotonic() - start


@dataclass(frozen=True)
class Timing:
    """One response's Server-Timing: how often, and how long in milliseconds."""

    queries: int
    connections: int
    compiled: int
    round_trips: int
    total_ms: float

    @classmethod
    def of(cls, response: requests.Response) -> "Timing":
        """Read the header; fails where a part is missing."""
        header = response.headers["Server-Timing"]
        counts = {name: int(n) for name, n in re.findall(r'(\w+);dur=[\d.]+;desc="(\d+)"', header)}
        (total,) = re.findall(r"total;dur=([\d.]+)", header)
        return cls(
            queries=counts["db"],
            connections=counts["connect"],
            compiled=counts["template"],
            round_trips=counts["cache"],
            total_ms=float(total),
        )


class Replica:
    """A Compose project of its own, beside any replica that a developer has running."""

    def __init__(self, project: str, **environment: str) -> None:
        self.project = project
        self.port = free_port()
        self.environment = {
            "COMPOSE_PROJECT_NAME": project,
            "WEB_PORT": str(self.port),
            "COMPOSE_PROFILES": "",
            **environment,
        }
        self.url = f"http://127.0.0.1:{self.port}"

    # --- Compose

    def compose(
        self, *words: str, seconds: float = UP_SECONDS, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run `docker compose`; output and errors come together."""
        return subprocess.run(
            ["docker", "compose", *words],
            cwd=ROOT,
            env=os.environ | self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self) -> None:
        """Build and start the baseline, as testcontainers does it."""
        os.environ.update(self.environment)
        try:
            DockerCompose(str(ROOT), build=True).start()
        except subprocess.CalledProcessError as error:
            logs = self.compose("logs", "--tail", "20").stdout
            raise AssertionError(f"the replica didn't start: {error.stderr}\n{logs}") from error
        finally:
            for name in self.environment:
                os.environ.pop(name, None)

    def up(self, profiles: Iterable[str] = (), **environment: str) -> str:
        """Bring it to a set by COMPOSE_PROFILES; return what Compose printed."""
        done = self.compose("up", "-d", COMPOSE_PROFILES=",".join(profiles), **environment)
        assert done.returncode == 0, self.compose("logs", "--tail", "5").stdout + done.stdout
        return done.stdout

    def stop(self) -> None:
        """Remove all of it, volumes too."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "2")

    def container(self, service: str) -> dict[str, Any]:
        """Return `docker inspect` of the service's container."""
        ids = self.compose("ps", "--all", "--quiet", service, COMPOSE_PROFILES="*").stdout.split()
        assert ids, f"service {service!r} has no container"
        inspected = subprocess.check_output(["docker", "inspect", ids[0]], text=True)
        found: dict[str, Any] = json.loads(inspected)[0]
        return found

    def health(self, service: str) -> str:
        """Return 'starting', 'healthy' or 'unhealthy'."""
        return str(self.container(service)["State"]["Health"]["Status"])

    def service_address(self, service: str, port: int) -> tuple[str, int]:
        """Return where a service listens on the project's own network; no such port is published."""
        networks = self.container(service)["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"], port

    def kill(self, service: str) -> None:
        """Send SIGKILL to the service's own process, as the kernel does when memory runs out."""
        container = self.container(service)["Id"]
        top = subprocess.check_output(["docker", "top", container, "-o", "pid,comm"], text=True)
        rows = [line.split() for line in top.splitlines()[1:]]
        own = [int(pid) for pid, comm in rows if not comm.startswith(("tini", "docker-init"))]
        os.kill(min(own), 9)

    def secret(self, name: str) -> str:
        """Return the content of a secret file, without the newline at its end."""
        volume = f"{self.project}_secrets:/secrets:ro"
        command = ["docker", "run", "--rm", "-v", volume, "debian:trixie-slim"]
        text = subprocess.check_output([*command, "cat", f"/secrets/{name}"], text=True)
        return text.removesuffix("\n")

    # --- HTTP

    def get(self, path: str, session: requests.Session | None = None) -> requests.Response:
        """GET a page of the site."""
        return (session or requests).get(f"{self.url}{path}", timeout=30, allow_redirects=False)

    def optimizations(self) -> dict[str, Any]:
        """Return the report of /-/optimizations."""
        report: dict[str, Any] = self.get("/-/optimizations").json()
        return report

    def login(self, number: int = 0) -> requests.Session:
        """Log a student in through the form, with its CSRF token."""
        session = requests.Session()
        session.get(f"{self.url}/login/", timeout=30)
        answer = session.post(
            f"{self.url}/login/",
            data={
                "username": f"student{number:06d}",
                "password": PASSWORD,
                "csrfmiddlewaretoken": session.cookies["csrftoken"],
            },
            headers={"Referer": f"{self.url}/login/"},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 302, f"login answered {answer.status_code}"
        return session

    # --- the services' own statistics

    def database(self, service: str = "postgres", role: str = "monitor", **options: Any) -> Any:
        """Connect to Postgres, or through PgBouncer, as a role of the replica."""
        host, port = self.service_address(service, 5432 if service == "postgres" else 6432)
        options = {"dbname": "campus", "autocommit": True, "connect_timeout": 10} | options
        password = self.secret(f"postgres-{role}.password")
        return psycopg.connect(host=host, port=port, user=role, password=password, **options)


def assert_reports(replica: Replica, names: tuple[str, ...]) -> None:
    """Reported is what was requested, and in force is exactly that."""
    report = replica.optimizations()
    in_force = tuple(name for name, probe in report["probes"].items() if probe["in_force"])
    evidence = {
        name: probe["evidence"]
        for name, probe in report["probes"].items()
        if probe["in_force"] != (name in names)
    }
    assert tuple(report["active"]) == names
    assert in_force == names, evidence


@contextmanager
def running(project: str, **environment: str) -> Iterator[Replica]:
    """A replica that starts as the baseline; nothing of it is left afterwards, nor was before."""
    made = Replica(project, **environment)
    stopped(made)
    try:
        made.start()
        yield made
    finally:
        stopped(made)


def stopped(replica: Replica) -> None:
    """Stop a replica, whatever state it is in."""
    with suppress(subprocess.TimeoutExpired):
        replica.stop()

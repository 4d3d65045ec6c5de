"""A thin layer over the Compose command line: one function that runs it, and readable failures.

What the project consists of is in `project.py`.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.errors import ReplicaError

__all__ = ("Compose", "Container", "last_lines", "resolve")

QUIET = {"COMPOSE_PROGRESS": "quiet", "COMPOSE_ANSI": "never", "COMPOSE_MENU": "false"}
FOREIGN = ("COMPOSE_PROFILES", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME")
"""Meant for the user's own replica; here they would change what is measured."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """pid: of its first process, as the machine numbers it."""

    id: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Compose:
    """Commands on one project; its file may be missing for those that only take it down."""

    project: str
    file: Path | None = None

    def run(self, *arguments: str, timeout_seconds: float = 600) -> str:
        """Standard output; raises ReplicaError with the last lines of what went wrong."""
        file = ("-f", str(self.file)) if self.file else ()
        return _run(
            ["docker", "compose", "-p", self.project, *file, *arguments], {}, timeout_seconds
        )

    def logs(self, service: str) -> str:
        """The service's last lines in one, for an error message; '' where there are none."""
        try:
            return last_lines(
                self.run("logs", "--no-color", "--no-log-prefix", "--tail=8", service)
            )
        except ReplicaError:
            return ""

    def states(self) -> list[dict[str, Any]]:
        """`docker compose ps` of all containers: Service, State, ExitCode, Health."""
        lines = self.run("ps", "--all", "--format", "json").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    def containers(self) -> dict[str, Container]:
        """Those that run, by service."""
        ids = self.run("ps", "--quiet").split()
        form = '{"service": {{json (index .Config.Labels "com.docker.compose.service")}}, '
        form += '"id": {{json .Id}}, "pid": {{json .State.Pid}}}'
        found = _run(["docker", "inspect", "--format", form, *ids], {}, 60) if ids else ""
        rows = [json.loads(line) for line in found.splitlines() if line.strip()]
        return {one["service"]: Container(id=one["id"], pid=one["pid"]) for one in rows}

    def confine(self, cores: Mapping[str, str]) -> None:
        """Let containers run on these cores only, by service, whether they have started or not."""
        ids: dict[str, list[str]] = {}
        for one in self.states():
            if one["Service"] in cores:
                ids.setdefault(cores[one["Service"]], []).append(one["ID"])
        for cpuset, theirs in ids.items():
            _run(["docker", "update", "--cpuset-cpus", cpuset, *theirs], {}, 60)

    def down(self) -> None:
        """Remove the project's containers, networks and volumes; none there is fine.

        They are killed: what they would save is removed as well.
        """
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "0")


def resolve(file: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """The file's whole model with all profiles on, interpolated, its paths absolute."""
    command = ["docker", "compose", "-f", str(file), "--profile", "*", "config", "--format", "json"]
    model: dict[str, Any] = json.loads(_run(command, environ, 60))
    return model


def last_lines(text: str, lines: int = 4) -> str:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(list(dict.fromkeys(found))[-lines:])  # a service that restarts repeats itself


def _run(command: Sequence[str], environ: Mapping[str, str], timeout_seconds: float) -> str:
    known = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        done = subprocess.run(
            command,
            env=known | QUIET | dict(environ),
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            start_new_session=True,  # Ctrl-C reaches the lab alone, which takes the project down
        )
    except FileNotFoundError:
        raise ReplicaError("docker is not installed: `make loadtest` sets it up") from None
    except subprocess.TimeoutExpired:
        raise ReplicaError(f"`{_name(command)}` took longer than {timeout_seconds:g} s") from None
    if done.returncode:
        raise ReplicaError(
            f"`{_name(command)}` failed: {last_lines(done.stderr) or done.returncode}"
        )
    return done.stdout


def _name(command: Sequence[str]) -> str:
    """The command without its options and paths: short enough for one line."""
    words = [word for word in command if not word.startswith("-") and not {"/", " "} & set(word)]
    return " ".join(words[:5])

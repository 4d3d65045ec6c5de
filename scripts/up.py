#!/usr/bin/env python3
"""`make up`: brings the replica to a set of profiles, and stops the services outside of it.

The set: the words given, else COMPOSE_PROFILES, else that of .env, else what is recommended.
"""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "services" / "web"))

from replica.errors import ReplicaError  # noqa: E402 - found on the path set above
from replica.profiles import BESIDE, split  # noqa: E402
from slipstream.config import names_in  # noqa: E402
from slipstream.errors import SlipstreamError  # noqa: E402
from slipstream.optimizations import OPTIMIZATIONS, by_name, recommended, select  # noqa: E402

ONE_SHOTS = ("check-settings", "check-profiles", "activate", "secrets", "migrate", "seed")


def main() -> None:
    """Bring the replica up and say where it answers."""
    arguments = parsed()
    try:
        given, beside = split(wanted(arguments.profiles))
        names = select(given)
    except (ReplicaError, SlipstreamError) as error:
        sys.exit(f"error: {error}")
    check_port()
    environment = os.environ | {"COMPOSE_PROFILES": ",".join((*names, *beside))}
    if compose("up", "--detach", "--build", "--wait", env=environment).returncode:
        explain(environment)
        sys.exit(1)
    move_sessions_back(names)
    stop_others(names, beside)
    port = port_in("WEB_PORT", "8000")
    print(f"up: http://127.0.0.1:{port}/ (log in as student000000, password campus)")
    print(f"active: {', '.join(names) or 'none (the baseline)'}")
    if "profiling" in beside:
        port = port_in("PROFILING_PORT", "8001")
        print(f"with profiling tools: http://127.0.0.1:{port}/ (docs/profiling.md: what they show)")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    rows = "; ".join(f"{row.name}: {row.help}" for row in OPTIMIZATIONS)
    parser.add_argument(
        "profiles", nargs="?", default=None, help=f"names, by blanks or commas ({rows})"
    )
    return parser.parse_args()


def wanted(words: str | None) -> tuple[str, ...]:
    """Return the set that was asked for; an empty one is the baseline."""
    if words is not None:
        return names_in(words.replace(" ", ","))
    told = os.environ.get("COMPOSE_PROFILES", from_env_file("COMPOSE_PROFILES"))
    return recommended() if told is None else names_in(told)


def from_env_file(name: str) -> str | None:
    """Return a variable of .env, as Compose reads it; None where it isn't there."""
    path = ROOT / ".env"
    lines = path.read_text().splitlines() if path.exists() else []
    found = [line.partition("=")[2] for line in lines if line.partition("=")[0].strip() == name]
    return found[-1].strip().strip("\"'") if found else None


def port_in(variable: str, default: str) -> str:
    """Return the port that Compose will take."""
    return os.environ.get(variable) or from_env_file(variable) or default


def check_port() -> None:
    """Say so before anything starts where another program has the port."""
    text = port_in("WEB_PORT", "8000")
    running = compose("ps", "--quiet", "--status", "running", "web", capture_output=True, text=True)
    if not text.isdecimal() or running.stdout.strip():
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except (OSError, OverflowError) as error:
            sys.exit(
                f"error: WEB_PORT={text!r} can't be listened on ({error}): another program has it, "
                "or it is no port; choose another, for example `make up WEB_PORT=8010`"
            )


def explain(environment: dict[str, str]) -> None:
    """Print what the services said that can have stopped `up`."""
    for service in (
        *ONE_SHOTS,
        "postgres",
        "pgbouncer",
        "redis",
        "memcached",
        "web",
        *BESIDE.values(),
    ):
        logs = compose(
            "logs",
            "--no-log-prefix",
            "--tail",
            "3",
            service,
            capture_output=True,
            text=True,
            env=environment,
        )
        marks = ("error", f"{service}:")
        said = [line for line in logs.stdout.splitlines() if any(m in line.lower() for m in marks)]
        if said:
            print(f"{service}: {said[-1]}", file=sys.stderr)


def move_sessions_back(names: tuple[str, ...]) -> None:
    """Have Redis's sessions in the database before Redis stops, so that nobody is logged out."""
    running = compose(
        "--profile", "*", "ps", "--quiet", "--status", "running", "redis",
        capture_output=True, text=True,
    )  # fmt: skip
    if "redis-sessions" in names or not running.stdout.strip():
        return
    move = compose("exec", "-T", "web", "python", "manage.py", "sessions", "move")
    if move.returncode:
        sys.exit(
            "error: sessions could not be moved out of Redis, which was not stopped: "
            "the same command tries again; `docker compose rm --stop redis` logs their visitors out"
        )


def stop_others(names: tuple[str, ...], beside: tuple[str, ...]) -> None:
    """Remove the services of profiles outside the set; Compose itself leaves them running."""
    needed = {service for name in names for service in by_name[name].services}
    others = {service for row in OPTIMIZATIONS for service in row.services} - needed
    others |= {service for name, service in BESIDE.items() if name not in beside}
    markers = {f"profile-{row.name}" for row in OPTIMIZATIONS if row.name not in names}
    compose(
        "--profile", "*", "rm", "--stop", "--force", *sorted(others | markers), capture_output=True
    )


def compose(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", "compose", *words], cwd=ROOT, check=False, **options)  # type: ignore[call-overload,no-any-return]


if __name__ == "__main__":
    main()

"""PostgreSQL, memcached and Redis from the replica's images, for the time of one run.

On the host's own network, so that no proxy of Docker's stands in a round trip, and on 127.0.0.1
only. Nothing is kept: the database is in memory, where its writes cost what they cost everywhere
but the disk.
"""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ROOT",
    "Postgres",
    "Server",
    "container",
    "docker",
    "free_port",
    "memcached",
    "name_of",
    "postgres",
    "redis",
    "wait",
]

ROOT = Path(__file__).resolve().parents[1]
BOOT_SECONDS = 60
MEMORY_MB = 256
INIT_AND_SERVE = """
set -eu
umask 077
printf %s "$POSTGRES_PASSWORD" >/pgdata/password
initdb --pgdata /pgdata/db --username postgres --pwfile /pgdata/password --auth scram-sha-256 \
  --encoding UTF8 --locale C.UTF-8 >/dev/null
exec postgres -D /pgdata/db -c listen_addresses=127.0.0.1 -c "port=$POSTGRES_PORT" \
  -c unix_socket_directories=/pgdata -c shared_buffers=128MB -c max_connections=150 -c jit=off \
  -c max_parallel_workers_per_gather=0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A cache server in a container. `url` is what CACHES calls LOCATION."""

    kind: str
    container: str
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'redis://' if self.kind == 'redis' else ''}127.0.0.1:{self.port}"

    def restart(self) -> None:
        """Kill it and start it again, empty. Returns once it answers."""
        docker("restart", "--time", "0", self.container)
        self.wait()

    def wait(self) -> None:
        """Wait until it listens."""
        wait(self.container, lambda: _listens(self.port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A database server in a container."""

    container: str
    port: int
    password: str
    user: str = "postgres"
    host: str = "127.0.0.1"

    def wait(self) -> None:
        """Wait until it takes connections, which is after its own set-up."""
        ready = ("exec", self.container, "pg_isready", "-q", "-h", self.host, "-p", str(self.port))
        wait(self.container, lambda: docker(*ready, check=False) == 0)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server with nothing in it."""
    made = Postgres(container=name_of("postgres"), port=free_port(), password=secrets.token_hex(16))
    variables = {"POSTGRES_PASSWORD": made.password, "POSTGRES_PORT": str(made.port)}
    options = (
        *(part for name in variables for part in ("--env", name)),
        *("--tmpfs", "/pgdata:uid=901,gid=901,mode=0700", "--shm-size", "192m"),
    )
    command = ("sh", "-c", INIT_AND_SERVE)
    _build("postgres")
    with container("slipstream-postgres", made.container, options, command, variables):
        made.wait()
        yield made


@contextmanager
def memcached() -> Iterator[Server]:
    """Run a memcached server."""
    made = Server(kind="memcached", container=name_of("memcached"), port=free_port())
    options = ("-l", "127.0.0.1", "-p", str(made.port), "-m", str(MEMORY_MB), "-t", "2", "-U", "0")
    _build("memcached")
    with container("slipstream-memcached", made.container, (), ("memcached", *options)):
        made.wait()
        yield made


@contextmanager
def redis(policy: str = "allkeys-lru") -> Iterator[Server]:
    """Run a Redis server that writes nothing to disk; `policy` says what a full one does."""
    made = Server(kind="redis", container=name_of("redis"), port=free_port())
    settings = {
        "bind": "127.0.0.1",
        "port": str(made.port),
        "save": "",
        "appendonly": "no",
        "maxmemory": f"{MEMORY_MB}mb",
        "maxmemory-policy": policy,
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    _build("redis")
    with container("slipstream-redis", made.container, (), ("redis-server", *options)):
        made.wait()
        yield made


@contextmanager
def container(
    image: str,
    name: str,
    options: tuple[str, ...],
    command: tuple[str, ...],
    variables: dict[str, str] | None = None,
) -> Iterator[None]:
    """Run an image on the host's network, and remove its container in the end."""
    hardening = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    program, *arguments = command
    docker(
        *("run", "--detach", "--init", "--name", name, "--network", "host", *hardening, *options),
        *("--entrypoint", program, image, *arguments),
        variables=variables,
    )
    try:
        yield
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


def _build(image: str) -> None:
    """Build the replica's image where there is none: tests may be building the same one now."""
    if docker("image", "inspect", f"slipstream-{image}", check=False):
        command = ("docker", "compose", "--profile", "*", "build", "--quiet", image)
        subprocess.run(command, cwd=ROOT, check=True)


def docker(*words: str, check: bool = True, variables: dict[str, str] | None = None) -> int:
    """Run a command of Docker's and return its exit code; with `check` one above 0 ends the run."""
    done = subprocess.run(
        ("docker", *words),
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise SystemExit(f"error: docker {' '.join(words[:4])} …: {done.stderr.strip()}")
    return done.returncode


def name_of(image: str) -> str:
    """Return a name that no other container has."""
    return f"slipstream-bench-{image}-{os.getpid()}-{secrets.token_hex(3)}"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(container: str, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; ends the run with the container's last words where it doesn't."""
    deadline = time.monotonic() + BOOT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            said = subprocess.run(
                ("docker", "logs", "--tail", "5", container),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            raise SystemExit(f"error: {container} doesn't answer after {BOOT_SECONDS} s: {said}")
        time.sleep(0.05)

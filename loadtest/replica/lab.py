"""Starts the lab's replica, waits until every cell answers, and takes it down again."""

import contextlib
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadtest import atomic
from loadtest.cells import Cell
from loadtest.errors import ReplicaError
from loadtest.loopback import require_loopback
from loadtest.paths import COMPOSE_FILE
from loadtest.pinning import Pinning
from loadtest.replica import distance
from loadtest.replica.backends import max_connections
from loadtest.replica.compose import Compose, resolve
from loadtest.replica.distance import Distance
from loadtest.replica.project import budget_mib, lab_model
from loadtest.review.profiled import Profiled, services

__all__ = ("PROJECT", "Replica", "clean", "prepare")

PROJECT = "slipstream-lab"
HEALTH_INTERVAL = "5s"
"""Health checks run on the replica's cores: seldom enough not to show, often enough to boot."""
START_SECONDS = 300
READY_SECONDS = 120
NEAR = Distance()
STOPPED = ("exited", "dead", "restarting")
EMPTYING = {"queries": ("python", "manage.py", "querycache", "clear")}
"""By factor: what empties its cache, in a cell's container. All cells share one database, and those
without the optimization write to it behind the cache's back.
"""


@dataclass(frozen=True, kw_only=True)
class Replica:
    """The running cells: `urls` by the cell's name.

    cores: of each service while it is measured; every: all that there are, for the time before and
    after. None where nothing is pinned.
    """

    compose: Compose
    urls: dict[str, str]
    memory_mib: int
    away: Distance = NEAR
    cores: Mapping[str, str] = field(default_factory=dict)
    every: str = ""

    @contextlib.contextmanager
    def pinned(self) -> Iterator[None]:
        """Keep the services to their own cores for the time of the block."""
        self.compose.confine(self.cores)
        yield
        self._spread()

    def _spread(self) -> None:
        self.compose.confine(dict.fromkeys(self.cores, self.every))

    def start(self, cells: Sequence[Cell], users: int, say: Callable[[str], None]) -> None:
        """Build, boot, migrate, seed, on every core; raises ReplicaError with the log of what failed."""
        self.compose.down()  # left over from a run that was killed
        say(f"building the images, then seeding {users} users (the first time takes minutes)")
        self._build()
        try:
            self.compose.run("up", "--no-start", "--no-build")
            self._spread()
            self.compose.run(
                "up", "--detach", "--no-build", timeout_seconds=START_SECONDS + users / 500
            )
        except ReplicaError as error:
            raise ReplicaError(f"{error}{self._culprit()}") from None
        for cell in cells:
            self.wait(cell)
        found = distance.measure(self.compose, cells[0].service)
        distance.check(self.away, found)
        say(f"database: {found}")

    def start_one(self, cell: Cell) -> None:
        """Start a cell that `start` left out; raises ReplicaError with its log."""
        self.compose.run("up", "--detach", "--no-build", "--no-deps", cell.service)
        self.wait(cell)

    def stop_one(self, cell: Cell) -> None:
        self.compose.run("rm", "--stop", "--force", cell.service)

    def empty(self, cell: Cell) -> list[str]:
        """Empty the cell's caches; return the factors that have one."""
        factors = [factor for factor in cell.factors if factor in EMPTYING]
        for factor in factors:
            self.compose.run("exec", "-T", cell.service, *EMPTYING[factor], timeout_seconds=60)
        return factors

    def _build(self) -> None:
        """The repository's own images, under its own names: shared with the user's replica."""
        Compose(project="slipstream", file=COMPOSE_FILE).run(
            "--profile", "*", "build", timeout_seconds=1800
        )

    def wait(self, cell: Cell) -> None:
        """Until the cell is ready; raises ReplicaError with its log where it ends or takes too long."""
        end = time.monotonic() + READY_SECONDS
        while not _answers(self.urls[cell.name] + "/-/health/ready"):
            gone = cell.service in self._stopped()
            if gone or time.monotonic() > end:
                fact = "ended" if gone else f"isn't ready after {READY_SECONDS} s"
                log = self.compose.logs(cell.service)
                raise ReplicaError(f"cell {cell.name!r} {fact}; its last words: {log}")
            time.sleep(0.2)

    def _stopped(self) -> set[str]:
        states = self.compose.states()
        return {one["Service"] for one in states if one["State"] in STOPPED}

    def _culprit(self) -> str:
        """The last words of the first service that ended badly or isn't healthy."""
        for one in self.compose.states():
            if one.get("ExitCode") or one.get("Health") == "unhealthy":
                return f"; last words of {one['Service']!r}: {self.compose.logs(one['Service'])}"
        return ""


@contextlib.contextmanager
def prepare(  # noqa: PLR0913 - each is a decision of its own
    cells: Sequence[Cell],
    users: int,
    pinning: Pinning,
    folder: Path,
    *,
    keep: bool,
    away: Distance = NEAR,
    later: Sequence[Profiled] = (),
) -> Iterator[Replica]:
    """A replica that isn't started yet; taken down at the end unless `keep`.

    later: cells for `start_one`.
    """
    every = (*cells, *(one.cell for one in later))
    environ = {"SEED_USERS": str(users), "HEALTH_INTERVAL": HEALTH_INTERVAL}
    environ["POSTGRES_MAX_CONNECTIONS"] = str(max_connections(every))
    model = resolve(COMPOSE_FILE, environ)
    ports = free_ports([cell.name for cell in every])
    lab = lab_model(model, PROJECT, cells, ports, pinning.cpuset)
    lab["services"] |= services(model, lab, later, ports)
    lab = distance.apart(lab, away, ",".join(str(core) for core in pinning.generator))
    file = folder / "compose.json"
    atomic.write_json(file, lab)
    compose = Compose(project=PROJECT, file=file)
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    try:
        yield Replica(
            compose=compose,
            urls=urls,
            memory_mib=budget_mib(lab),
            away=away,
            cores={name: one["cpuset"] for name, one in lab["services"].items() if "cpuset" in one},
            every=pinning.every,
        )
    finally:
        if not keep:
            compose.down()


def clean() -> None:
    """Remove what a killed lab left: containers, networks, volumes of its project."""
    Compose(project=PROJECT).down()


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A port of 127.0.0.1 that is free now for each name; all held until all are found."""
    with contextlib.ExitStack() as held:
        ports = {}
        for name in names:
            one = held.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            ports[name] = int(one.getsockname()[1])
        return ports


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(require_loopback(url), timeout=5):  # noqa: S310 - http only
            return True
    except (OSError, urllib.error.URLError):
        return False

"""How Compose's profiles reach web: markers in a small volume, then one file with the active set.

`begin` empties the markers, a one-shot service of each profile touches its own, `check` validates
them, `activate` writes the active set. A running web restarts gunicorn when that file changes, and
`activate` waits for it. A web registers before it reads the set, so that none can be missed.
"""

import fcntl
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from replica.errors import ReplicaError
from slipstream.errors import did_you_mean
from slipstream.optimizations import by_name

__all__ = ["BESIDE", "NOTHING_YET", "SWITCHING", "Instance", "Volume", "split"]

BESIDE = {"profiling": "web-profiling"}
"""Profiles that are no optimization, each with its service: they leave the active set as it is."""

RESTART_SECONDS = 60.0

NOTHING_YET = "booting"
SWITCHING = "switching"
"""What an instance's file says while gunicorn isn't there; `healthcheck` knows the second."""


def split(names: Iterable[str], source: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the optimizations among the profiles, and the others; raises ReplicaError.

    source: where the names are from, for the message: ` in COMPOSE_PROFILES`.
    """
    given = tuple(names)
    known = (*by_name, *BESIDE)
    for name in given:
        if name not in known:
            raise ReplicaError(f"unknown profile {name!r}{source}: {did_you_mean(name, known)}")
    beside = tuple(name for name in given if name in BESIDE)
    return tuple(name for name in given if name not in beside), beside


class Volume:
    """The folder that the one-shot services and web share."""

    def __init__(self, root: Path) -> None:
        self.requested = root / "requested"
        self.active = root / "active"
        self.state = root / "state"
        self.instances = root / "web"

    def clear(self) -> None:
        """Forget the markers of an earlier `up`."""
        for folder in (self.requested, self.instances):
            folder.mkdir(parents=True, exist_ok=True)
        for marker in self.requested.iterdir():
            marker.unlink()
        _replace(self.state, "pending")

    def markers(self) -> tuple[str, ...]:
        """Return the names of the profiles that this `up` was given."""
        return tuple(sorted(marker.name for marker in self.requested.iterdir()))

    def write(self, names: tuple[str, ...]) -> None:
        """Make `names` the active set, at once for every reader."""
        _replace(self.active, ",".join(names))
        _replace(self.state, "settled")

    def refuse(self) -> None:
        """Let go whoever waits for a set: this `up` has none, and the one before it stays active."""
        _replace(self.state, "settled" if self.active.exists() else "refused")

    def read(self) -> str | None:
        """Return the active set as a comma-separated list; None before the first one."""
        try:
            return self.active.read_text()
        except FileNotFoundError:
            return None

    @contextmanager
    def instance(self) -> Iterator["Instance"]:
        """Register this container as a running web; the lock goes with the process, however it ends."""
        self.instances.mkdir(parents=True, exist_ok=True)
        path = self.instances / socket.gethostname()
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield Instance(path)

    def wait_until_served(self, names: str) -> None:
        """Wait until every running web serves the set `names`; raises ReplicaError."""
        deadline = time.monotonic() + RESTART_SECONDS
        while waiting := [path.name for path in self._running() if path.read_text() != names]:
            if time.monotonic() > deadline:
                raise ReplicaError(
                    f"web {waiting[0]!r} doesn't serve the set {names!r} after {RESTART_SECONDS:.0f} "
                    "s: see `docker compose logs web`"
                )
            time.sleep(0.1)

    def _running(self) -> Iterator[Path]:
        for path in self.instances.iterdir():
            with path.open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield path
                else:
                    path.unlink()


class Instance:
    """A running web container's own file: the set that it serves."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def serves(self, names: str) -> None:
        """Say which set requests are answered with from now on, or why there is none."""
        # Written in place: the lock is on this very file, a rename would leave it behind.
        with suppress(OSError):
            self.path.write_text(names)
        if names not in (NOTHING_YET, SWITCHING):
            print(f"web serves {names or 'the baseline'}", file=sys.stderr, flush=True)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)

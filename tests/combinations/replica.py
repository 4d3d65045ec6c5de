"""A replica whose web services are combinations of optimizations, of which few run at a time."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from loadtest import atomic
from loadtest.cells import BASELINE, Cell, candidates, cells, table
from loadtest.paths import COMPOSE_FILE
from loadtest.replica import lab
from loadtest.replica.compose import Compose, resolve
from loadtest.replica.project import lab_model
from tests.combinations.pairs import may_be_combined

__all__ = ["Combinations", "combinations", "running"]

PROJECT = "slipstream-combinations"
USERS = "300"
MAX_CONNECTIONS = "200"
BASELINE_SERVICE = f"web-{BASELINE}"


def combinations() -> list[Cell]:
    """Return the baseline, and every set that a site may turn on, each once and by a number."""
    baseline, *others = chain(cells(table()), candidates(table()))
    sets = {
        frozenset(cell.active): cell
        for cell in others
        if cell.active and may_be_combined(cell.active)
    }
    numbered = enumerate(sorted(sets.values(), key=lambda cell: cell.active), 1)
    return [baseline, *(replace(cell, name=f"set-{number}") for number, cell in numbered)]


@dataclass(frozen=True, kw_only=True)
class Combinations(lab.Replica):
    """Web services are started and removed by their cells; the services that they share stay.

    model: of all. Compose is told of one batch at a time: with hundreds of services each command
    takes it seconds.
    """

    model: Mapping[str, Any]

    def boot(self, baseline: Cell) -> None:
        """Build the images, and start the baseline and all that cells share. Raises ReplicaError."""
        self.compose.down()  # left over from a run that was killed
        self._build()
        self.compose.run("up", "--detach", "--no-build")
        self.wait(baseline)

    @contextmanager
    def batch(self, cells: Sequence[Cell]) -> Iterator[None]:
        """Start cells, wait until all of them are ready, and remove them. Raises ReplicaError."""
        services = [cell.service for cell in cells]
        assert self.compose.file is not None
        atomic.write_json(self.compose.file, _only(self.model, services))
        self.compose.run("up", "--detach", "--no-build", "--no-deps", *services)
        for cell in cells:
            self.wait(cell)
        yield
        self.compose.run("kill", *services)
        self.compose.run("rm", "--force", *services)


def _only(model: Mapping[str, Any], services: Sequence[str]) -> dict[str, Any]:
    """The model with these, and with what is no web service or the baseline's."""
    kept = {
        name: one
        for name, one in model["services"].items()
        if name in (*services, BASELINE_SERVICE) or not name.startswith("web-")
    }
    return {**model, "services": kept}


@contextmanager
def running(everything: Sequence[Cell], at_once: int) -> Iterator[Combinations]:
    """Start the baseline and all that cells share; everything is removed in the end.

    Cells whose places among the others are the same, modulo `at_once`, have the same port.
    """
    others = [cell for cell in everything if cell.name != BASELINE]
    baseline = next(cell for cell in everything if cell.name == BASELINE)
    ports = list(lab.free_ports([str(number) for number in range(at_once + 1)]).values())
    by_name = {cell.name: ports[1 + place % at_once] for place, cell in enumerate(others)}
    by_name[BASELINE] = ports[0]
    environ = {"SEED_USERS": USERS, "POSTGRES_MAX_CONNECTIONS": MAX_CONNECTIONS}
    model = lab_model(resolve(COMPOSE_FILE, environ), PROJECT, everything, by_name, "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.json"
        atomic.write_json(file, _only(model, ()))
        compose = Compose(project=PROJECT, file=file)
        urls = {name: f"http://127.0.0.1:{port}" for name, port in by_name.items()}
        replica = Combinations(compose=compose, urls=urls, memory_mib=0, model=model)
        try:
            replica.boot(baseline)
            yield replica
        finally:
            compose.down()

"""The books of a running replica: whose accounts belong to a cell, and what its services count.

What an account is: `cgroups.py`. What a service is asked: `counters.py`.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loadtest.cells import Cell
from loadtest.costs import line
from loadtest.costs.cgroups import Account
from loadtest.costs.counters import SOURCES, Counters
from loadtest.costs.line import Line
from loadtest.replica.compose import Compose

__all__ = ("WEB", "Books", "opened")

WEB = "web"
"""A cell's own container, whatever its service is called."""
SHARED = ("postgres",)
EXEC = ("exec", "--interactive", "--user", "0")


@dataclass(frozen=True, kw_only=True)
class Books:
    """Empty where there are no containers: then nothing is known."""

    accounts_of: Mapping[str, Account] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    def accounts(self, cell: Cell) -> dict[str, dict[str, str]]:
        """By service of the cell, for the generator."""
        services = {WEB: cell.service} | {name: name for name in (*SHARED, *cell.services)}
        return {
            name: self.accounts_of[service].as_dict()
            for name, service in services.items()
            if service in self.accounts_of
        }

    def counters(self, cell: Cell) -> dict[str, Counters]:
        """By service of the cell that has counters; to be read while nobody asks the site."""
        names = [name for name in (*SHARED, *cell.services) if name in self.lines]
        return {
            name: SOURCES[name].read(self.lines[name].ask(SOURCES[name].question)) for name in names
        }

    def since(self, before: Mapping[str, Counters], cell: Cell) -> dict[str, dict[str, int]]:
        """What they counted since then."""
        now = self.counters(cell)
        return {
            name: {key: value - before[name].get(key, 0) for key, value in counters.items()}
            for name, counters in now.items()
        }


@contextlib.contextmanager
def opened(compose: Compose, cells: Sequence[Cell], say: Callable[[str], None]) -> Iterator[Books]:
    """The books of a replica that runs. Raises ReplicaError where a service doesn't answer."""
    services = dict.fromkeys((*SHARED, *(name for cell in cells for name in cell.services)))
    containers = compose.containers()
    accounts = {
        name: Account.of(containers[name].pid)
        for name in (*services, *(cell.service for cell in cells))
    }
    known = {name: account for name, account in accounts.items() if account is not None}
    if missing := [name for name in accounts if name not in known]:
        say(
            f"CPU time and memory of {', '.join(missing)} stay unknown: their control groups can't "
            "be read from here, as where the Docker Engine runs in another machine"
        )
    with contextlib.ExitStack() as stack:
        lines = {
            name: stack.enter_context(
                line.opened(("docker", *EXEC, containers[name].id, *source.command), name)
            )
            for name, source in SOURCES.items()
            if name in services
        }
        yield Books(accounts_of=known, lines=lines)

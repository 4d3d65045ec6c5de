"""The memory that all processes of a run share: what was acknowledged, and who counted what.

Each cell is an aligned 64-bit number with one process that writes it, so that no lock is needed.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from tests.races.options import Options
from tests.races.schema import COLUMNS, KINDS, MOST_STEPS

CALM, TROUBLED = 0, 1
PHASES = 2
BYTES = 8


class Board:
    """Made once, before the processes are forked, which inherit it."""

    def __init__(self, path: Path, options: Options) -> None:
        self.options = options
        readers, writers = options.readers, options.writers
        sizes = {
            "stop": 1,
            "phase": 1,
            "acknowledged": options.rows * len(COLUMNS),
            "writes": writers,
            "own": writers,
            "unwritten": writers,
            "doom": writers,
            "steps": writers * len(KINDS) * MOST_STEPS,
            "reads": readers * PHASES,
            "hits": readers * PHASES,
            "stale": readers,
            "back": readers,
            "failed": readers,
            "list_hit_ns": readers,
        }
        path.write_bytes(bytes(sum(sizes.values()) * BYTES))
        with path.open("r+b") as file:
            self._memory = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
        self._sections = dict(self._divided(sizes))

    def _divided(self, sizes: dict[str, int]) -> Iterator[tuple[str, memoryview]]:
        start = 0
        for name, size in sizes.items():
            yield name, self._memory[start : start + size]
            start += size

    def __getitem__(self, name: str) -> memoryview:
        return self._sections[name]

    def total(self, name: str) -> int:
        """Return a counter over all processes."""
        return sum(self[name])

    def of_phase(self, name: str, phase: int) -> int:
        """Return a counter of the readers in one phase."""
        return sum(self[name][phase::PHASES])

    @property
    def stopped(self) -> bool:
        return bool(self["stop"][0])


def cell(pk: int, column: int) -> int:
    """Return where the acknowledged value of a row (its id begins at 1) and a column stands."""
    return (pk - 1) * len(COLUMNS) + column

"""Counters of one process, per table: what reads found, what writes dropped, and who is too busy.

Plain numbers without a lock: two threads may lose a count, never a read.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Table", "report"]

logger = logging.getLogger("slipstream.querycache")

LEAST_WRITES = 50
"""Writes within the memory before a table may count as written more than read."""
MEMORY = 1_000
"""Reads and writes after which older ones count half."""


@dataclass(slots=True)
class Table:
    """One table. `flux` counts misses that couldn't be stored, because of a write or a quarantine."""

    name: str
    hits: int = 0
    misses: int = 0
    flux: int = 0
    invalidations: int = 0
    differences: int = 0
    bypasses: Counter[str] = field(default_factory=Counter)
    busy: bool = False
    recent_reads: int = 0
    recent_writes: int = 0

    def read(self) -> None:
        """Note a read, whatever came of it."""
        self.recent_reads += 1
        if self.busy or self.recent_reads >= MEMORY:
            self._weigh()

    def written(self) -> None:
        """Note a write."""
        self.invalidations += 1
        self.recent_writes += 1
        if not self.busy and self.recent_writes >= LEAST_WRITES:
            self._weigh()

    def _weigh(self) -> None:
        busy = self.recent_writes >= LEAST_WRITES and self.recent_writes > self.recent_reads
        if busy != self.busy:
            self.busy = busy
            state = "is written more than read: not cached" if busy else "is cached again"
            logger.warning("table %r %s", self.name, state)
        if self.recent_reads + self.recent_writes >= MEMORY:
            self.recent_reads //= 2
            self.recent_writes //= 2


def report(tables: dict[str, Table]) -> dict[str, dict[str, Any]]:
    """Return the counters as plain data, by table."""
    return {
        name: {
            "hits": table.hits,
            "misses": table.misses,
            "flux": table.flux,
            "invalidations": table.invalidations,
            "differences": table.differences,
            "bypasses": dict(table.bypasses),
            "busy": table.busy,
        }
        for name, table in sorted(dict(tables).items())  # a copy: other threads add tables
    }

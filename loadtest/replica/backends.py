"""How many connections to Postgres the lab's cells hold, all of them at once, while one works."""

from collections.abc import Sequence

from loadtest.cells import Cell

__all__ = ("MOST_HOLDING", "holds", "max_connections")

HELD = 16
"""By a cell that keeps its connections: one per thread, 2 workers x 8 threads (replica/capacity.py)."""
OTHERS = 8 + 20 + HELD
"""Reserved ones, PgBouncer's pool, and those of a cell that connects once per request."""
USUAL = 100
"""What Postgres of the replica takes by itself; the memory of a backend is that of its container."""
MOST_HOLDING = 6
"""Cells that may keep connections in one run: 140 backends in Postgres' 448 MB."""


def holds(cell: Cell) -> bool:
    """Whether the cell keeps connections to Postgres between its requests."""
    return "connections" in cell.factors and "pgbouncer" not in cell.services


def max_connections(cells: Sequence[Cell]) -> int:
    """Return what Postgres has to take for all of these."""
    return max(USUAL, OTHERS + HELD * sum(map(holds, cells)))

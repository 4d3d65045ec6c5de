"""Quick mode's last-off: that of the optimization which is largest alone, known after one block.

The design holds a place for it in every block but the first; which cell takes the place follows
from the windows on disk, so that a resumed run goes on with the same one. The windows that choose
aren't those that are compared, so the choice leans no estimate to one side.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadtest.cells import RECOMMENDED, WITHOUT, Cell, Row, cells, without
from loadtest.figures import PHASES

__all__ = ("LARGEST", "last_offs", "taken")

LARGEST = "without-the-largest"
"""The name that the design has for the place."""


def last_offs(rows: Sequence[Row]) -> tuple[Cell, ...]:
    """The cells of which one will be measured; none where one of them is a cell anyway."""
    usual = {cell.active for cell in cells(rows)}
    found = tuple(cell for cell in cells(rows, more=True) if cell.name.startswith(WITHOUT))
    together = sum(row.recommended for row in rows)
    return found if len(found) == together and usual.isdisjoint(one.active for one in found) else ()


def taken(windows: Iterable[Mapping[str, Any]], known: Sequence[Cell]) -> str:
    """Return the name of the cell that takes the place, from the windows that there are.

    Once it was measured it stays. Where an optimization lacks its window of the first block, for
    having been invalid, the others choose.
    """
    measured = list(windows)
    for one in measured:
        if one["cell"].startswith(WITHOUT):
            return str(one["cell"])
    together = next(cell.active for cell in known if cell.name == RECOMMENDED)
    rates = {
        one["cell"]: one["phases"][PHASES[0]]["requests_per_second"]
        for one in measured
        if one["block"] == 1
    }
    return without(max(together, key=lambda name: rates.get(name, 0.0)))

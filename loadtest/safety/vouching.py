"""Quick mode probes all recommended optimizations together, and each alone only where a probe fails.

Together is how a team turns them on, and what only goes wrong together shows there alone. Full mode
has the time to probe each alone as well.
"""

from collections.abc import Iterable

from loadtest.cells import RECOMMENDED, Cell, separate

__all__ = ("vouched",)


def vouched(cells: Iterable[Cell], mode: str) -> dict[str, str]:
    """By name of a cell, the one that is probed in its place."""
    known = list(cells)
    whole = next((cell for cell in known if cell.name == RECOMMENDED), None)
    if mode == "full" or whole is None:
        return {}
    return {
        cell.name: whole.name
        for cell in known
        if separate(cell.name) and cell.active and set(cell.active) < set(whole.active)
    }

"""The experiment's design: randomized complete blocks, every cell once in every block.

What a window measures is in `window.py`; how its figures are compared in `model.py`.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = ("Window", "missing", "randomized_blocks", "visitor_seed")


@dataclass(frozen=True, kw_only=True)
class Window:
    """One turn of one cell. `number` counts from 1 over the run, `position` within the block."""

    number: int
    block: int
    position: int
    cell: str


def randomized_blocks(
    cells: Sequence[str], blocks: int, seed: int, later: Sequence[str] = ()
) -> tuple[Window, ...]:
    """Each block holds every cell in an order of its own; the same seed gives the same design.

    later: cells of all blocks but the first.
    """
    random_order = random.Random(seed)
    windows: list[Window] = []
    for block in range(1, blocks + 1):
        members = [*cells, *(later if block > 1 else ())]
        order = random_order.sample(members, len(members))
        for position, cell in enumerate(order, 1):
            number = len(windows) + 1
            windows.append(Window(number=number, block=block, position=position, cell=cell))
    return tuple(windows)


def missing(design: Sequence[Window], finished: Collection[int]) -> tuple[Window, ...]:
    """What a resumed run has still to measure, in the order of the design."""
    return tuple(window for window in design if window.number not in finished)


def visitor_seed(seed: int, window: Window) -> str:
    """Visits are the same in all cells of a block: cells differ in nothing else."""
    return f"{seed}/{window.block}"

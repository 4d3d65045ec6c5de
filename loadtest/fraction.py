"""The D-optimal fraction of full mode: which further sets tell most of factors and their pairs.

Choosing is pyDOE's; here is what it chooses from, and how many sets fit into memory. How many fit
into the time is in `plan.py`.
"""

from collections.abc import Sequence

import numpy as np
from pydoe import jacobian_optimal_design

from loadtest.cells import AGAIN, PLUS, RECOMMENDED, Cell
from loadtest.pairmodel import PairModel
from loadtest.replica.backends import MOST_HOLDING, holds

__all__ = ("augment", "lacking", "lines", "most_cells")

STEP = 3
"""Sets chosen at a time. 14 at once took 40 times as long (192 candidates), for 1 % of efficiency."""
CELL_MIB, SHARED_MIB, MACHINE_MIB = 640, 752 + 320 + 64, 2048
"""A cell's container; the services that all share, the review and the way to a Postgres farther away;
engine, generator and the rest of the machine."""


def most_cells(memory_mib: int) -> int:
    """Return how many cells fit into the memory of a machine."""
    return max(0, (memory_mib - MACHINE_MIB - SHARED_MIB) // CELL_MIB)


def augment(fixed: Sequence[Cell], candidates: Sequence[Cell], number: int) -> list[Cell]:
    """Return up to so many of the candidates that, measured beside `fixed`, tell most.

    They maximize the determinant of the information matrix of the pair model over both (Fedorov,
    Theory of Optimal Experiments, 1972), as far as Postgres has connections for all that keep theirs.
    The same cells give the same choice.
    """
    model = PairModel.of(fixed)
    if model is None:
        return []
    chosen: list[Cell] = []
    usual = [cell for cell in fixed if cell.name != AGAIN and model.holds(cell)]
    sets = {frozenset(cell.active) for cell in fixed}
    free = [one for one in candidates if model.holds(one) and frozenset(one.active) not in sets]
    while len(chosen) < number and free:
        count = min(STEP, number - len(chosen), len(free))
        found = [
            free[place]
            for place in _best(model.matrix([*usual, *chosen]), model.matrix(free), count)
        ]
        free = [cell for cell in free if cell not in found]
        for cell in found:
            if holds(cell) and sum(map(holds, (*fixed, *chosen))) >= MOST_HOLDING:
                free = [one for one in free if not holds(one)]
            else:
                chosen.append(cell)
    return chosen


def _best(known: np.ndarray, candidates: np.ndarray, count: int) -> list[int]:
    """Return the places of up to `count` rows that add most to what the known ones tell.

    pyDOE knows no rows that are measured in any case, but averages the information of a candidate
    over slices: the known rows are slices of every candidate, a `count`th of each, so that a choice
    of `count` candidates carries all of them once.
    """
    shared = np.repeat(known.T[None] / np.sqrt(count), len(candidates), axis=0)
    slices = np.concatenate([candidates[:, :, None], shared], axis=2)
    places, _ = jacobian_optimal_design(slices, count)
    return list(dict.fromkeys(int(place) for place in places))


def lacking(cells: Sequence[Cell]) -> int:
    """Return how many sets more make factors and their pairs estimable."""
    model = PairModel.of(cells)
    if model is None:
        return 0
    matrix = model.matrix([cell for cell in cells if model.holds(cell)])
    return int(matrix.shape[1] - np.linalg.matrix_rank(matrix))


def lines(cells: Sequence[Cell], mode: str) -> list[str]:
    """Return what a full run can tell of factors and pairs, for the user to read before it."""
    model = PairModel.of(cells)
    if mode != "full" or model is None:
        return []
    pairs = f"{len(model.players)} recommended optimizations and {len(model.pairs)} pairs"
    missing = lacking(cells)
    if missing:
        fact = f"too few sets for shares of {pairs}: {missing} more would do"
        return [f"{fact}; fewer BLOCKS, shorter windows or more memory make room for them"]
    crossed = sum(PLUS in cell.name and not cell.name.startswith(RECOMMENDED) for cell in cells)
    return [f"{crossed} of the cells, a D-optimal fraction, make shares of {pairs} estimable"]

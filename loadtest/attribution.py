"""Whose the gain is: Shapley shares of the recommended optimizations, their pairs, other levels.

The pair model (`pairmodel.py`) is laid by least squares through the cells' effects, each cell once,
so that all it says is a linear combination of them, with intervals from the windows' own noise.
Where cells differ in more than pairs explain (`misfit`), the intervals are widened by that: else two
could seem to help each other because three do. What pairs leave open of all together is the residual.

result.json's `attribution`, by phase; null where the run's cells don't tell the terms apart:
    shares     by optimization, as `mix` of the table: the ratio that is its share of the total; and
               `part`, the share of the total's logarithm (they sum to 1). Null where the total is 1
    total      the product of all shares: what the model says of all recommended ones together
    residual   the measured ratio of all recommended ones, divided by that total
    pairs      [{first, second, ...}]: the ratio by which two give more together than one by one
    misfit     {p, factor, freedom}: whether pairs explain the cells, and the widening (`model.py`)
    levels     by other level, its ratio to the recommended one of its factor
    on_top     by level of a factor without a recommended one, its ratio on top of all recommended
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.linalg import null_space

from loadtest.cells import AGAIN, BASELINE, PLUS, RECOMMENDED, Cell
from loadtest.comparisons import families, left_open
from loadtest.model import Effect, Model
from loadtest.pairmodel import PairModel

__all__ = ("attribution",)

TOTAL, RESIDUAL = "total", "residual"


def attribution(fitted: Model, cells: Sequence[Cell]) -> dict[str, Any] | None:
    """Return a phase's shares, pairs and levels as plain data."""
    known = {*fitted.effects, BASELINE} - {AGAIN}
    measured = [cell for cell in cells if cell.name in known]
    model = PairModel.of(measured)
    if model is None:
        return None
    usual = [cell for cell in measured if model.holds(cell)]
    matrix = model.matrix(usual)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return None
    solved = np.linalg.pinv(matrix)

    def weights(terms: Mapping[str, float]) -> dict[str, float]:
        """A combination of terms as one of cells."""
        wanted = np.array([terms.get(term, 0.0) for term in model.terms])
        return dict(zip([cell.name for cell in usual], (wanted @ solved).tolist(), strict=True))

    total = weights(model.total())
    asked = {
        "whole": {TOTAL: total, RESIDUAL: _difference({RECOMMENDED: 1.0, BASELINE: -1.0}, total)},
        "shares": {one: weights(model.share(one)) for one in model.players.values()},
        "pairs": {two: weights({two: 1.0}) for two in model.pairs},
        "levels": {level: weights({level: 1.0}) for level in model.others},
    }
    names = [cell.name for cell in usual]
    unexplained = null_space(matrix.T).T.tolist()
    beyond = left_open(fitted, [dict(zip(names, one, strict=True)) for one in unexplained])
    found = families(fitted, asked, beyond)
    found |= families(fitted, {"on_top": _on_top(measured, model)})
    whole = found["whole"]
    return {
        "shares": {
            name: one.row() | _part(one, whole[TOTAL]) for name, one in found["shares"].items()
        },
        **{name: one.row() for name, one in whole.items()},
        "pairs": [
            {"first": first, "second": second, **found["pairs"][name].row()}
            for name, (first, second) in model.pairs.items()
        ],
        **{
            kind: {name: one.row() for name, one in found[kind].items()}
            for kind in ("levels", "on_top")
        },
        "misfit": asdict(beyond) if beyond else None,
    }


def _difference(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) - other.get(name, 0.0) for name in {**one, **other}}


def _on_top(cells: Sequence[Cell], model: PairModel) -> dict[str, dict[str, float]]:
    """What a level of a factor without a player is to all recommended ones without it."""
    prefix = f"{RECOMMENDED}{PLUS}"
    return {
        cell.name.removeprefix(prefix): {cell.name: 1.0, RECOMMENDED: -1.0}
        for cell in cells
        if cell.name.startswith(prefix) and not model.holds(cell)
    }


def _part(share: Effect, total: Effect) -> dict[str, float | None]:
    whole = math.log(total.ratio)
    return {"part": math.log(share.ratio) / whole if whole else None}

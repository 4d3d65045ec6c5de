"""Ratios to the baseline with their intervals: a block + cell model on log values.

It knows windows' values only; where those come from is in `figures.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import statsmodels.api as sm

__all__ = ("Effect", "Model", "Observation", "fit")


@dataclass(frozen=True)
class Observation:
    """One window's value (positive, for example requests per second)."""

    cell: str
    block: int
    value: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A cell's ratio to the baseline, with its interval where one can be given."""

    ratio: float
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, or `can't tell` where the interval holds 1 or is unknown."""
        if self.low is None or self.high is None or self.low <= 1 <= self.high:
            return "can't tell"
        return "faster" if self.ratio > 1 else "slower"


@dataclass(frozen=True, kw_only=True)
class Model:
    """`noise`: residual standard deviation of log values, about the relative error of a window."""

    effects: dict[str, Effect] = field(default_factory=dict)
    noise: float | None = None
    degrees_of_freedom: int = 0
    level: float = 0.95


def fit(observations: Sequence[Observation], baseline: str, level: float = 0.95) -> Model:
    """log(value) = block + cell, least squares; t intervals from residuals pooled over all cells.

    Windows may be missing. Without a window of the baseline there is nothing to compare with: no
    effects. Without residual degrees of freedom there are ratios but no intervals.
    """
    usable = [one for one in observations if one.value > 0]
    others = sorted({one.cell for one in usable} - {baseline})
    if len(others) == len({one.cell for one in usable}) or not others:
        return Model(level=level)
    if np.linalg.matrix_rank(_matrix(usable, others)) < _matrix(usable, others).shape[1]:
        return fit(_beside_baseline(usable, baseline), baseline, level)
    result = sm.OLS([math.log(one.value) for one in usable], _matrix(usable, others)).fit()
    freedom = int(result.df_resid)
    ends = result.conf_int(alpha=1 - level) if freedom > 0 else None
    effects = {}
    for column, cell in enumerate(others):
        low, high = (None, None) if ends is None else (float(end) for end in np.exp(ends[column]))
        effects[cell] = Effect(ratio=float(np.exp(result.params[column])), low=low, high=high)
    noise = math.sqrt(result.scale) if freedom > 0 else None
    return Model(effects=effects, noise=noise, degrees_of_freedom=max(freedom, 0), level=level)


def _matrix(observations: Sequence[Observation], others: Sequence[str]) -> np.ndarray:
    """An indicator per cell but the baseline, then one per block (they hold the intercept)."""
    blocks = sorted({one.block for one in observations})
    rows = [
        [float(one.cell == cell) for cell in others] + [float(one.block == b) for b in blocks]
        for one in observations
    ]
    return np.array(rows)


def _beside_baseline(observations: Sequence[Observation], baseline: str) -> list[Observation]:
    """Only the blocks that hold the baseline: what is left is always connected to it."""
    blocks = {one.block for one in observations if one.cell == baseline}
    return [one for one in observations if one.block in blocks]

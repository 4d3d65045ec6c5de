"""Ratios to the baseline with their intervals: a block + cell model on log values.

It knows windows' values only; where those come from is in `figures.py`.
"""

import math
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests

__all__ = ("POWER", "Effect", "Model", "Observation", "adjusted", "contrasts", "fit")

Name = TypeVar("Name", bound=Hashable)
POWER = 0.8
"""The probability with which the smallest detectable effect is found."""


@dataclass(frozen=True)
class Observation:
    """One window's value (positive, for example requests per second)."""

    cell: str
    block: int
    value: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A cell's ratio to the baseline, with what can be said of it where there is an interval.

    low, high: the interval of this comparison by itself. p: of the test whether the ratio is 1.
    holm: p, adjusted by Holm's method for all comparisons of the family, so that a run in which
    nothing differs names any of them with probability `alpha` only. detectable: the least ratio
    above 1 that such a comparison by itself finds with probability POWER. error, freedom: standard
    error of the ratio's logarithm, with its degrees of freedom.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    holm: float | None = None
    detectable: float | None = None
    error: float | None = None
    freedom: int = 0
    alpha: float = 0.05

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, or `can't tell`."""
        if self.low is None or self.high is None or self.low <= 1 <= self.high:
            return "can't tell"
        if self.holm is not None and self.holm > self.alpha:
            return "can't tell"
        return "faster" if self.ratio > 1 else "slower"

    def row(self) -> dict[str, Any]:
        """All of it as plain data, as result.json has it."""
        return {**asdict(self), "verdict": self.verdict, "below": self.below}

    @property
    def inverse(self) -> "Effect":
        """The baseline's ratio to the cell."""
        ends = (None if end is None else 1 / end for end in (self.high, self.low))
        low, high = ends
        return replace(self, ratio=1 / self.ratio, low=low, high=high)

    @property
    def below(self) -> float | None:
        """The largest change that the interval leaves open, as a share: 0.1 is 10 % either way."""
        if self.low is None or self.high is None:
            return None
        return max(abs(self.low - 1), abs(self.high - 1))


@dataclass(frozen=True, kw_only=True)
class Model:
    """`noise`: residual standard deviation of log values, about the relative error of a window.

    fitted: statsmodels' result, whose first parameters are those of `effects`, in their order.
    """

    effects: dict[str, Effect] = field(default_factory=dict)
    fitted: Any = field(default=None, repr=False, compare=False)
    baseline: str = ""
    noise: float | None = None
    degrees_of_freedom: int = 0
    level: float = 0.95


def fit(
    observations: Sequence[Observation],
    baseline: str,
    level: float = 0.95,
    apart: Collection[str] = (),
) -> Model:
    """log(value) = block + cell, least squares; t intervals from residuals pooled over all cells.

    Windows may be missing. Without a window of the baseline there is nothing to compare with: no
    effects. Without residual degrees of freedom there are ratios but no intervals.

    apart: cells that aren't in the family of comparisons, the A/A cell for one.
    """
    usable = [one for one in observations if one.value > 0]
    others = sorted({one.cell for one in usable} - {baseline})
    if len(others) == len({one.cell for one in usable}) or not others:
        return Model(level=level)
    matrix = _matrix(usable, others)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return fit(_beside_baseline(usable, baseline), baseline, level, apart)
    result = sm.OLS([math.log(one.value) for one in usable], matrix).fit()
    freedom = int(result.df_resid)
    if freedom <= 0:
        ratios = {cell: Effect(ratio=math.exp(result.params[n])) for n, cell in enumerate(others)}
        return Model(effects=ratios, fitted=result, baseline=baseline, level=level)
    cells = np.eye(len(others), matrix.shape[1])
    effects = dict(zip(others, _effects(result.t_test(cells), freedom, 1 - level), strict=True))
    return Model(
        effects=adjusted(effects, apart),
        fitted=result,
        baseline=baseline,
        noise=math.sqrt(result.scale),
        degrees_of_freedom=freedom,
        level=level,
    )


def contrasts(model: Model, weights: Mapping[Name, Mapping[str, float]]) -> dict[Name, Effect]:
    """Return the effect of each linear combination of cells' log values, none of them adjusted.

    weights: by the name of the combination, a weight per cell; they sum to 0, the baseline's included,
    which may be left out. Where the model has no value of a cell, the combination is left out.
    """
    known = list(model.effects)
    told = {
        name: [cells.get(cell, 0.0) for cell in known]
        for name, cells in weights.items()
        if all(cell in known for cell, weight in cells.items() if weight and cell != model.baseline)
    }
    if not told:
        return {}
    result, freedom = model.fitted, model.degrees_of_freedom
    matrix = np.zeros((len(told), len(result.params)))
    matrix[:, : len(known)] = list(told.values())
    if freedom <= 0:
        ratios = np.exp(matrix @ result.params)
        return {name: Effect(ratio=float(one)) for name, one in zip(told, ratios, strict=True)}
    test = result.t_test(matrix)
    return dict(zip(told, _effects(test, freedom, 1 - model.level), strict=True))


def _effects(test: Any, freedom: int, alpha: float) -> Iterator[Effect]:
    """An effect per row of statsmodels' t test, which gives other shapes for a single row."""
    ends = np.exp(test.conf_int(alpha)).reshape(-1, 2)
    needed = _detectable(freedom, alpha)
    rows = (np.ravel(one) for one in (test.effect, test.pvalue, test.sd))
    for value, p, error, (low, high) in zip(*rows, ends, strict=True):
        yield Effect(
            ratio=math.exp(value),
            low=float(low),
            high=float(high),
            p=float(p),
            holm=float(p),
            detectable=math.exp(needed * float(error)),
            error=float(error),
            freedom=freedom,
            alpha=alpha,
        )


def adjusted(effects: Mapping[str, Effect], apart: Collection[str]) -> dict[str, Effect]:
    """Return effects with `holm` for all of them together but those `apart`."""
    family = [name for name in effects if name not in apart]
    if not family:
        return dict(effects)
    _, holm, *_ = multipletests([effects[name].p for name in family], method="holm")
    changed = {
        name: replace(effects[name], holm=float(p)) for name, p in zip(family, holm, strict=True)
    }
    return {name: changed.get(name, effect) for name, effect in effects.items()}


@lru_cache
def _detectable(freedom: int, alpha: float) -> float:
    """Return how many standard errors an effect must have for the t test to find it with POWER.

    Of the noncentral t distribution: Cohen, Statistical Power Analysis (1988), chapter 2.
    """
    bound = stats.t.ppf(1 - alpha / 2, freedom)

    def missing(effect: float) -> float:  # the other side of the test finds next to none of them
        return float(stats.nct.sf(bound, freedom, effect)) - POWER

    return float(brentq(missing, 0, 4 * bound))


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

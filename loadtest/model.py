"""Ratios to the baseline with their intervals: a block + cell model on log values.

It knows windows' values only; where those come from is in `figures.py`.
"""

import math
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Self, TypeVar

import numpy as np
from scipy import special, stats
from scipy.optimize import brentq
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests

__all__ = (
    "POWER",
    "Effect",
    "Misfit",
    "Model",
    "Observation",
    "adjusted",
    "contrasts",
    "fit",
    "misfit",
)

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
    nothing differs names any of them with probability `verdict_alpha` only. detectable: the least ratio
    above 1 that such a comparison by itself finds with probability POWER. error, freedom: standard
    error of the ratio's logarithm, with its degrees of freedom. verdict_alpha: the most that `holm` may
    be for a verdict.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    holm: float | None = None
    detectable: float | None = None
    error: float | None = None
    freedom: float = 0
    alpha: float = 0.05
    verdict_alpha: float = 0.05

    @classmethod
    def of(cls, log: float, error: float, freedom: float, alpha: float) -> Self:
        """Return the effect of a ratio's logarithm with its standard error, by the t distribution."""
        p = float(2 * special.stdtr(freedom, -abs(log) / error)) if error else float(log == 0)
        half = _bound(freedom, alpha) * error
        return cls(
            ratio=math.exp(log),
            low=math.exp(log - half),
            high=math.exp(log + half),
            p=p,
            holm=p,
            detectable=math.exp(_detectable(freedom, alpha) * error),
            error=error,
            freedom=freedom,
            alpha=alpha,
        )

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, or `can't tell`."""
        if self.low is None or self.high is None or self.low <= 1 <= self.high:
            return "can't tell"
        if self.holm is not None and self.holm > self.verdict_alpha:
            return "can't tell"
        return "faster" if self.ratio > 1 else "slower"

    def row(self) -> dict[str, Any]:
        """All of it as plain data, as result.json has it."""
        return {**vars(self), "verdict": self.verdict, "below": self.below}

    @property
    def below(self) -> float | None:
        """The largest change that the interval leaves open, as a share: 0.1 is 10 % either way."""
        if self.low is None or self.high is None:
            return None
        return max(abs(self.low - 1), abs(self.high - 1))


@dataclass(frozen=True, kw_only=True)
class Model:
    """`noise`: residual standard deviation of log values, about the relative error of a window.

    verdict_alpha: of the verdicts on what is compared in it.
    fitted: statsmodels' result, whose first parameters are those of `effects`, in their order.
    """

    effects: dict[str, Effect] = field(default_factory=dict)
    fitted: Any = field(default=None, repr=False, compare=False)
    baseline: str = ""
    noise: float | None = None
    degrees_of_freedom: int = 0
    level: float = 0.95
    verdict_alpha: float = 0.05


def fit(
    observations: Sequence[Observation],
    baseline: str,
    level: float = 0.95,
    apart: Collection[str] = (),
    verdict_alpha: float = 0.05,
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
        return fit(_beside_baseline(usable, baseline), baseline, level, apart, verdict_alpha)
    result = OLS([math.log(one.value) for one in usable], matrix).fit()
    freedom = int(result.df_resid)
    if freedom <= 0:
        ratios = {cell: Effect(ratio=math.exp(result.params[n])) for n, cell in enumerate(others)}
        return Model(effects=ratios, fitted=result, baseline=baseline, level=level)
    cells = np.eye(len(others), matrix.shape[1])
    effects = dict(zip(others, _effects(result.t_test(cells), freedom, 1 - level), strict=True))
    return Model(
        effects=adjusted(effects, apart, verdict_alpha),
        fitted=result,
        baseline=baseline,
        noise=math.sqrt(result.scale),
        degrees_of_freedom=freedom,
        level=level,
        verdict_alpha=verdict_alpha,
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
    return dict(zip(told, _effects(result.t_test(matrix), freedom, 1 - model.level), strict=True))


def _effects(test: Any, freedom: int, alpha: float) -> Iterator[Effect]:
    """An effect per row of statsmodels' t test, which gives another shape for a single row."""
    for log, error in zip(np.ravel(test.effect), np.ravel(test.sd), strict=True):
        yield Effect.of(float(log), float(error), freedom, alpha)


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What a model of fewer terms leaves open of the cells, and whether that is more than noise.

    p: of the F test that it isn't. factor: how many times as large as the windows' own noise makes
    them the standard errors of its terms are, where it is; 1 where it isn't. freedom: of the factor.
    """

    p: float
    factor: float
    freedom: int

    def widened(self, effect: Effect) -> Effect:
        """Return the effect with what the misfit adds to its error."""
        if self.factor == 1 or effect.error is None:
            return effect
        log, error = math.log(effect.ratio), effect.error * self.factor
        return Effect.of(log, error, self.freedom, effect.alpha)


def misfit(model: Model, weights: Sequence[Mapping[str, float]]) -> Misfit | None:
    """Test independent combinations of cells that would all be 0 if the model of fewer terms held.

    Lack of fit against pure error: Draper and Smith, Applied Regression Analysis (1998), 2.1. None
    where there is nothing to test.
    """
    if not weights or model.degrees_of_freedom <= 0:
        return None
    known = list(model.effects)
    matrix = np.zeros((len(weights), len(model.fitted.params)))
    matrix[:, : len(known)] = [[one.get(cell, 0.0) for cell in known] for one in weights]
    test = model.fitted.f_test(matrix)
    p, ratio = float(test.pvalue), float(test.fvalue)
    factor = math.sqrt(ratio) if p < 1 - model.level else 1.0
    return Misfit(p=p, factor=factor, freedom=len(weights))


def adjusted(
    effects: Mapping[str, Effect], apart: Collection[str], verdict_alpha: float = 0.05
) -> dict[str, Effect]:
    """Return effects with `holm` for all of them together but those `apart`, or without a test."""
    family = [name for name, one in effects.items() if name not in apart and one.p is not None]
    if not family:
        return dict(effects)
    _, holm, *_ = multipletests([effects[name].p for name in family], method="holm")
    changed = {
        name: replace(effects[name], holm=float(p), verdict_alpha=verdict_alpha)
        for name, p in zip(family, holm, strict=True)
    }
    return {name: changed.get(name, effect) for name, effect in effects.items()}


@lru_cache
def _bound(freedom: float, alpha: float) -> float:
    """Return how many standard errors an interval reaches to either side."""
    return float(stats.t.ppf(1 - alpha / 2, freedom))


@lru_cache
def _detectable(freedom: float, alpha: float) -> float:
    """Return how many standard errors an effect must have for the t test to find it with POWER.

    Of the noncentral t distribution: Cohen, Statistical Power Analysis (1988), chapter 2.
    """
    bound = _bound(freedom, alpha)

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

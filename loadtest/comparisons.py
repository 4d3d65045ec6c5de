"""What is compared in a run beside single cells to the baseline, and which verdicts hold together.

Every comparison is a linear combination of the cells' effects in the one model of its phase
(`model.py`), with residuals pooled over all windows. Verdicts hold together, by Holm's method, in
families of their own: a family answers one question.

    table, alone   each optimization alone and all recommended ones, to the baseline
    table, others  all other sets, to the baseline
    last offs      all recommended ones to all but one
    story          each step to the step before
    whole, shares, pairs, levels, on top    in `attribution.py`

The baseline to itself (A/A) is in none. In all others its value is the mean of its two cells, which
narrows every interval: the standard error of a ratio to it is 0.87 times that of one cell.

Intervals are of 95 % in every mode; quick mode's verdicts take more (VERDICT_ALPHA).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.cells import AGAIN, BASELINE, RECOMMENDED, Cell, steps
from loadtest.model import Effect, Misfit, Model, adjusted, contrasts, misfit

__all__ = (
    "VERDICT_ALPHA",
    "families",
    "in_families",
    "last_offs",
    "left_open",
    "story",
    "to_baseline",
)

Rows = dict[str, dict[str, Any]]

VERDICT_ALPHA = {"quick": 0.01, "full": 0.05}
"""By mode: with which probability at most a run in which nothing differs names one of a family."""


def to_baseline(model: Model) -> dict[str, Effect]:
    """Each cell to the mean of the baseline's two cells, none adjusted; the second to the first."""
    weights = {cell: {cell: 1.0, BASELINE: -1.0} for cell in model.effects}
    return contrasts(
        model,
        {cell: one if cell == AGAIN else _halved(model, one) for cell, one in weights.items()},
    )


def _halved(model: Model, weights: Mapping[str, float]) -> dict[str, float]:
    """Half of the baseline's weight for its second cell, where that was measured."""
    whole = weights.get(BASELINE, 0.0)
    if AGAIN not in model.effects or not whole:
        return dict(weights)
    return {**weights, BASELINE: whole / 2, AGAIN: weights.get(AGAIN, 0.0) + whole / 2}


def in_families(
    effects: Mapping[str, Effect], cells: Sequence[Cell], verdict_alpha: float = 0.05
) -> dict[str, Effect]:
    """Each cell to the baseline, adjusted within its family."""
    alone = {cell.name for cell in cells if len(cell.active) == 1} | {RECOMMENDED}
    found = dict(effects)
    for members in (alone, set(effects) - alone - {AGAIN}):
        found = adjusted(found, set(effects) - members, verdict_alpha)
    return found


def last_offs(models: Mapping[str, Model], cells: Sequence[Cell]) -> Rows:
    """By optimization and phase, what it gives beside the others: all to all but this one."""
    together = next((cell for cell in cells if cell.name == RECOMMENDED), None)
    if together is None:
        return {}
    sets = {frozenset(cell.active): cell.name for cell in reversed(cells)}
    found = {name: sets.get(frozenset(together.active) - {name}) for name in together.active}
    weights = {name: {RECOMMENDED: 1.0, cell: -1.0} for name, cell in found.items() if cell}
    return _by_name({phase: families(model, {"": weights})[""] for phase, model in models.items()})


def story(models: Mapping[str, Model], cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """From none to all recommended optimizations, what each step adds to the one before.

    Nothing unless every step has a value: a step that is left out would be told as the next one's.
    """
    order = [(factor, name) for factor, name in steps(cells) if name is not None]
    if len(order) < len(steps(cells)):
        return []
    before = [BASELINE, *(name for _factor, name in order)]
    weights = {
        factor: {name: 1.0, last: -1.0} for (factor, name), last in zip(order, before, strict=False)
    }
    rows = _by_name({phase: families(model, {"": weights})[""] for phase, model in models.items()})
    if len(rows) < len(order):
        return []
    return [{"factor": factor, "cell": name, **rows[factor]} for factor, name in order]


def families(
    model: Model,
    asked: Mapping[str, Mapping[str, Mapping[str, float]]],
    widening: Misfit | None = None,
) -> dict[str, dict[str, Effect]]:
    """The effects of linear combinations of cells, by family and name, adjusted within families.

    widening: of the model that the combinations are terms of, which widens their intervals.
    """
    flat = {(kind, name): one for kind, named in asked.items() for name, one in named.items()}
    found: dict[str, dict[str, Effect]] = {kind: {} for kind in asked}
    halved = {name: _halved(model, one) for name, one in flat.items()}
    for (kind, name), effect in contrasts(model, halved).items():
        found[kind][name] = widening.widened(effect) if widening else effect
    return {kind: adjusted(one, (), model.verdict_alpha) for kind, one in found.items()}


def left_open(model: Model, weights: Sequence[Mapping[str, float]]) -> Misfit | None:
    """Test whether combinations of cells that would be 0 in a model of fewer terms are."""
    return misfit(model, [_halved(model, one) for one in weights])


def _by_name(found: Mapping[str, Mapping[str, Effect]]) -> Rows:
    """Plain data by name, then phase; without names that a phase lacks."""
    first, *others = found.values()
    names = [name for name in first if all(name in other for other in others)]
    return {name: {phase: one[name].row() for phase, one in found.items()} for name in names}

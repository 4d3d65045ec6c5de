"""What is compared in a run beside single cells to the baseline, and which verdicts hold together.

Every comparison is a linear combination of the cells' effects in the one model of its phase
(`model.py`), with residuals pooled over all windows. Verdicts hold together, by Holm's method, in
families of their own: a family answers one question.

    table, alone   each optimization alone and all recommended ones, to the baseline
    table, others  all other sets, to the baseline
    last offs      all recommended ones to all but one
    story          each step to the step before
    shares, pairs, levels    in `attribution.py`

The baseline to itself (A/A) is in none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.cells import AGAIN, BASELINE, RECOMMENDED, Cell, steps
from loadtest.model import Effect, Misfit, Model, adjusted, contrasts

__all__ = ("families", "last_offs", "story", "table")

Rows = dict[str, dict[str, Any]]


def table(effects: Mapping[str, Effect], cells: Sequence[Cell]) -> dict[str, Effect]:
    """Each cell to the baseline, adjusted within its family."""
    alone = {cell.name for cell in cells if len(cell.active) == 1} | {RECOMMENDED}
    found = dict(effects)
    for members in (alone, set(effects) - alone - {AGAIN}):
        found = adjusted(found, apart=set(effects) - members)
    return found


def last_offs(models: Mapping[str, Model], cells: Sequence[Cell]) -> Rows:
    """By optimization and phase, what it gives beside the others: all to all but this one."""
    together = next((cell for cell in cells if cell.name == RECOMMENDED), None)
    if together is None:
        return {}
    sets = {frozenset(cell.active): cell.name for cell in reversed(cells)}
    found = {
        name: sets.get(frozenset(together.active) - {name})
        for name in together.active
        if len(together.active) > 1
    }
    weights = {name: {RECOMMENDED: 1.0, cell: -1.0} for name, cell in found.items() if cell}
    return _by_name({phase: families(model, {"": weights})[""] for phase, model in models.items()})


def story(models: Mapping[str, Model], cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """From none to all recommended optimizations, what each step adds to the one before.

    Nothing unless every step has a value: a step that is left out would be told as the next one's.
    """
    order = [(factor, name) for factor, name in steps(cells) if name is not None]
    if len(order) < 2 or len(order) < len(steps(cells)):  # noqa: PLR2004
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
    misfit: Misfit | None = None,
) -> dict[str, dict[str, Effect]]:
    """The effects of linear combinations of cells, by family and name, adjusted within families.

    misfit: of the model that the combinations are terms of, which widens their intervals.
    """
    flat = {(kind, name): one for kind, named in asked.items() for name, one in named.items()}
    found: dict[str, dict[str, Effect]] = {kind: {} for kind in asked}
    for (kind, name), effect in contrasts(model, flat).items():
        found[kind][name] = misfit.widened(effect) if misfit else effect
    return {kind: adjusted(members, apart=()) for kind, members in found.items()}


def _by_name(found: Mapping[str, Mapping[str, Effect]]) -> Rows:
    """Plain data by name, then phase; without names that a phase lacks."""
    first, *others = found.values()
    names = [name for name in first if all(name in other for other in others)]
    return {name: {phase: one[name].row() for phase, one in found.items()} for name in names}

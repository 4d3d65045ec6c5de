"""Makes `result.json`'s content of a run's windows: figures per cell, ratios to the baseline.

Schema 1: `schema`, `run`, `complete`, all of run.json (`settings`, `seed`, `scenario`, `cells`,
`design`, `fingerprint`, `created_at`), `versions` (of the replica), `windows` (each as in its own
file; raw samples by file name), `failures` (interrupted or invalid attempts, with the reason),
`flags` (what to distrust), `model` (by phase: noise, degrees of freedom, level), `table`: per cell
    windows, requests, errors
    mix, one-query    {rate, ratio, low, high, p, holm, detectable, error, freedom, alpha, verdict,
                      below}; requests per second, 95 % interval; the others as in model.py
    p50, p95, p99     {ms, ratio, beyond, sure}; sure = at least 20 samples beyond it
    queries, connections, compiled, round_trips    {per_request, ratio}
    pages             {name: {requests, p50_ms, queries}}
and `last_off`: per optimization whose last-off was measured, by phase, what all recommended ones
together are to all but this one: as `mix`, without the rate. `story`: its steps, one optimization
after the other: {factor, cell, mix, one-query}, each to the step before (the first to the baseline).
Unknown values are null.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from loadtest import model, samples
from loadtest.cells import AGAIN, BASELINE, RECOMMENDED, WITHOUT, Cell, steps, without
from loadtest.figures import PHASES, Figures, figures
from loadtest.store import SCHEMA, Run

__all__ = ("build",)

RATIO = (*(one.name for one in fields(model.Effect)), "verdict", "below")


def build(run: Run) -> dict[str, Any]:
    """The result so far; a run that is not complete says so."""
    plan, windows = run.plan(), run.windows()
    models = {
        phase: model.fit(_observations(windows, phase), BASELINE, apart=(AGAIN,))
        for phase in PHASES
    }
    cells = {cell["name"]: _figures(run, windows, cell["name"]) for cell in plan["cells"]}
    measured = {name: found for name, found in cells.items() if found is not None}
    return plan | {
        "schema": SCHEMA,
        "run": run.name,
        "complete": len(windows) == len(plan["design"]),
        "versions": windows[0]["versions"] if windows else {},
        "windows": windows,
        "failures": run.failures(),
        "flags": [
            f"window {w['number']} ({w['cell']}): {flag}" for w in windows for flag in w["flags"]
        ],
        "model": {phase: _facts(one) for phase, one in models.items()},
        "table": {name: _row(name, found, measured, models) for name, found in measured.items()},
        "last_off": _last_offs(windows, measured),
        "story": _story(windows, steps([_cell(cell) for cell in plan["cells"]]), measured),
    }


def _last_offs(windows: list[dict[str, Any]], measured: Collection[str]) -> dict[str, Any]:
    """Return what each optimization gives beside the others, of those whose last-off is there."""
    names = [name.removeprefix(WITHOUT) for name in measured if name.startswith(WITHOUT)]
    if RECOMMENDED not in measured or not names:
        return {}
    found = {}
    for phase in PHASES:
        # The same model, seen from all recommended ones: the inverse of each ratio is what is asked.
        others = [name for name in measured if name != RECOMMENDED and not name.startswith(WITHOUT)]
        effects = model.fit(_observations(windows, phase), RECOMMENDED, apart=others).effects
        # One without a good answer has no effect.
        names = [name for name in names if without(name) in effects]
        found[phase] = {name: effects[without(name)].inverse.row() for name in names}
    return {name: {phase: found[phase][name] for phase in PHASES} for name in names}


def _cell(content: Mapping[str, Any]) -> Cell:
    """A cell as run.json has it: with lists for tuples."""
    return Cell(
        name=content["name"],
        active=tuple(content["active"]),
        factors=tuple(content["factors"]),
        services=tuple(content["services"]),
        store=content["store"],
    )


def _story(
    windows: list[dict[str, Any]], order: Sequence[tuple[str, str]], measured: Collection[str]
) -> list[dict[str, Any]]:
    """Return what each step adds to the one before; nothing unless all of them were measured."""
    if len(order) < 2 or not all(name in measured for _factor, name in order):  # noqa: PLR2004
        return []
    cells = [BASELINE, *(name for _factor, name in order)]
    story: list[dict[str, Any]] = [{"factor": factor, "cell": name} for factor, name in order]
    for phase in PHASES:
        for step, before in zip(story, cells, strict=False):
            others = [name for name in measured if name not in cells]
            effects = model.fit(_observations(windows, phase), before, apart=others).effects
            if step["cell"] not in effects:  # without a good answer
                return []
            step[phase] = effects[step["cell"]].row()
    return story


def _observations(windows: list[dict[str, Any]], phase: str) -> list[model.Observation]:
    return [
        model.Observation(one["cell"], one["block"], one["phases"][phase]["requests_per_second"])
        for one in windows
    ]


def _figures(run: Run, windows: list[dict[str, Any]], cell: str) -> Figures | None:
    own = [window for window in windows if window["cell"] == cell]
    if not own:
        return None
    return figures(own, [samples.load(run.raw(one["phases"]["mix"]["raw"])) for one in own])


def _facts(fitted: model.Model) -> dict[str, Any]:
    facts = asdict(fitted)
    del facts["effects"]
    return facts


def _row(
    name: str, own: Figures, all_cells: Mapping[str, Figures], models: Mapping[str, model.Model]
) -> dict[str, Any]:
    base = all_cells.get(BASELINE)
    row: dict[str, Any] = {"windows": own.windows, "requests": own.requests, "errors": own.errors}
    for phase in PHASES:
        row[phase] = _rate(own.rates[phase], models[phase].effects.get(name))
    for level, found in own.quantiles.items():
        other = base.quantiles[level] if base else None
        row[level] = found and {
            "ms": found.value,
            "ratio": _ratio(found.value, other.value if other else None),
            "beyond": found.beyond,
            "sure": found.sure,
        }
    for column, count in own.counts.items():
        row[column] = {
            "per_request": count,
            "ratio": _ratio(count, base.counts[column] if base else None),
        }
    return row | {"pages": own.pages}


def _rate(rate: float, effect: model.Effect | None) -> dict[str, Any]:
    if effect is None:
        return {"rate": rate, **dict.fromkeys(RATIO)}
    return {"rate": rate, **effect.row()}


def _ratio(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None

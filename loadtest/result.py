"""Makes `result.json`'s content of a run's windows: figures per cell, ratios to the baseline.

Schema 1: `schema`, `run`, `complete`, all of run.json (`settings`, `seed`, `scenario`, `cells`,
`design`, `fingerprint`, `created_at`), `versions` (of the replica), `windows` (each as in its own
file; raw samples by file name), `failures` (interrupted or invalid attempts, with the reason),
`flags` (what to distrust), `model` (by phase: noise, degrees of freedom, level), `table`: per cell
    windows, requests, errors
    mix, one-query    {rate, ratio, low, high, p, holm, detectable, error, freedom, alpha, verdict_alpha,
                      verdict, below}; requests per second, 95 % interval; the others as in model.py
    p50, p95, p99     {ms, ratio, beyond, sure}; sure = at least 20 samples beyond it
    queries, connections, compiled, round_trips, jinja2    {per_request, ratio}; jinja2: pages that
                      it rendered
    pages             {name: {requests, p50_ms, queries}}
    costs             CPU time, memory and statements by service: `costs/figures.py`
and `last_off`: per optimization whose last-off was measured, by phase, what all recommended ones
together are to all but this one: as `mix`, without the rate. `story`: its steps, one optimization
after the other, up to all recommended ones: {factor, cell, mix, one-query}, each to the step before
(the first to the baseline). `attribution`: by phase, as in attribution.py. `latency`, `page` and
`capacity`: as in latency_result.py. `holm` is adjusted within the families of comparisons.py. `safety`:
{verdicts, controls, shared}, as in safety/records.py; empty where nothing was probed. `review`:
what `review/stored.py` says; {} where there was none. Unknown values are null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from loadtest import comparisons, latency_result, model, samples
from loadtest.attribution import attribution
from loadtest.cells import BASELINE, Cell
from loadtest.costs.figures import by_cell
from loadtest.figures import PHASES, Figures, figures
from loadtest.review import stored
from loadtest.safety import records
from loadtest.store import SCHEMA, Run

__all__ = ("build",)

RATIO = (*(one.name for one in fields(model.Effect)), "verdict", "below")


def build(run: Run) -> dict[str, Any]:
    """The result so far; a run that is not complete says so."""
    plan, windows = run.plan(), run.windows()
    alpha = comparisons.VERDICT_ALPHA[plan["settings"]["mode"]]
    models = {
        phase: model.fit(_observations(windows, phase), BASELINE, verdict_alpha=alpha)
        for phase in PHASES
    }
    cells = [Cell.of(cell) for cell in plan["cells"]]
    figures_of = {cell.name: _figures(run, windows, cell.name) for cell in cells}
    measured = {name: found for name, found in figures_of.items() if found is not None}
    effects = {
        phase: comparisons.in_families(comparisons.to_baseline(one), cells, alpha)
        for phase, one in models.items()
    }
    costs = by_cell(windows)
    return plan | {
        "schema": SCHEMA,
        "run": run.name,
        "complete": run.missing() == 0,
        "versions": windows[0]["versions"] if windows else {},
        "windows": windows,
        "failures": run.failures(),
        "flags": [
            f"window {w['number']} ({w['cell']}): {flag}" for w in windows for flag in w["flags"]
        ],
        "model": {phase: _facts(one) for phase, one in models.items()},
        "table": {
            name: _row(name, found, measured, effects) | {"costs": costs[name]}
            for name, found in measured.items()
        },
        "last_off": comparisons.last_offs(models, cells),
        "story": comparisons.story(models, cells),
        "attribution": {phase: attribution(one, cells) for phase, one in models.items()},
        **latency_result.build(run),
        "safety": records.result(run, plan["cells"]),
        "review": stored.read(run.folder),
    }


def _observations(windows: Sequence[Mapping[str, Any]], phase: str) -> list[model.Observation]:
    """The value of each window in a phase."""
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
    return {name: getattr(fitted, name) for name in ("noise", "degrees_of_freedom", "level")}


def _row(
    name: str,
    own: Figures,
    all_cells: Mapping[str, Figures],
    effects: Mapping[str, Mapping[str, model.Effect]],
) -> dict[str, Any]:
    base = all_cells.get(BASELINE)
    row: dict[str, Any] = {"windows": own.windows, "requests": own.requests, "errors": own.errors}
    for phase in PHASES:
        row[phase] = _rate(own.rates[phase], effects[phase].get(name))
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

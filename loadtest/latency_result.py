"""What the latency stage, the story's page and the search for capacity found, for `result.json`.

`latency`: null before the stage began, else
    rate        requests per second in all cells; share: of the baseline's capacity
    design, windows     as in the result itself
    failures    as there, of this and the further stages: `stage` names it
    model       noise, degrees of freedom, level
    table       per cell: windows, requests, errors, served (requests per second), overloaded,
                lag_p99_ms (of the generator; the worst window's), p50, p95, p99: {ms, beyond, sure}
                or null, where `sure` is whether enough responses lie beyond it, spread (ms: p5, p25,
                p50, p75, p95) or null,
                change: p95's ratio to the baseline's, from the windows' log p95: as `mix` in the
                table, where `faster` is a ratio below 1
`page`: null, or {cell, rate, ms, reached} and a row as in `table`, but for `change`; `reached`: the
typical request took at most `ms` at `rate`. `capacity`: null, or {target_ms, pace_seconds, cells:
{name: {rate, not_at, users, probes}}}. Unknown values are null.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadtest import model, samples
from loadtest.cells import AGAIN, BASELINE
from loadtest.figures import QUANTILES
from loadtest.latency import SHARE
from loadtest.quantiles import quantile
from loadtest.store import LATENCY, Run

__all__ = ("build",)

FACTS = ("noise", "degrees_of_freedom", "level")
STAGES = ("latency", "page", "capacity")
OVERLOADED = 0.1
"""Of a window's arrivals, by how many more were under way at its end than at its beginning: what a cell
can't serve it leaves waiting."""
SPREAD = (5, 25, 50, 75, 95)
REVERSED = {"faster": "slower", "slower": "faster"}
REACHED = 0.95
"""Of the arrivals of the story's page, how many are to be served while they arrive."""


def build(run: Run) -> dict[str, Any]:
    """The three keys; each null where the run has no such stage, or not yet."""
    return {"latency": _latency(run), "page": _page(run), "capacity": run.read("capacity.json")}


def _latency(run: Run) -> dict[str, Any] | None:
    written = run.read(LATENCY)
    if written is None:
        return None
    stage = run.stage("latency")
    windows = stage.windows()
    fitted = model.fit(_observations(windows), BASELINE, apart=(AGAIN,))
    names = dict.fromkeys(window["cell"] for window in windows)
    cells = {
        name: _row(stage, [window for window in windows if window["cell"] == name])
        | {"change": _change(fitted.effects.get(name))}
        for name in written["cells"]
        if name in names
    }
    return {
        "rate": written["rate"],
        "share": SHARE,
        "design": written["design"],
        "windows": windows,
        "failures": [
            {"stage": name} | one for name in STAGES for one in run.stage(name).failures()
        ],
        "model": {name: getattr(fitted, name) for name in FACTS},
        "table": cells,
    }


def _observations(windows: Sequence[Mapping[str, Any]]) -> list[model.Observation]:
    """The windows' own p95; how much those of a cell differ is in the residuals, however short."""
    values = ((w, w["phases"]["latency"]["quantiles"]["p95"]) for w in windows)
    return [model.Observation(w["cell"], w["block"], ms) for w, ms in values if ms]


def _change(effect: model.Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    row = effect.row()
    return row | {"verdict": REVERSED.get(row["verdict"], row["verdict"])}


def _row(run: Run, windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    phases = [window["phases"]["latency"] for window in windows]
    taken = np.concatenate([samples.load(run.raw(one["raw"])).latencies_ms for one in phases])
    arrived = sum(one["requests"] for one in phases)
    grown = sum(one["under_way"][1] - one["under_way"][0] for one in phases)
    return {
        "windows": len(windows),
        "requests": arrived,
        "errors": sum(one["errors"] for one in phases),
        "served": float(np.mean([one["requests_per_second"] for one in phases])),
        "overloaded": grown > OVERLOADED * arrived,
        "lag_p99_ms": max(one["lag_p99_ms"] or 0.0 for one in phases),
        **{name: _quantile(taken, share) for name, share in QUANTILES.items()},
        "spread": _spread(taken),
    }


def _quantile(taken: Any, share: float) -> dict[str, Any] | None:
    found = quantile(taken, share)
    return {"ms": found.value, "beyond": found.beyond, "sure": found.sure} if found else None


def _spread(taken: Any) -> dict[str, float] | None:
    found = {f"p{percent}": quantile(taken, percent / 100) for percent in SPREAD}
    return {name: one.value for name, one in found.items() if one} or None


def _page(run: Run) -> dict[str, Any] | None:
    written, stage = run.read("page.json"), run.stage("page")
    windows = stage.windows()
    if written is None or not windows:
        return None
    row = _row(stage, windows)
    typical = row["p50"]
    kept = row["served"] >= REACHED * written["rate"] and not row["overloaded"]
    reached = bool(kept and typical and typical["sure"] and typical["ms"] <= written["ms"])
    return written | row | {"reached": reached}

"""The latency stage: visitors arrive at one rate in all cells, after the throughput of all is known.

The rate is a share of what the baseline serves in this run's own saturated windows, so it and the
stage's cells follow from these windows; they are written down as the stage begins, and a resumed run
goes on with them. What is made of its windows is in `latency_result.py`.

A window's record is as in `window.py`, but for
    rate      requests per second
    phases    {latency: {seconds, requests, errors, error_examples, requests_per_second (good answers
              that came while it lasted), quantiles (ms: p50, p95, p99), generator_cpu_share,
              lag_p99_ms, lag_max_ms (how late requests were sent), turned_away (arrivals for whom
              no visitor was free), under_way (at its beginning and end), began, raw}}
    counts    {latency: as there}
    missed    in the search for capacity: share of requests that were too slow or failed
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadtest import design, truth, validity
from loadtest.cells import BASELINE, RECOMMENDED, Cell, composed
from loadtest.design import Window, visitor_seed
from loadtest.estimates import Estimates
from loadtest.figures import counts_per_request, rate_of
from loadtest.plan import LATENCY_ALONE, LATENCY_BLOCKS, Plan
from loadtest.samples import load
from loadtest.store import LATENCY, MEASURED, Run
from loadtest.window import Bench, look, prove

__all__ = ("SHARE", "Stage", "begin", "chosen_cells", "measure")

SHARE = 0.7
"""Of the baseline's capacity: it must serve the rate with room for a slower minute, and yet queue."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`rate`: requests per second in all cells; `rates`: what each served at saturation.

    then: the further stages, by name.
    """

    rate: float
    rates: Mapping[str, float]
    cells: tuple[str, ...]
    design: tuple[Window, ...]
    then: tuple[str, ...]


def begin(plan: Plan) -> Stage:
    """The stage as it was written down, or is now."""
    written = plan.run.read(LATENCY)
    if written is None:
        stage = _planned(plan, plan.run.windows())
        plan.run.write(LATENCY, asdict(stage))
        return stage
    windows = tuple(Window(**window) for window in written["design"])
    tuples = {"cells": tuple(written["cells"]), "then": tuple(written["then"])}
    return Stage(rate=written["rate"], rates=written["rates"], design=windows, **tuples)


def _planned(plan: Plan, windows: Sequence[Mapping[str, Any]]) -> Stage:
    """Without a rate of the baseline there is nothing to measure at."""
    settings = plan.settings
    rates = {cell.name: _rate(windows, cell.name) for cell in plan.cells}
    rate = SHARE * rates[BASELINE]
    chosen = chosen_cells(plan.cells, windows, every=settings.mode == "full") if rate else ()
    further = {"page": RECOMMENDED in rates, "capacity": settings.capacity}
    return Stage(
        rate=rate,
        rates=rates,
        cells=chosen,
        design=design.randomized_blocks(chosen, LATENCY_BLOCKS, settings.seed + 1),
        then=tuple(name for name, wanted in further.items() if wanted and rate),
    )


def chosen_cells(
    cells: Sequence[Cell], windows: Sequence[Mapping[str, Any]], *, every: bool
) -> tuple[str, ...]:
    """Baseline, all recommended together, and the few that give the most alone.

    every: all alone, and the A/A cell, but none that is there for what is computed of several.
    """
    if every:
        return tuple(cell.name for cell in cells if not composed(cell.name))
    effects = Estimates(windows).effects
    alone = [cell.name for cell in cells if len(cell.active) == 1 and cell.name in effects]
    best = sorted(alone, key=lambda name: -effects[name].ratio)[:LATENCY_ALONE]
    return tuple(c.name for c in cells if c.name in (BASELINE, RECOMMENDED, *best))


def _rate(windows: Sequence[Mapping[str, Any]], cell: str) -> float:
    own = [window["phases"]["mix"] for window in windows if window["cell"] == cell]
    return rate_of(own) if own else 0.0


def measure(  # noqa: PLR0913 - what a window is, and how it is measured
    bench: Bench,
    run: Run,
    window: Window,
    record: dict[str, Any],
    *,
    rate: float,
    seconds: float,
    pages: str = "mix",
) -> None:
    """Fill in the record of a window of open arrivals. Raises LabError, as in `window.py`."""
    settings = bench.plan.settings
    cell = prove(bench, window, record)
    bench.report.begin(window, f"{rate:.1f} requests/s")
    raw = run.raw(f"{window.number:03d}-latency.npz")
    phase = bench.generator.order(
        "open",
        bench.report.rate,
        store=cell.store,
        base_url=bench.urls[cell.name],
        pages=pages,
        warmup_seconds=settings.warmup_seconds,
        seconds=seconds,
        rate=rate,
        seed=visitor_seed(settings.seed, window),
        raw=str(raw),
    )
    record["rate"], record["phases"] = rate, {"latency": phase}
    truth.check_page(cell, bench.plan.names, look(bench, window, record, "evidence_after"))
    record["counts"] = {"latency": counts_per_request([load(raw)])}
    truth.check_after(cell, "mix", record["counts"]["latency"], phase["requests"] - phase["errors"])
    validity.check(record["phases"])
    record["status"] = MEASURED

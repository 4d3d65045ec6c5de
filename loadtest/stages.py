"""What a run measures after the throughput of its cells: latency, the story's page, capacity.

Each stage's windows are in a folder of its own and on disk as they are finished; what has to be
measured yet follows from them. What one window does is in `latency.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from loadtest import attempts, capacity, design, latency
from loadtest.cells import BASELINE, RECOMMENDED
from loadtest.design import Window
from loadtest.latency import Stage
from loadtest.plan import BETWEEN_SECONDS
from loadtest.progress import Timer, reporter
from loadtest.samples import load
from loadtest.store import Run
from loadtest.window import Bench, opened

__all__ = ("STORY_MS", "STORY_RATE", "measure")

STORY_RATE, STORY_MS = 100.0, 25.0
"""The page with 100 items on one medium machine, with all of it: requests per second, ms each."""
STORY_PAGE, STORY_SECONDS = "people-search", 3.0

Judge = Callable[[dict[str, Any]], None]


def accept(_record: dict[str, Any]) -> None:
    """Judge nothing of a window's record."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where the windows of one stage are measured, and kept."""

    bench: Bench
    console: Console
    run: Run

    def take(self, windows: Sequence[Window], judge: Judge = accept, **how: Any) -> bool:
        """Measure those that are missing, return whether there are all.

        how: rate, seconds and pages, as in `latency.py`.
        """
        todo = design.missing(windows, self.run.finished())
        if not todo:
            return True
        each = self.bench.plan.settings.warmup_seconds + how["seconds"] + BETWEEN_SECONDS
        done = len(windows) - len(todo)
        with reporter(self.console, len(windows), done, Timer(len(todo), each)) as report:
            bench = replace(self.bench, report=report)

            def measured(window: Window, record: dict[str, Any]) -> None:
                latency.measure(bench, self.run, window, record, **how)
                judge(record)

            def started(window: Window) -> dict[str, Any]:
                return opened(window, bench.plan.cell(window.cell))

            attempts.take_all(self.run, todo, started, measured, report)
        return not design.missing(windows, self.run.finished())


def measure(bench: Bench, console: Console) -> None:
    """Measure what is missing of all of them. Raises LabError, KeyboardInterrupt."""
    plan = bench.plan
    if not plan.settings.latency_seconds:
        return
    stage = latency.begin(plan)
    ground = Ground(bench=bench, console=console, run=plan.run.stage("latency"))
    ground.take(stage.design, rate=stage.rate, seconds=plan.settings.latency_seconds)
    for name in stage.then:
        if plan.run.read(f"{name}.json") is None:
            found = FURTHER[name](replace(ground, run=plan.run.stage(name)), stage)
            if found is not None:
                plan.run.write(f"{name}.json", found)


def _page(ground: Ground, _stage: Stage) -> dict[str, Any] | None:
    """Measure the page with 100 items at the story's rate, in the recommended cell.

    None where no attempt was valid: it is still missing.
    """
    window = Window(number=1, block=1, position=1, cell=RECOMMENDED)
    if not ground.take([window], rate=STORY_RATE, seconds=STORY_SECONDS, pages=STORY_PAGE):
        return None
    return {"cell": RECOMMENDED, "rate": STORY_RATE, "ms": STORY_MS}


def _capacity(ground: Ground, stage: Stage) -> dict[str, Any] | None:
    """Return the rates and users that baseline and all recommended together serve in time.

    None where a search found no end, for want of valid probes: it is still missing.
    """
    plan = ground.bench.plan
    cells = [name for name in (BASELINE, RECOMMENDED) if stage.rates.get(name)]
    ends = [_search(ground, cell, 100 * n, stage.rates[cell]) for n, cell in enumerate(cells, 1)]
    if not all(ends):
        return None
    each = plan.scenario.requests_per_action
    return {
        "target_ms": plan.settings.p95_target_ms,
        "pace_seconds": capacity.PACE_SECONDS,
        "cells": dict(capacity.summary(ground.run.windows(), cells, each)),
    }


def _search(ground: Ground, cell: str, number: int, top: float) -> bool:
    """Probe a cell until its capacity is found; False where no attempt is valid.

    The windows' numbers follow `number`.
    """
    target_ms = ground.bench.plan.settings.p95_target_ms

    def judge(record: dict[str, Any]) -> None:
        phase = record["phases"]["latency"]
        taken = load(ground.run.raw(phase["raw"]))
        record["missed"] = capacity.missed(taken, target_ms, phase["requests"])

    while True:
        probes = capacity.probes_of(ground.run.windows(), cell)
        rate = capacity.next_rate(probes, top)
        if rate is None:
            return True
        block = len(probes) + 1
        window = Window(number=number + block, block=block, position=1, cell=cell)
        if not ground.take([window], judge, rate=rate, seconds=capacity.seconds_of(rate)):
            return False


FURTHER: dict[str, Callable[[Ground, Stage], dict[str, Any] | None]] = {
    "page": _page,
    "capacity": _capacity,
}

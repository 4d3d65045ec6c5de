"""What a request of each cell costs, from its windows' records. Reads no file.

In result.json, `costs` of a cell's row: null where no window has any, else by phase
    requests         of the measured parts, answered
    cpu_ms           {service: CPU time per request}
    total            {cpu_ms, ratio, low, high}: of all services per request; ratio to the baseline
                     with its 95 % interval, by the model of `model.py`, one comparison by itself
    generator_cpu_ms the load generator's own CPU time per request
    memory_mib       {service: the most at the end of a window}, without the page cache
    peak_mib         {service: the most ever, page cache included}, since its container started
    counted          {service: {counter: per request}}, warm-up included (`costs/counters.py`)
    queries          {server_timing, postgres}: both counts of the same requests, warm-up included
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadtest import model
from loadtest.cells import AGAIN, BASELINE
from loadtest.costs import check

__all__ = ("by_cell",)

MIB = 2**20
NOT_WORK = ("evicted", "resets")
"""What `check.py` reads besides counts."""
Window = Mapping[str, Any]


def by_cell(windows: Sequence[Window]) -> dict[str, dict[str, Any] | None]:
    """By cell and phase."""
    cells = dict.fromkeys(window["cell"] for window in windows)
    phases = dict.fromkeys(name for window in windows for name in window["phases"])
    found = {phase: _phase(windows, phase) for phase in phases}
    return {
        cell: {phase: found[phase][cell] for phase in phases if cell in found[phase]} or None
        for cell in cells
    }


def _phase(windows: Sequence[Window], phase: str) -> dict[str, dict[str, Any]]:
    """The cells with costs of that phase; windows of older runs have none."""
    usable = [window for window in windows if _costs(window, phase)]
    effects = model.fit(
        [model.Observation(one["cell"], one["block"], _total_ms(one, phase)) for one in usable],
        BASELINE,
        apart=(AGAIN,),
    ).effects
    cells = dict.fromkeys(window["cell"] for window in usable)
    return {
        cell: _cell([one for one in usable if one["cell"] == cell], phase, effects.get(cell))
        for cell in cells
    }


def _costs(window: Window, phase: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] = window["phases"].get(phase, {}).get("costs", {})
    return found if found.get("cpu_ms") and found["requests"] else None


def _total_ms(window: Window, phase: str) -> float:
    costs = window["phases"][phase]["costs"]
    return float(sum(costs["cpu_ms"].values()) / costs["requests"])


def _cell(own: Sequence[Window], phase: str, effect: model.Effect | None) -> dict[str, Any]:
    phases = [window["phases"][phase] for window in own]
    costs = [one["costs"] for one in phases]
    requests = sum(one["requests"] for one in costs)
    cpu_ms = {
        name: value / requests for name, value in _sums(one["cpu_ms"] for one in costs).items()
    }
    both = [found for one in phases if (found := check.sums({phase: one}))]
    return {
        "requests": requests,
        "cpu_ms": cpu_ms,
        "total": {
            "cpu_ms": sum(cpu_ms.values()),
            "ratio": effect and effect.ratio,
            "low": effect and effect.low,
            "high": effect and effect.high,
        },
        "generator_cpu_ms": sum(one["generator_cpu_ms"] for one in costs) / requests,
        "memory_mib": _most(one["memory_bytes"] for one in costs),
        "peak_mib": _most(one["peak_bytes"] for one in costs),
        "counted": _counted(phases),
        "queries": {
            "server_timing": sum(said for said, _ in both) if both else None,
            "postgres": sum(counted for _, counted in both) if both else None,
        },
    }


def _sums(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            sums[name] = sums.get(name, 0) + value
    return sums


def _most(rows: Iterable[Mapping[str, int | None]]) -> dict[str, float]:
    most: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                most[name] = max(most.get(name, 0), value / MIB)
    return most


def _counted(phases: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    responses = sum(one["asked"]["responses"] for one in phases)
    services = dict.fromkeys(name for one in phases for name in one["servers"])
    return {
        name: {
            key: value / responses
            for key, value in _sums(one["servers"].get(name, {}) for one in phases).items()
            if key not in NOT_WORK
        }
        for name in services
    }

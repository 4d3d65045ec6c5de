"""The tables for people, and the same figures as data."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from benchmarks.querycache.figures import (
    GOALS,
    THROUGHPUT_GOALS,
    Ratio,
    ratio,
    verdict,
)
from benchmarks.querycache.plan import OPERATIONS, Arm

__all__ = ["Measured", "cpu_table", "goals", "goals_table", "operations_table", "throughput_table"]

HITS = ("one-row hit", "100-row hit", "100-row hit, joined")
OURS, PEER = "slipstream", "cachalot"


class Measured:
    """By arm. times, cpu: microseconds of an operation, one per block. visits: in a second, by share
    of writes."""

    def __init__(self, arms: list[Arm]) -> None:
        self.arms = arms
        self.times: dict[str, dict[str, list[float]]] = {
            arm.name: {name: [] for name in OPERATIONS} for arm in arms
        }
        self.cpu: dict[str, dict[str, list[float]]] = {
            arm.name: {name: [] for name in OPERATIONS} for arm in arms
        }
        self.trips: dict[str, dict[str, float]] = {}
        self.visits = {arm.name: self._by_share() for arm in arms}
        self.queries = {arm.name: self._by_share() for arm in arms}

    @staticmethod
    def _by_share() -> dict[float, list[float]]:
        return {share: [] for share in THROUGHPUT_GOALS}


def operations_table(measured: Measured) -> Table:
    """Milliseconds and round trips of each operation, by arm."""
    table = Table("", *(arm.name for arm in measured.arms))
    table.title = "Median ms (round trips to the cache)"
    for operation in OPERATIONS:
        cells = [_cell(measured, arm, operation) for arm in measured.arms]
        table.add_row(operation, *cells)
    return table


def cpu_table(measured: Measured) -> Table:
    """What the process itself works for an operation, which other processes disturb less."""
    table = Table("", *(arm.name for arm in measured.arms))
    table.title = "Median ms of the process's own CPU time"
    for operation in OPERATIONS:
        taken = [measured.cpu[arm.name][operation] for arm in measured.arms]
        cells = [f"{statistics.median(times) / 1000:.2f}" if times else "-" for times in taken]
        table.add_row(operation, *cells)
    return table


def _cell(measured: Measured, arm: Arm, operation: str) -> str:
    times = measured.times[arm.name][operation]
    shown = f"{statistics.median(times) / 1000:.2f}" if times else "-"
    trips = measured.trips.get(arm.name, {}).get(operation)
    return shown if trips is None or arm.library == "none" else f"{shown} ({trips:g})"


def throughput_table(measured: Measured) -> Table:
    """Visits a second by arm and share of writes."""
    table = Table("", *(arm.name for arm in measured.arms))
    table.title = "People pages and edited profiles a second (queries a page)"
    for share in THROUGHPUT_GOALS:
        cells = [_visits(measured, arm, share) for arm in measured.arms]
        table.add_row(f"{share:.0%} writes", *cells)
    return table


def _visits(measured: Measured, arm: Arm, share: float) -> str:
    rates, queries = measured.visits[arm.name][share], measured.queries[arm.name][share]
    if not rates:
        return "-"
    return f"{statistics.median(rates):.0f} ({statistics.median(queries):.2f})"


def goals(measured: Measured) -> Iterator[dict[str, Any]]:
    """Yield each goal with what was found."""
    for arm in measured.arms:
        if arm.library == OURS and not arm.without:
            yield from _against_peer(measured, arm)
            yield from _round_trips(measured, arm)
            yield from _against_database(measured, arm)


def _against_peer(measured: Measured, arm: Arm) -> Iterator[dict[str, Any]]:
    mine = measured.times[arm.name]
    other = measured.times.get(Arm(library=PEER, store=arm.store).name)
    if other is None:
        return
    for operation, goal in GOALS.items():
        if mine[operation] and other[operation]:
            found = ratio(mine[operation], other[operation])
            yield _goal(arm, operation, f"at most {goal:g} x cachalot", found, goal, at_most=True)


def _round_trips(measured: Measured, arm: Arm) -> Iterator[dict[str, Any]]:
    for operation in HITS:
        found = measured.trips[arm.name][operation]
        counted = Ratio(found, found, found)
        yield _goal(arm, operation, "1 round trip", counted, 1, at_most=True)


def _against_database(measured: Measured, arm: Arm) -> Iterator[dict[str, Any]]:
    mine, none = measured.visits[arm.name], measured.visits.get("none", {})
    for share, goal in THROUGHPUT_GOALS.items():
        if mine[share] and none.get(share):
            found = ratio(mine[share], none[share])
            what = f"throughput at {share:.0%} writes"
            yield _goal(arm, what, f"at least {goal:g} x none", found, goal, at_most=False)


def _goal(  # noqa: PLR0913 - a row of the table
    arm: Arm, what: str, text: str, found: Ratio, goal: float, *, at_most: bool
) -> dict[str, Any]:
    return {
        "arm": arm.name,
        "what": what,
        "goal": text,
        "low": found.low,
        "ratio": found.middle,
        "high": found.high,
        "shown": str(found),
        "verdict": verdict(found, goal, at_most=at_most),
    }


def goals_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Every goal: met, or missed."""
    table = Table("", "operation", "goal", "ratio (95 % interval)", "")
    table.title = "Goals"
    for row in rows:
        style = "green" if row["verdict"].startswith("met") else "red"
        words = (row["arm"], row["what"], row["goal"], row["shown"])
        table.add_row(*words, f"[{style}]{row['verdict']}[/{style}]")
    return table

"""What the terminal's table and the report show of costs: texts and places, no figure of its own.

Runs of before have no costs; then there is nothing to show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtest.costs.books import WEB

__all__ = ("HEADINGS", "TITLE", "Bar", "bars", "cells", "measured", "remarks", "services")

Row = Mapping[str, Any]
PHASE = "mix"
TITLE = "CPU ms per request of the mix, and memory"
ALWAYS = (WEB, "postgres")
HEADINGS = ("all (ratio)", "web", "db", "others", "lab", "MiB")


def measured(table: Mapping[str, Row]) -> dict[str, Row]:
    """The costs of the mix, by cell, of the cells that have any."""
    found = {name: (row.get("costs") or {}).get(PHASE) for name, row in table.items()}
    return {name: costs for name, costs in found.items() if costs is not None}


def cells(row: Row) -> list[str]:
    """A line of the table, in the order of HEADINGS."""
    costs = (row.get("costs") or {}).get(PHASE)
    if costs is None:
        return ["-"] * len(HEADINGS)
    cpu, ratio = costs["cpu_ms"], costs["total"]["ratio"]
    own = [cpu.get(name) for name in ALWAYS]
    others = [ms for name, ms in cpu.items() if name not in ALWAYS]
    return [
        f"{costs['total']['cpu_ms']:.1f}" + ("" if ratio is None else f" ({ratio:.2f})"),
        *("-" if ms is None else f"{ms:.1f}" for ms in own),
        f"{sum(others):.1f}" if others else "-",
        f"{costs['generator_cpu_ms']:.1f}",
        f"{sum(costs['memory_mib'].values()):.0f}",
    ]


def remarks(result: Mapping[str, Any]) -> list[str]:
    """Whether queries were counted twice, and alike."""
    both = [costs["queries"] for costs in measured(result["table"]).values()]
    said = sum(one["server_timing"] or 0 for one in both)
    counted = sum(one["postgres"] or 0 for one in both)
    if not counted:
        return []
    counts = f"{said} by Server-Timing, {counted} by pg_stat_statements"
    return [f"queries of the mix: {counts}; windows more than 1 % apart are named below"]


def services(rows: Sequence[Row]) -> list[str]:
    """Names of all services of these costs, web first."""
    return list(dict.fromkeys(name for row in rows for name in row["cpu_ms"]))


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A part of a stacked bar: `left` and `width` in percent of the longest one."""

    service: str
    left: float
    width: float


def bars(values: Mapping[str, float], longest: float) -> list[Bar]:
    """Stack the values by service."""
    made: list[Bar] = []
    for name, value in values.items():
        left = made[-1].left + made[-1].width if made else 0.0
        made.append(Bar(service=name, left=left, width=100 * max(value, 0) / longest))
    return made

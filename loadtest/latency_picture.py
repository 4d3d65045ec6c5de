"""Where the report draws the latency stage: how latencies spread, and throughput against p95.

Places are percentages of a picture's width or height.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import LogLocator, MaxNLocator

__all__ = ("Point", "Scale", "Scatter", "milliseconds", "scatter")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """An axis whose `low` is drawn at `begin` and whose `high` at `end`."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool

    def place(self, value: float) -> float:
        """Return where a value is drawn."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 2)

    @property
    def ticks(self) -> list[float]:
        """Round values on it."""
        locator = LogLocator(subs=(1.0, 2.0, 5.0)) if self.logarithmic else MaxNLocator(5)
        found = locator.tick_values(self.low, self.high)
        return [float(one) for one in found if self.low <= one <= self.high]


def milliseconds(rows: Sequence[Mapping[str, Any]]) -> Scale:
    """The logarithmic scale that holds the spread of all rows' latencies."""
    ends = [row["spread"][name] for row in rows for name in ("p5", "p95")]
    return Scale(low=min(ends) / 1.25, high=max(ends) * 1.25, begin=6, end=94, logarithmic=True)


@dataclass(frozen=True, kw_only=True)
class Point:
    """`number` counts the rows of the latency stage's table from 1."""

    number: int
    cell: str
    rate: float
    p95_ms: float


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Requests per second at saturation to the right, milliseconds of p95 at one rate upwards."""

    points: list[Point]
    x: Scale
    y: Scale


def scatter(result: Mapping[str, Any]) -> Scatter | None:
    """None where there are fewer than two cells to compare."""
    rows = (result.get("latency") or {}).get("table", {})
    points = [
        Point(
            number=number,
            cell=name,
            rate=result["table"][name]["mix"]["rate"],
            p95_ms=row["p95"]["ms"],
        )
        for number, (name, row) in enumerate(rows.items(), 1)
        if row["p95"] and result["table"].get(name, {}).get("mix", {}).get("rate")
    ]
    if len(points) < 2:  # noqa: PLR2004 - nothing to compare
        return None
    most = 1.08 * max(one.rate for one in points)
    heights = [one.p95_ms for one in points]
    return Scatter(
        points=points,
        x=Scale(low=0, high=most, begin=3, end=98, logarithmic=False),
        y=Scale(low=min(heights) / 1.4, high=max(heights) * 1.4, begin=86, end=2, logarithmic=True),
    )

"""Where the report draws the latency stage: how latencies spread, and throughput against p95.

Places are percentages of a picture's width or height.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtest.axis import Scale

__all__ = ("Point", "Scatter", "scatter", "spread")


def spread(rows: Sequence[Mapping[str, Any]]) -> Scale:
    """The logarithmic scale that holds the spread of all rows' latencies."""
    ends = [row["spread"][name] for row in rows for name in ("p5", "p95")]
    return Scale(low=min(ends) / 1.25, high=max(ends) * 1.25, begin=6, end=94)


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
        y=Scale(low=min(heights) / 1.4, high=max(heights) * 1.4, begin=86, end=2),
    )

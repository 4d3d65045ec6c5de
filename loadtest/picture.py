"""Draws a result: the throughput ratio of each cell with its interval, as PNG and SVG.

Blue and orange of the Okabe-Ito palette, each with a marker of its own: readable without colours.
"""

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from loadtest import atomic
from loadtest.axis import ticks
from loadtest.cells import BASELINE
from loadtest.table import DEFAULT, label

__all__ = ("MARKS", "TITLES", "draw", "ruled", "save")

TITLES = {"mix": "mix of pages", "one-query": "one-query page"}
MARKS = {  # colour, marker
    "faster": ("#0072B2", "o"),
    "slower": ("#D55E00", "v"),
    "can't tell": ("#666666", "s"),
}


def draw(result: Mapping[str, Any], folder: Path) -> None:
    """Write result.png and result.svg; nothing where there is nothing to compare."""
    names = [name for name, row in result["table"].items() if row["mix"]["ratio"] is not None]
    if not names:
        return
    with mpl.rc_context({"svg.hashsalt": "slipstream", "font.size": 10, "svg.fonttype": "none"}):
        figure = Figure(figsize=(11, 1.9 + 0.42 * len(names)), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for side, phase in zip(axes, TITLES, strict=True):
            _panel(side, result, phase, names)
        axes[0].set_yticks(range(len(names)), [label(name) for name in names])
        figure.suptitle("Throughput against the baseline: what each optimization gives")
        figure.supxlabel(_caption(result), fontsize=8.5)
        for kind in ("png", "svg"):
            atomic.write(folder / f"result.{kind}", partial(save, figure, kind))


def _panel(axes: Axes, result: Mapping[str, Any], phase: str, names: list[str]) -> None:
    rows = [result["table"][name][phase] for name in names]
    for place, row in enumerate(rows):
        _mark(axes, place, row)
    axes.axvline(1, color="black", linewidth=1)
    base = result["table"][BASELINE][phase]["rate"]
    axes.set_title(f"{TITLES[phase]} (baseline: {base:.0f} requests/s)", fontsize=10.5)
    ends = [
        end for row in rows for end in (row["low"], row["high"], row["ratio"]) if end is not None
    ]
    low, high = min(ends, default=1), max(ends, default=1)
    ruled(axes, *_limits(low, high), len(names))


def ruled(axes: Axes, low: float, high: float, rows: int) -> None:
    """Give the axes a logarithmic scale of ratios, and so many rows from top to bottom."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.xaxis.set_major_locator(FixedLocator(ticks(*axes.get_xlim(), parts=9)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}\N{MULTIPLICATION SIGN}")
    )
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _mark(axes: Axes, place: int, row: Mapping[str, Any]) -> None:
    colour, marker = MARKS[row["verdict"]]
    low, high = row["low"] or row["ratio"], row["high"] or row["ratio"]
    axes.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot([row["ratio"]], [place], marker, color=colour, markersize=7)
    text = (
        "can't tell"
        if row["verdict"] == "can't tell"
        else f"{row['ratio']:.2f}\N{MULTIPLICATION SIGN}"
    )
    axes.annotate(
        text, (high, place), xytext=(6, 0), textcoords="offset points", va="center", color=colour
    )


def _limits(low: float, high: float) -> tuple[float, float]:
    """The baseline and all intervals, and room to the right for what is written at their ends."""
    low, high = min(0.9, low * 0.95), max(1.15, high)
    return low, high * (high / low) ** 0.22


def _caption(result: Mapping[str, Any]) -> str:
    blocks = max((window["block"] for window in result["windows"]), default=0)
    state = "" if result["complete"] else ", INCOMPLETE"
    machine = result["fingerprint"]
    default = f"\n* {DEFAULT}" if "cached-templates" in result["table"] else ""
    return (
        f"Point: ratio of requests per second; line: 95 % interval; log scale. "
        f"{blocks} blocks{state}; "
        f"{machine['cores']} cores, {machine['cpu']}; run {result['run']}{default}"
    )


def save(figure: Figure, kind: str, file: IO[bytes]) -> None:
    """Write the figure as `png` or `svg`, the same bytes for the same figure."""
    buffer = io.BytesIO()  # the SVG writer wants a seekable file of its own
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    file.write(buffer.getvalue())

"""Draws the story: from the baseline to all recommended ones, what each step adds, as PNG and SVG.

A bar reaches from the ratio before its step to the one after it; the line at its end is the interval
of that ratio to the baseline, the figure beside it the step's own ratio with its interval.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest import atomic
from loadtest.bars import Bar, bars
from loadtest.picture import MARKS, TITLES, ruled, save

__all__ = ("FILES", "draw")

FILES = ("waterfall.png", "waterfall.svg")


def draw(result: Mapping[str, Any], folder: Path) -> None:
    """Write waterfall.png and waterfall.svg; nothing where a step of the story is missing."""
    panels = {phase: bars(result, phase) for phase in TITLES}
    names = ["baseline", *(bar.name for bar in panels["mix"])]
    if not panels["mix"]:
        return
    with mpl.rc_context({"svg.hashsalt": "slipstream", "font.size": 10, "svg.fonttype": "none"}):
        figure = Figure(figsize=(11, 2.2 + 0.5 * len(names)), layout="constrained")
        axes = figure.subplots(1, len(TITLES), sharey=True)
        for side, phase in zip(axes, TITLES, strict=True):
            _panel(side, phase, panels[phase])
        axes[0].set_yticks(range(len(names)), names)
        figure.suptitle("One after the other: from the baseline to all recommended optimizations")
        figure.supxlabel(
            "Requests per second as ratio to the baseline, log scale. Line: 95 % interval of that "
            f"ratio; figure: the step's own, with its interval. Run {result['run']}",
            fontsize=8.5,
        )
        for name in FILES:
            atomic.write(folder / name, partial(save, figure, name.rpartition(".")[2]))


def _panel(axes: Axes, phase: str, steps: Sequence[Bar]) -> None:
    ends = [1.0]
    for place, bar in enumerate(steps, 1):
        _bar(axes, place, bar)
        low, high = (bar.after[end] or bar.after["ratio"] for end in ("low", "high"))
        _say(axes, place, max(bar.before, high), bar.step)
        ends += [bar.before, low, high]
    axes.axvline(1, color="black", linewidth=1)
    axes.set_title(TITLES[phase], fontsize=10.5)
    low, high = min(0.9, min(ends) * 0.95), max(1.15, *ends)
    ruled(axes, low, high * (high / low) ** 0.6, len(steps) + 1)


def _bar(axes: Axes, place: int, bar: Bar) -> None:
    left, right = sorted((bar.before, bar.after["ratio"]))
    verdict = bar.step["verdict"]
    axes.barh(
        place,
        right - left,
        left=left,
        height=0.55,
        color=MARKS[verdict][0],
        alpha=0.75,
        hatch="///" if verdict == "can't tell" else "",
        edgecolor="white",
    )
    if bar.after["low"] is not None:
        ends = [bar.after["low"], bar.after["high"]]
        axes.plot(ends, [place, place], color="black", linewidth=1.4)


def _say(axes: Axes, place: int, end: float, row: Mapping[str, Any]) -> None:
    times = f"{row['ratio']:.2f}\N{MULTIPLICATION SIGN}"
    if row["verdict"] == "can't tell":
        times = "can't tell"
    ends = "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
    axes.annotate(
        f"{times}{ends}",
        (end, place),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
    )

"""What the user sees during a run: a live bar on a terminal, a line per window elsewhere.

With what the windows so far say of each cell: under the bar, and at the end of the cell's line.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from loadtest.design import Window
from loadtest.estimates import Estimates

__all__ = ("Reporter", "Timer", "reporter")


class Reporter(Protocol):
    def say(self, text: str) -> None: ...
    def begin(self, window: Window, phase: str) -> None: ...
    def rate(self, requests_per_second: float) -> None: ...
    def finish(self, window: Window, record: dict[str, Any]) -> None: ...


class Timer:
    """Time left, from the windows so far; from the plan before the first one ended."""

    def __init__(self, windows: int, planned_seconds: float) -> None:
        self.left, self.planned = windows, planned_seconds
        self.began, self.done = time.monotonic(), 0

    def tick(self) -> None:
        self.done, self.left = self.done + 1, self.left - 1

    def __str__(self) -> str:
        each = (time.monotonic() - self.began) / self.done if self.done else self.planned
        return remaining(each * self.left)


def remaining(seconds: float) -> str:
    return f"{seconds:.0f} s left" if seconds < 90 else f"{seconds / 60:.0f} min left"  # noqa: PLR2004


class Plain:
    """Without a terminal."""

    def __init__(
        self,
        console: Console,
        total: int,
        done: int,
        timer: Timer,
        estimates: Estimates | None = None,
    ) -> None:
        self.console, self.total, self.done, self.timer = console, total, done, timer
        self.estimates = estimates

    def say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def begin(self, window: Window, phase: str) -> None:
        pass

    def rate(self, requests_per_second: float) -> None:
        pass

    def finish(self, window: Window, record: dict[str, Any]) -> None:
        self.timer.tick()
        self.done += 1
        text = (
            f"[{self.done}/{self.total}] block {window.block}, {record['cell']}: {outcome(record)}"
        )
        self.say(f"{text}{self.so_far(record)} ({self.timer})")

    def so_far(self, record: dict[str, Any]) -> str:
        """What all windows until now say of this one's cell."""
        if self.estimates is None:
            return ""
        self.estimates.add(record)
        ratio = self.estimates.of(record["cell"])
        return f"; mix so far {ratio} times the baseline" if ratio else ""


class Bar(Progress):
    """A bar over lines that change between windows only."""

    below: RenderableType = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.below:
            yield self.below


class Live(Plain):
    """On a terminal: finished windows scroll by above a bar with the current one."""

    def __init__(
        self,
        progress: Bar,
        total: int,
        done: int,
        timer: Timer,
        estimates: Estimates | None = None,
    ) -> None:
        super().__init__(progress.console, total, done, timer, estimates)
        self.progress = progress
        self.task: TaskID = progress.add_task(
            "", total=total, completed=done, rate="", left=str(timer)
        )

    def begin(self, window: Window, phase: str) -> None:
        what = f"block {window.block}, {window.cell}: {phase}"
        self.progress.update(self.task, description=what, rate="", left=str(self.timer))

    def rate(self, requests_per_second: float) -> None:
        text = f"{requests_per_second:.0f} req/s" if requests_per_second else ""
        self.progress.update(self.task, rate=text, left=str(self.timer))

    def finish(self, window: Window, record: dict[str, Any]) -> None:
        super().finish(window, record)
        self.draw_estimates()
        self.progress.update(self.task, completed=self.done)

    def draw_estimates(self) -> None:
        """Fill at most half of the terminal: above it the finished windows scroll by."""
        if self.estimates is not None and self.estimates.effects:
            lines = self.estimates.lines(self.console.height // 2)
            title = "mix of pages so far, as ratio to the baseline [95 %]; verdicts come at the end"
            self.progress.below = Text("\n".join([title, *lines]), no_wrap=True)


def outcome(record: dict[str, Any]) -> str:
    parts = [
        f"{name} {one['requests_per_second']:.1f} req/s{_p95(one)}"
        for name, one in record["phases"].items()
    ]
    errors = sum(one["errors"] for one in record["phases"].values())
    return ", ".join(parts) + (f", {errors} ERRORS" if errors else "")


def _p95(phase: dict[str, Any]) -> str:
    """Of a phase in which latency was measured, for the line of its window."""
    value = phase.get("quantiles", {}).get("p95")
    return "" if value is None else f", p95 {value:.0f} ms"


@contextmanager
def reporter(
    console: Console, total: int, done: int, timer: Timer, estimates: Estimates | None = None
) -> Iterator[Reporter]:
    if not console.is_terminal:
        yield Plain(console, total, done, timer, estimates)
        return
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
    )
    # Drawn seldom: the terminal shares the generator's core.
    with Bar(*columns, console=console, refresh_per_second=2) as progress:
        live = Live(progress, total, done, timer, estimates)
        live.draw_estimates()
        yield live

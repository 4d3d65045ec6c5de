"""What the user sees during a run: a live bar on a terminal, a line per window elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from loadtest.design import Window

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

    def __init__(self, console: Console, total: int, done: int, timer: Timer) -> None:
        self.console, self.total, self.done, self.timer = console, total, done, timer

    def say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def begin(self, window: Window, phase: str) -> None:
        pass

    def rate(self, requests_per_second: float) -> None:
        pass

    def finish(self, window: Window, record: dict[str, Any]) -> None:
        self.timer.tick()
        self.done += 1
        text = f"[{self.done}/{self.total}] block {window.block}, {window.cell}: {outcome(record)}"
        self.say(f"{text} ({self.timer})")


class Live(Plain):
    """On a terminal: finished windows scroll by above a bar with the current one."""

    def __init__(self, progress: Progress, total: int, done: int, timer: Timer) -> None:
        super().__init__(progress.console, total, done, timer)
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
        self.progress.update(self.task, completed=self.done)


def outcome(record: dict[str, Any]) -> str:
    parts = [
        f"{name} {one['requests_per_second']:.1f} req/s" for name, one in record["phases"].items()
    ]
    errors = sum(one["errors"] for one in record["phases"].values())
    return ", ".join(parts) + (f", {errors} ERRORS" if errors else "")


@contextmanager
def reporter(console: Console, total: int, done: int, timer: Timer) -> Iterator[Reporter]:
    if not console.is_terminal:
        yield Plain(console, total, done, timer)
        return
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
    )
    # Drawn seldom: the terminal shares the generator's core.
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        yield Live(progress, total, done, timer)

"""Windows that don't count: measured again, a bounded number of times, and never silently left out."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest.attempts import TRIES, take_all
from loadtest.design import Window, randomized_blocks
from loadtest.errors import InvalidWindow, LabError, ReplicaError
from loadtest.progress import Plain, Timer
from loadtest.store import Run

WINDOWS = randomized_blocks(("a", "b"), 1, seed=1)


class Told(Plain):
    def __init__(self) -> None:
        self.output = StringIO()
        super().__init__(Console(file=self.output), 2, 0, Timer(2, 1))


def take(folder: Path, trouble: Callable[[int, int], BaseException | None]) -> tuple[Run, str]:
    """Measure two windows; `trouble` gives what goes wrong, by window and attempt."""
    run, report, counts = Run(folder), Told(), dict.fromkeys((1, 2), 0)

    def opened(window: Window) -> dict[str, Any]:
        start = {"number": window.number, "cell": window.cell, "phases": {}}
        return start | {"status": "interrupted", "reason": ""}

    def measure(window: Window, record: dict[str, Any]) -> None:
        counts[window.number] += 1
        record["attempt"] = counts[window.number]
        if wrong := trouble(window.number, counts[window.number]):
            raise wrong
        record["status"] = "measured"

    try:
        take_all(run, WINDOWS, opened, measure, report)
    except (LabError, KeyboardInterrupt):
        report.output.write("stopped")
    return run, report.output.getvalue()


def test_invalid_window_is_measured_again_and_kept_with_its_reason(tmp_path: Path) -> None:
    run, said = take(tmp_path, lambda n, k: InvalidWindow("late") if (n, k) == (1, 1) else None)
    assert [(one["number"], one["attempt"]) for one in run.windows()] == [(1, 2), (2, 1)]
    assert [(one["status"], one["reason"]) for one in run.failures()] == [("invalid", "late")]
    assert "thrown away, since late; measured again" in said


def test_run_goes_on_without_a_window_that_is_never_valid(tmp_path: Path) -> None:
    run, said = take(tmp_path, lambda n, _: InvalidWindow("late") if n == 1 else None)
    assert run.finished() == {2}
    assert [one["attempt"] for one in run.failures()] == list(range(1, TRIES + 1))
    assert "given up: the run goes on without it" in said


@pytest.mark.parametrize("wrong", [ReplicaError("gone"), KeyboardInterrupt()])
def test_anything_else_stops_the_run_at_once_with_the_reason_on_disk(
    tmp_path: Path, wrong: BaseException
) -> None:
    run, said = take(tmp_path, lambda n, _: wrong if n == 2 else None)
    assert run.finished() == {1}
    assert [one["reason"] for one in run.failures()] == [str(wrong) or "stopped by the user"]
    assert said.endswith("stopped")

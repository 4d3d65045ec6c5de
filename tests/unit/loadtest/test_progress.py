"""What is seen during a run: estimates as soon as there are any, on a terminal and without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from loadtest.design import Window, randomized_blocks
from loadtest.estimates import Estimates
from loadtest.progress import Reporter, Timer, reporter

RATES = {"baseline": 50.0, "pool": 100.0, "slow": 40.0}
DESIGN = randomized_blocks(list(RATES), 3, seed=1)


def record(window: Window) -> dict[str, Any]:
    uneven = 1 + 0.01 * (window.number % 3)
    rate = RATES[window.cell] * window.block * uneven
    phases = {name: {"requests_per_second": rate, "errors": 0} for name in ("mix", "one-query")}
    return {"cell": window.cell, "block": window.block, "phases": phases}


@contextmanager
def reported(estimates: Estimates | None, **how: Any) -> Iterator[tuple[Reporter, StringIO]]:
    file = StringIO()
    console = Console(file=file, width=120, height=20, highlight=False, **how)
    with reporter(console, 9, 0, Timer(9, 1), estimates) as report:
        yield report, file


def test_ratio_is_there_with_the_baseline_and_its_interval_once_there_is_one() -> None:
    estimates = Estimates()
    assert estimates.of("pool") == ""
    first = {window.cell: window for window in DESIGN if window.block == 1}
    estimates.add(record(first["pool"]))
    assert estimates.of("pool") == ""  # to nothing yet
    estimates.add(record(first["baseline"]))
    assert estimates.of("pool").endswith(" [?]")
    everything = Estimates(record(window) for window in DESIGN)
    ratio, ends = everything.of("pool").split(" ", 1)
    assert 1.9 < float(ratio) < 2.1
    assert ends.startswith("[1.9")


def test_resumed_run_goes_on_with_what_it_has() -> None:
    one_by_one = Estimates()
    for window in DESIGN:
        one_by_one.add(record(window))
    assert one_by_one.effects == Estimates(record(window) for window in DESIGN).effects


def test_windows_of_other_phases_and_dead_cells_are_left_out() -> None:
    dead = record(DESIGN[0]) | {"cell": "dead"}
    dead["phases"]["mix"]["requests_per_second"] = 0.0
    other = {"cell": "pool", "block": 1, "phases": {"latency": {"requests_per_second": 1.0}}}
    estimates = Estimates([dead, other, *(record(window) for window in DESIGN)])
    assert "dead" not in estimates.effects
    assert len(estimates.observations) == 1 + len(DESIGN)


@pytest.mark.parametrize(("most", "lines"), [(5, 2), (2, 2), (1, 1), (0, 0)])
def test_estimates_fit_the_lines_that_there_are(most: int, lines: int) -> None:
    found = Estimates(record(window) for window in DESIGN).lines(most)
    assert len(found) == lines
    if lines == 2:
        assert [line.split()[0] for line in found] == ["pool", "slow"]
    if most == 1:
        assert found == ["and 2 smaller ones"]


def test_without_a_terminal_each_line_ends_with_what_is_known_of_its_cell() -> None:
    with reported(Estimates()) as (report, file):
        for window in DESIGN:
            report.finish(window, record(window))
    lines = file.getvalue().splitlines()
    assert len(lines) == 9
    assert "so far" not in lines[0]
    last = [line for line in lines if ", pool:" in line][-1]
    assert "mix so far 2.0" in last
    assert "times the baseline" in last


def test_on_a_terminal_estimates_stand_under_the_bar() -> None:
    with reported(Estimates(), force_terminal=True) as (report, file):
        for window in DESIGN:
            report.finish(window, record(window))
    last = file.getvalue().rpartition("verdicts come at the end")[2]
    assert last.index("pool") < last.index("slow")
    assert "[0.7" in last


def test_stage_without_estimates_shows_none() -> None:
    for how in ({}, {"force_terminal": True}):
        with reported(None, **how) as (report, file):
            for window in DESIGN:
                report.finish(window, record(window))
        assert "so far" not in file.getvalue()

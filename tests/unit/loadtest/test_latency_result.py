"""What is said of latency at one rate: sure quantiles only, overload by name, lower is better."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtest import latency_result, samples
from loadtest.quantiles import quantile
from loadtest.store import LATENCY, Run

from .test_report import outcome, shown
from .test_report import row as table_row
from .test_report_page import page as page_of
from .test_report_page import whole
from .test_samples import row

PLAN: dict[str, Any] = {"rate": 40.0, "cells": ["baseline", "fast", "slow"], "design": []}
PAGE = {"cell": "recommended", "rate": 100.0, "ms": 25.0}


def keep(stage: Run, number: int, cell: str, latencies: Any, **more: Any) -> None:
    """A finished window with these latencies, in seconds."""
    rows = [row(0.001 * place, float(one), lag_s=0) for place, one in enumerate(latencies)]
    taken = samples.Samples.of(rows, 5.0, arrivals=True)
    samples.save(stage.raw(f"{number:03d}.npz"), taken)
    p95 = quantile(taken.latencies_ms, 0.95)
    phase: dict[str, Any] = {"raw": f"{number:03d}.npz", "requests": len(rows), "errors": 0}
    phase |= {"error_examples": []}
    phase |= {"requests_per_second": 40.0, "under_way": [3, 4], "lag_p99_ms": 0.5 * number}
    phase |= {"quantiles": {"p95": p95 and p95.value}} | more
    stage.write_window(
        {"number": number, "status": "measured", "cell": cell, "block": 1 + (number - 1) // 3}
        | {"phases": {"latency": phase}}
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three blocks of a cell twice as fast as the baseline and one half as fast, overloaded."""
    found = Run(tmp_path / "run")
    found.write(LATENCY, PLAN)
    random = np.random.default_rng(1)
    for block in range(3):
        times = 0.05 + 0.1 * random.random(200)
        stage = found.stage("latency")
        keep(stage, 3 * block + 1, "baseline", times)
        keep(stage, 3 * block + 2, "fast", times / 2 * (1 + 0.02 * block))
        keep(stage, 3 * block + 3, "slow", times * 2, under_way=[0, 60])
    return found


def test_p95_is_compared_by_window_and_lower_is_better(run: Run) -> None:
    table = latency_result.build(run)["latency"]["table"]
    fast, slow = table["fast"]["change"], table["slow"]["change"]
    assert fast["ratio"] == pytest.approx(0.51, rel=0.01)
    assert fast["low"] < fast["ratio"] < fast["high"] < 1
    assert (fast["verdict"], slow["verdict"]) == ("faster", "slower")


def test_quantile_with_fewer_than_20_samples_beyond_it_is_not_sure(run: Run) -> None:
    row_of = latency_result.build(run)["latency"]["table"]["baseline"]
    assert (row_of["p95"]["beyond"], row_of["p95"]["sure"]) == (30, True)
    assert (row_of["p99"]["beyond"], row_of["p99"]["sure"]) == (6, False)


def test_cell_that_leaves_more_waiting_than_it_found_is_overloaded(run: Run) -> None:
    table = latency_result.build(run)["latency"]["table"]
    assert {name: one["overloaded"] for name, one in table.items()} == {
        "baseline": False,
        "fast": False,
        "slow": True,
    }
    assert table["slow"]["lag_p99_ms"] == 4.5  # the worst of its windows


def test_terminal_says_the_rate_the_change_and_the_overload(run: Run) -> None:
    text = " ".join(shown(outcome() | latency_result.build(run)).split())
    assert "at 40.0 requests/s for all, 70 % of what the baseline can serve" in text
    assert "-49 %" in text
    assert "overloaded: slow serves 40.0 of 40.0 requests/s" in text
    assert "~ at that rate: fewer than 20 responses lie beyond this percentile" in text
    assert "~149" in text
    assert "~145" not in text


def test_baseline_whose_latency_differs_from_itself_is_distrusted(run: Run) -> None:
    found = latency_result.build(run)
    said = "distrust: the baseline's p95 differs from itself"
    assert said not in shown(outcome() | found)
    found["latency"]["table"]["baseline-again"] = found["latency"]["table"]["fast"]
    assert said in shown(outcome() | found)


def test_report_says_it_too(run: Run, tmp_path: Path) -> None:
    result = whole(pool=table_row(1.2, 1.1, 1.31)) | latency_result.build(run)
    _, found = page_of(tmp_path, result)
    assert "Latency at one rate for all" in found.text
    assert "40.0 requests/s in every cell: 70 % of what" in found.text
    assert "0.51 \N{MULTIPLICATION SIGN}" in found.text
    assert "overloaded" in found.text


def test_report_says_once_what_is_served(run: Run, tmp_path: Path) -> None:
    keep(run.stage("page"), 1, "recommended", [0.02] * 600)
    run.write("page.json", PAGE)
    result = whole(pool=table_row(1.2, 1.1, 1.31)) | latency_result.build(run)
    _, found = page_of(tmp_path, result)
    assert found.text.lower().count("the page with 100 items") == 1


def test_result_without_the_stage_shows_nothing_of_it(tmp_path: Path) -> None:
    _, found = page_of(tmp_path, whole(pool=table_row(1.2, 1.1, 1.31)))
    assert "one rate" not in found.text


@pytest.mark.parametrize(
    ("seconds", "more", "reached"),
    [
        (0.02, {"requests_per_second": 99.0}, True),
        (0.03, {"requests_per_second": 99.0}, False),
        (0.02, {"requests_per_second": 60.0}, False),
        (0.02, {"requests_per_second": 99.0, "under_way": [0, 200]}, False),
    ],
)
def test_page_reaches_the_story_only_at_its_rate_and_time(
    tmp_path: Path, seconds: float, more: dict[str, Any], reached: bool
) -> None:
    run = Run(tmp_path / "run")
    run.write("page.json", PAGE)
    keep(run.stage("page"), 1, "recommended", [seconds] * 600, **more)
    found = latency_result.build(run)
    assert found["page"]["reached"] is reached
    text = " ".join(shown(outcome() | found).split())
    verdict = "is reached" if reached else "is not reached here"
    assert f"p50 {seconds * 1000:.0f} ms, p95 {seconds * 1000:.0f} ms" in text
    assert f"25 ms at 100 requests/s {verdict}" in text


def test_capacity_is_said_in_users_and_as_a_ratio() -> None:
    cells = {
        "baseline": {"rate": 11.0, "not_at": 12.0, "users": 100.0, "probes": 5},
        "recommended": {"rate": 33.0, "not_at": None, "users": 300.0, "probes": 5},
    }
    found = {"capacity": {"target_ms": 250.0, "pace_seconds": 10.0, "cells": cells}}
    text = " ".join(shown(outcome() | found).split())
    assert "baseline 100 users (11.0 requests/s, not 12.0)" in text
    assert "all recommended 300 users (33.0 requests/s): 3.0 times as many" in text


def test_cell_that_serves_nobody_in_time_says_so() -> None:
    cells = {"baseline": {"rate": None, "not_at": 2.5, "users": None, "probes": 5}}
    found = {"capacity": {"target_ms": 250.0, "pace_seconds": 10.0, "cells": cells}}
    assert "baseline none, not even 2.5 requests/s" in shown(outcome() | found)

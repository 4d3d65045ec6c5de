"""Where latencies are drawn: each in its place, on axes that hold them all."""

from pathlib import Path
from typing import Any

import pytest

from loadtest.axis import Scale
from loadtest.latency_picture import scatter, spread
from loadtest.store import Run

from . import test_latency_result
from .test_latency_result import latency_result
from .test_report import row as table_row
from .test_report_page import page as page_of
from .test_report_page import whole

run = test_latency_result.run


def cells(**rates: float) -> dict[str, Any]:
    """A result whose cells serve so much; the p95 of each is 1000 ms divided by that."""
    latency = {name: {"p95": {"ms": 1000 / rate}} for name, rate in rates.items()}
    table = {name: {"mix": {"rate": rate}} for name, rate in rates.items()}
    return {"latency": {"table": latency}, "table": table}


@pytest.mark.parametrize(
    ("logarithmic", "middle"), [(True, pytest.approx(10)), (False, pytest.approx(50.5))]
)
def test_scale_goes_from_begin_to_end_evenly_in_what_it_is_of(
    logarithmic: bool, middle: Any
) -> None:
    scale = Scale(low=1, high=100, begin=80, end=20, logarithmic=logarithmic)
    assert (scale.place(1), scale.place(100)) == (80, 20)
    assert scale.place(middle.expected) == 50
    assert len(scale.ticks) >= 4
    assert all(1 <= tick <= 100 for tick in scale.ticks)


def test_scale_of_milliseconds_holds_every_spread() -> None:
    rows = [{"spread": {"p5": 2.0, "p95": 30.0}}, {"spread": {"p5": 10.0, "p95": 900.0}}]
    scale = spread(rows)
    assert 0 < scale.place(2.0) < scale.place(900.0) < 100
    assert {5, 10, 20, 50, 100, 200, 500} <= set(scale.ticks)


def test_better_cells_are_drawn_further_right_and_further_down() -> None:
    found = scatter(cells(slow=10.0, fast=40.0))
    assert found is not None
    slow, fast = found.points
    assert (slow.number, fast.number) == (1, 2)
    assert found.x.place(slow.rate) < found.x.place(fast.rate) < 100
    assert found.y.place(slow.p95_ms) < found.y.place(fast.p95_ms) < found.y.begin


@pytest.mark.parametrize("result", [{}, {"latency": None}, cells(), cells(alone=10.0)])
def test_one_cell_is_no_comparison(result: dict[str, Any]) -> None:
    assert scatter(result) is None


def test_report_draws_them_and_says_them_in_words(run: Run, tmp_path: Path) -> None:
    rows = {name: table_row(1.2, 1.1, 1.31) for name in ("fast", "slow")}
    result = whole(**rows) | latency_result.build(run)
    html, found = page_of(tmp_path, result)
    said = [value for name, value in found.attributes if name == "aria-label" and "90 %" in value]
    assert said[0] == "90 % of them between 56 and 145 ms, half of them between 76 and 125 ms"
    assert len(said) == 3
    assert html.count("<circle cx") >= 3
    assert "p95 145 ms" in found.text
    assert "1. baseline" in found.text

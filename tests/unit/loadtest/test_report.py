"""The table and the picture of a result: what they say, and what they never say."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest.figures import PHASES
from loadtest.picture import draw
from loadtest.table import show


def rate(ratio: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    verdict = None
    if ratio is not None:
        verdict = "can't tell" if not low or not high or low <= 1 <= high else "faster"
        verdict = "slower" if high and high < 1 else verdict
    below = max(abs(low - 1), abs(high - 1)) if low and high else None
    return {
        "rate": 100.0,
        "ratio": ratio,
        "low": low,
        "high": high,
        "alpha": 0.05,
        "detectable": low and 1.12,
        "verdict": verdict,
        "below": below,
    }


def row(ratio: float | None, low: float | None, high: float | None, **more: Any) -> dict[str, Any]:
    percentile = {"ms": 25.0, "ratio": 0.5, "beyond": 30, "sure": True}
    count = {"per_request": 4.0, "ratio": 1.0}
    return {
        "windows": 3,
        "requests": 900,
        "errors": 0,
        "mix": rate(ratio, low, high),
        "one-query": rate(ratio, low, high),
        "p50": percentile,
        "p95": percentile,
        "p99": percentile | {"sure": False, "beyond": 9},
        "queries": count,
        "connections": count,
        "compiled": {"per_request": None, "ratio": None},
    } | more


def outcome(**rows: Any) -> dict[str, Any]:
    return {
        "run": "20261123-120000-quick",
        "complete": True,
        "design": [{}] * 6,
        "windows": [{"block": 1, "cell": "baseline", "phases": {}}],
        "failures": [],
        "flags": [],
        "model": {name: {"level": 0.95, "noise": 0.05} for name in ("mix", "one-query")},
        "fingerprint": {"cores": 2, "cpu": "a processor"},
        "table": {"baseline": row(None, None, None)} | rows,
    }


def shown(result: dict[str, Any]) -> str:
    console = Console(file=StringIO(), width=200, highlight=False)
    show(result, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_ratio_comes_with_its_interval_and_a_verdict() -> None:
    text = shown(outcome(pool=row(1.2, 1.1, 1.31), slow=row(0.75, 0.7, 0.8), big=row(5, 4, 6)))
    assert "1.20 [1.10, 1.31]" in text
    assert "+20 %" in text
    assert "-25 %" in text
    assert "5.0 times" in text


def test_no_change_is_claimed_where_the_interval_holds_one() -> None:
    text = shown(outcome(pool=row(1.2, 0.98, 1.4)))
    assert "can't tell, below 40 %" in text
    assert not re.search(r"[+-]\d+ %", text)


def test_smallest_change_that_could_be_found_is_said() -> None:
    again = row(1.0, 0.9, 1.1)
    again["mix"]["detectable"] = 1.3
    text = shown(outcome(pool=row(1.2, 0.98, 1.4), **{"baseline-again": again}))
    assert "8 of 10 runs like this find a change of 12 % (mix) or 12 % (one-query)" in text


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (row(1.02, 0.9, 1.1), "A/A: no difference of the baseline from itself"),
        (row(1.2, 1.1, 1.3), "distrust: the baseline differs from itself (mix, one-query)"),
    ],
)
def test_a_run_says_whether_the_baseline_differs_from_itself(again: Any, said: str) -> None:
    assert said in shown(outcome(**{"baseline-again": again}))


def test_ratio_without_an_interval_is_marked() -> None:
    text = shown(outcome(pool=row(1.2, None, None)))
    assert "1.20 [?]" in text
    assert "can't tell" in text


def test_last_offs_have_a_table_of_their_own() -> None:
    both = {phase: rate(1.4, 1.3, 1.5) for phase in PHASES}
    rows = {"recommended": row(2, 1.9, 2.1), "without-pool": row(1.4, 1.3, 1.5)}
    text = shown(outcome(**rows) | {"last_off": {"pool": both}})
    assert "all but pool" in text
    assert "What each gives beside the others" in text
    assert "1.40 [1.30, 1.50]" in text


def test_unsure_percentiles_are_marked_and_unknown_counts_left_out() -> None:
    text = shown(outcome())
    assert "~25" in text
    assert "fewer than 20 samples" in text
    assert " - " in text


def test_incomplete_invalid_and_doubtful_windows_are_said() -> None:
    failure = {"number": 4, "cell": "pool", "block": 2, "status": "interrupted", "reason": "Ctrl-C"}
    doubt = {"complete": False, "failures": [failure], "flags": ["window 2 (pool): generator"]}
    text = shown(outcome() | doubt)
    assert "INCOMPLETE: 1 of 6 windows; go on with RESUME=20261123-120000-quick" in text
    assert "interrupted: window 4 (pool, block 2), doesn't count: Ctrl-C" in text
    assert "distrust: window 2 (pool): generator" in text


def test_errors_are_shown_with_an_example_each() -> None:
    example = {"error": "status", "page": "post", "status": 500, "detail": "[red]it broke"}
    phases = {"mix": {"error_examples": [example, example]}}
    result = outcome(pool=row(1.2, 1.1, 1.3, errors=2))
    result["windows"] = [{"block": 1, "cell": "pool", "phases": phases}]
    text = shown(result)
    assert "2 of 900" in text
    assert text.count("error in pool: status on post ([red]it broke)") == 1


@pytest.mark.parametrize(("noise", "advised"), [(0.05, False), (0.3, True)])
def test_noise_is_said_and_a_noisy_machine_advised(noise: float, advised: bool) -> None:
    result = outcome(pool=row(1.2, 1.1, 1.3))
    result["model"]["one-query"]["noise"] = noise
    text = shown(result)
    assert f"{noise * 100:.0f} % (one-query)" in text
    assert ("stop other programs" in text) is advised


@pytest.mark.parametrize("width", [84, 140, 160, 200])
def test_table_fits_the_terminal_without_cutting_anything(width: int) -> None:
    console = Console(file=StringIO(), width=width, highlight=False)
    slow = {"ms": 1234.0, "ratio": 1.23, "beyond": 3, "sure": False}
    long = row(10.25, 9.02, 11.14, p50=slow, p95=slow, p99=slow, requests=12345)
    rows = {"recommended": row(0.5, 0.4, 0.6), "without-cached-templates": row(1.2, 0.8, 2.0)}
    rows["redis-sessions+connection-pool+query-cache+preload"] = row(1.2, 0.8, 2.0)
    show(outcome(**{"persistent-connections": long, **rows}), console)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert "10.25 [9.02, 11.14]" in text
    assert "can't tell, below 100 %" in text


def test_empty_run_has_no_table() -> None:
    assert "no window is finished yet" in shown(outcome() | {"table": {}, "complete": True})


@pytest.mark.parametrize("cells", [1, 16])
def test_picture_shows_every_cell_and_its_ratio(tmp_path: Path, cells: int) -> None:
    rows = {f"cell-{number}": row(1.5 + number, 1.2, 2.0 + number) for number in range(cells)}
    draw(outcome(**rows), tmp_path)
    svg = (tmp_path / "result.svg").read_text()
    assert all(f">cell-{number}<" in svg for number in range(cells))
    assert ">1.50\N{MULTIPLICATION SIGN}<" in svg
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")


def test_picture_does_not_promise_what_cannot_be_told(tmp_path: Path) -> None:
    draw(outcome(pool=row(1.07, 0.9, 1.3)), tmp_path)
    svg = (tmp_path / "result.svg").read_text()
    assert ">can't tell<" in svg or ">can&#x27;t tell<" in svg
    assert "1.07" not in svg


def test_nothing_to_compare_draws_nothing(tmp_path: Path) -> None:
    draw(outcome(), tmp_path)
    assert list(tmp_path.iterdir()) == []

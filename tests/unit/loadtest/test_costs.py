"""What a request costs: by cell and service, in result.json, in the table and in the report."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest.costs.columns import bars, cells, measured
from loadtest.costs.figures import by_cell
from loadtest.table import show

from .test_report import outcome, row, shown
from .test_report_page import page, whole

MIB = 2**20


def window(cell: str, block: int, web_ms: float, requests: int = 100, **more: Any) -> Any:
    """A record as the window's file has it, as far as costs go."""
    costs = {
        "requests": requests,
        "generator_cpu_ms": 150.0,
        "cpu_ms": {"web": web_ms, "postgres": 500.0},
        "memory_bytes": {"web": (100 + block) * MIB, "postgres": 50 * MIB},
        "peak_bytes": {"web": 200 * MIB, "postgres": None},
    }
    postgres = {"statements": 248, "pings": 124, "evicted": 0, "resets": 0}
    mix = {
        "costs": costs | more,
        "asked": {"responses": 124, "untimed": 0, "queries": 248},
        "servers": {"postgres": postgres},
    }
    return {"cell": cell, "block": block, "phases": {"mix": mix}}


def windows() -> list[Any]:
    """The baseline's 2,000 ms of web are 4,000 ms in `slow`, give or take some."""
    return [
        window(cell, block, ms * (1 + block / 100))
        for block in (1, 2, 3)
        for cell, ms in (("baseline", 2000 + block), ("slow", 4000 - 7 * block))
    ]


def costs_of(cell: str) -> dict[str, Any]:
    found = by_cell(windows())[cell]
    assert found is not None
    mix: dict[str, Any] = found["mix"]
    return mix


def test_cpu_time_is_per_request_by_service_and_the_generators_apart() -> None:
    costs = costs_of("baseline")
    assert costs["requests"] == 300
    assert costs["cpu_ms"]["postgres"] == pytest.approx(5.0)
    assert costs["cpu_ms"]["web"] == pytest.approx(20.4, abs=0.1)
    assert costs["total"]["cpu_ms"] == pytest.approx(sum(costs["cpu_ms"].values()))
    assert costs["generator_cpu_ms"] == pytest.approx(1.5)


def test_ratio_to_the_baseline_has_an_interval() -> None:
    total = costs_of("slow")["total"]
    assert total["low"] < total["ratio"] < total["high"]
    assert total["ratio"] == pytest.approx(4500 / 2500, rel=0.02)
    assert costs_of("baseline")["total"]["ratio"] is None


def test_memory_is_the_most_of_all_windows_and_unknown_peaks_are_left_out() -> None:
    costs = costs_of("baseline")
    assert costs["memory_mib"] == {"web": 103, "postgres": 50}
    assert costs["peak_mib"] == {"web": 200}


def test_counts_of_services_are_per_response_and_both_counts_of_queries_are_kept() -> None:
    costs = costs_of("baseline")
    assert costs["counted"] == {"postgres": {"statements": 2, "pings": 1}}
    assert costs["queries"] == {"server_timing": 744, "postgres": 744}


def test_windows_of_older_runs_have_no_costs() -> None:
    old = {"cell": "baseline", "block": 1, "phases": {"mix": {"requests": 10}}}
    assert by_cell([old]) == {"baseline": None}


def test_unreadable_accounts_are_unknown_and_not_zero() -> None:
    assert by_cell([window("baseline", 1, 0, cpu_ms={})]) == {"baseline": None}
    assert by_cell([window("baseline", 1, 0, requests=0)]) == {"baseline": None}


def result(**rows: Any) -> dict[str, Any]:
    costs = by_cell(windows())
    found = whole(**rows, slow=row(0.8, 0.7, 0.9, costs=costs["slow"]))
    found["table"]["baseline"]["costs"] = costs["baseline"]
    return found


def test_table_shows_cpu_time_and_memory_by_cell() -> None:
    text = shown(result())
    assert "CPU ms per request of the mix, and memory" in text
    assert cells(result()["table"]["slow"]) == ["45.7 (1.80)", "40.7", "5.0", "-", "1.5", "153"]
    assert "45.7 (1.80)" in text
    assert "queries of the mix: 1488 by Server-Timing, 1488 by pg_stat_statements" in text


def test_table_of_costs_fits_a_narrow_terminal() -> None:
    costs = costs_of("slow") | {"cpu_ms": {"web": 123.4, "postgres": 234.5, "memcached": 12.3}}
    costs |= {"total": {"cpu_ms": 370.2, "ratio": 12.34}, "generator_cpu_ms": 12.3}
    rows = {"without-cached-templates": row(1.2, 1.1, 1.3, costs={"mix": costs})}
    console = Console(file=StringIO(), width=84, highlight=False)
    show(outcome(**rows), console)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "370.2 (12.34)" in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert max(map(len, text.splitlines())) <= 84


def test_a_run_without_costs_is_shown_without_them(tmp_path: Path) -> None:
    old = outcome(pool=row(1.2, 1.1, 1.3))
    assert "CPU ms" not in shown(old)
    assert measured(old["table"]) == {}
    html, _ = page(tmp_path, whole(pool=row(1.2, 1.1, 1.3)))
    assert "What it costs" not in html


def test_a_cell_without_costs_stands_beside_those_that_have_them(tmp_path: Path) -> None:
    mixed = result(pool=row(1.2, 1.1, 1.3))
    assert cells(mixed["table"]["pool"]) == ["-"] * 6
    assert "What it costs" in page(tmp_path, mixed)[0]


def test_report_says_costs_in_a_picture_in_numbers_and_in_words(tmp_path: Path) -> None:
    _html, read = page(tmp_path, result())
    assert "What it costs" in read.text
    said = [value for name, value in read.attributes if name == "aria-label"]
    assert "web 40.7 ms, postgres 5.0 ms" in said
    assert "web 103.0 MiB, postgres 50.0 MiB" in said
    assert ("data-name", "postgres") in read.attributes


def test_bars_are_stacked_and_the_longest_fills_the_width() -> None:
    first, second = bars({"web": 30.0, "postgres": 10.0}, longest=40.0)
    assert (first.left, first.width) == (0, 75)
    assert (second.left, second.width) == (75, 25)

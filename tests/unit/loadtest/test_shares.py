"""Shares, pairs and the waterfall as they are shown: in the terminal, in the report, as a picture."""

import random
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from loadtest import comparisons, waterfall
from loadtest.attribution import attribution
from loadtest.bars import bars
from loadtest.cells import Cell, cells
from loadtest.figures import PHASES
from loadtest.model import fit
from loadtest.shares import groups, remarks

from .test_attribution import CELLS, ROWS, simulated
from .test_report import row, shown
from .test_report_page import page, whole


def result(found: tuple[Cell, ...] = CELLS, noise: float = 0.001, beyond: float = 1.0) -> Any:
    """A run's result of simulated windows."""
    model = fit(simulated(random.Random(1), noise, found, beyond), "baseline")
    effects = comparisons.in_families(comparisons.to_baseline(model), found)
    rows: dict[str, Any] = {}
    for cell in found[1:]:
        one = effects[cell.name].row() | {"rate": 12.5}
        rows[cell.name] = row(1.0, 1.0, 1.0) | dict.fromkeys(PHASES, one)
    models = dict.fromkeys(PHASES, model)
    return whole(**rows) | {
        "cells": [asdict(cell) for cell in found],
        "last_off": comparisons.last_offs(models, found),
        "story": comparisons.story(models, found),
        "attribution": dict.fromkeys(PHASES, attribution(model, found)),
    }


def test_each_bar_begins_where_the_one_before_ends_and_the_last_is_all_of_it() -> None:
    found = bars(result(), "mix")
    assert [bar.name for bar in found] == [
        "+ sessions",
        "+ queries",
        "+ connections",
        "all recommended",
    ]
    assert [bar.before for bar in found] == [1, *(bar.after["ratio"] for bar in found[:2]), 1]
    assert found[2].after["ratio"] == found[3].after["ratio"]
    for bar in found:
        assert bar.before * bar.step["ratio"] == pytest.approx(bar.after["ratio"])


def test_waterfall_is_drawn_with_each_step_and_its_interval(tmp_path: Path) -> None:
    waterfall.draw(result(noise=0.02), tmp_path)
    svg = (tmp_path / "waterfall.svg").read_text()
    for name in ("baseline", "+ sessions", "+ queries", "+ connections", "all recommended"):
        assert f">{name}<" in svg
    times = re.findall(r">(?:\d\.\d\d.|can't tell|can&#x27;t tell) \[\d\.\d\d, \d\.\d\d\]<", svg)
    assert len(times) == 2 * 4
    assert (tmp_path / "waterfall.png").read_bytes().startswith(b"\x89PNG")


def test_quick_run_has_no_waterfall_and_says_what_is_missing(tmp_path: Path) -> None:
    quick = result(cells(ROWS))
    waterfall.draw(quick, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert bars(quick, "mix") == []
    assert remarks(quick) == [
        "no waterfall: the step 'queries' was not measured: MODE=full does",
        "no shares or pairs: these sets don't tell them apart: MODE=full measures those that do",
    ]
    _, found = page(tmp_path, quick)
    assert "One after the other" not in found.text
    assert "no waterfall" in found.text


def test_run_without_recommended_ones_is_not_told_what_it_lacks() -> None:
    assert remarks(result(cells(ROWS, ("d",)))) == []
    assert remarks(whole()) == []  # of an older version


def test_pairs_that_work_for_or_against_each_other_are_named() -> None:
    found = remarks(result())
    said = [line for line in found if "each other" in line]
    assert len(said) == 4
    assert said[0].startswith("a and b work for each other (mix): 1.10 [1.10, 1.10]")
    assert said[1].startswith("a and c work against each other (mix): 0.95 [0.95, 0.95]")


def test_pairs_of_which_nothing_can_be_told_are_not_named() -> None:
    found = remarks(result(noise=0.5))
    assert not any("work for" in line or "work against" in line for line in found)
    assert any(re.match(r"pairs \(mix\): of none can be told .* below \d+ %", one) for one in found)


def test_residual_is_said_and_the_widening_where_pairs_do_not_explain_all() -> None:
    assert re.search(r"product is 1\.45; measured .* 1\.00 \[", "\n".join(remarks(result())))
    text = "\n".join(remarks(result(beyond=1.5)))
    assert re.search(r"sets differ in more than pairs explain \(mix, p = .*\d\.\d times", text)


def test_terminal_and_report_show_shares_pairs_and_other_choices(tmp_path: Path) -> None:
    found = result()
    text, (_, html) = shown(found), page(tmp_path, found)
    titles = [group.title for group in groups(found)]
    assert len(titles) == 4
    for title in titles:
        assert title in text
        assert title in html.text
    assert "a + b" in text
    assert "a + b" in html.text
    parts = [int(part) for part in re.findall(r"point share of the gain: (-?\d+) %", html.text)]
    assert len(parts) == 6
    assert sum(parts) == pytest.approx(200, abs=3)


def test_report_has_the_waterfall_in_words_and_other_sets_apart(tmp_path: Path) -> None:
    _, html = page(tmp_path, result())
    said = [value for name, value in html.attributes if value.startswith("from 1.00 to ")]
    assert len(said) == 2 * 2  # the first step, and all of it, in both phases
    assert "faster: 1.05 times" in said[0]
    rows = html.text.split("Other sets")
    assert len(rows) == 2
    assert "all but a" not in rows[0]
    assert "all but a" in rows[1]


def test_shares_need_both_phases() -> None:
    found = result()
    found["attribution"]["one-query"] = None
    assert groups(found) == []


def test_few_cells_are_told_that_they_are_too_few() -> None:
    few = result(cells(ROWS, ("a", "b", "recommended"), more=True))
    assert any(line.startswith("no shares or pairs") for line in remarks(few))

"""What a result says beside ratios to the baseline: last-offs, the story, families of verdicts."""

import math
import random
from collections.abc import Mapping
from typing import Any

import pytest

from loadtest.cells import Cell, cells
from loadtest.comparisons import in_families, last_offs, story
from loadtest.figures import PHASES
from loadtest.model import Effect, Model, Observation, fit
from tests.unit.loadtest.conftest import FakeRow

ROWS = (FakeRow("a", "sessions"), FakeRow("b", "queries"), FakeRow("c", "processes"))
CELLS = cells(ROWS, more=True)
GAINS = {"a": 1.5, "b": 2.0, "c": 1.0}


def value(cell: Cell) -> float:
    return math.prod(GAINS[name] for name in cell.active)


def models(found: Mapping[str, float], noise: float = 0.01, blocks: int = 3) -> dict[str, Model]:
    rng = random.Random(2)
    observations = [
        Observation(cell, block, 50 * block * ratio * (1 + rng.gauss(0, noise)))
        for block in range(1, blocks + 1)
        for cell, ratio in found.items()
    ]
    return {phase: fit(observations, "baseline") for phase in PHASES}


def measured(*without: str) -> dict[str, float]:
    return {cell.name: value(cell) for cell in CELLS if cell.name not in without}


def test_each_is_what_all_are_to_all_but_it() -> None:
    found = last_offs(models(measured()), CELLS)
    assert list(found) == ["a", "b", "c"]
    for phase in PHASES:
        for name, gain in GAINS.items():
            row = found[name][phase]
            assert row["ratio"] == pytest.approx(gain, rel=0.05)
            assert row["low"] < row["ratio"] < row["high"]
        assert [found[name][phase]["verdict"] for name in "abc"] == [
            "faster",
            "faster",
            "can't tell",
        ]


@pytest.mark.parametrize("missing", ["without-a", "recommended"])
def test_last_off_needs_both_sides(missing: str) -> None:
    assert "a" not in last_offs(models(measured(missing)), CELLS)


def test_set_that_is_a_cell_already_is_the_last_off_of_two() -> None:
    two = cells(ROWS[:2], more=True)
    assert len({cell.active for cell in two}) == len(two) - 1  # the A/A cell
    found = last_offs(models({cell.name: value(cell) for cell in two}), two)
    assert found["a"]["mix"]["ratio"] == pytest.approx(1.5, rel=0.05)


def test_each_step_is_to_the_one_before_up_to_all_recommended() -> None:
    found = story(models(measured()), CELLS)
    assert [(step["factor"], step["cell"]) for step in found] == [
        ("sessions", "a"),
        ("queries", "without-c"),
        ("processes", "recommended"),
    ]
    for phase in PHASES:
        ratios = [step[phase]["ratio"] for step in found]
        assert ratios == pytest.approx([1.5, 2.0, 1.0], rel=0.05)


def test_story_with_a_step_missing_is_not_told() -> None:
    without = measured("without-c")
    assert story(models(without), CELLS) == []
    quick = cells(ROWS)
    assert story(models({cell.name: value(cell) for cell in quick}), quick) == []
    assert story(models(without), [cell for cell in CELLS if cell.name in without]) == []


def test_a_cell_without_a_good_answer_leaves_the_others_their_place() -> None:
    found = models(measured() | {"without-c": 0.0})
    assert list(last_offs(found, CELLS)) == ["a", "b"]
    assert story(found, CELLS) == []


def effect(p: float) -> Effect:
    return Effect(ratio=1.1, low=1.01, high=1.2, p=p, holm=p)


def test_verdicts_hold_together_within_their_family_only() -> None:
    everything: dict[str, Any] = {cell.name: effect(0.01) for cell in CELLS}
    del everything["baseline"]
    found = {name: one.holm for name, one in in_families(everything, CELLS).items()}
    assert found["baseline-again"] == 0.01
    alone = [found[name] for name in ("a", "b", "c", "recommended")]
    assert alone == pytest.approx([0.04] * 4)
    others = [holm for name, holm in found.items() if name.startswith(("without-", "up-to-"))]
    assert others == pytest.approx([0.03] * 3)


def test_last_offs_and_steps_are_families_of_their_own() -> None:
    found = models(measured())
    offs = [row["mix"] for row in last_offs(found, CELLS).values()]
    steps = [row["mix"] for row in story(found, CELLS)]
    for rows in (offs, steps):
        least = min(rows, key=lambda row: row["p"])
        assert least["holm"] == pytest.approx(3 * least["p"])


def test_one_block_has_ratios_without_verdicts_everywhere() -> None:
    found = models(measured(), blocks=1)
    effects = in_families(found["mix"].effects, CELLS)
    assert {one.low for one in effects.values()} == {None}
    assert last_offs(found, CELLS)["b"]["mix"]["ratio"] == pytest.approx(2, rel=0.05)
    assert story(found, CELLS)[1]["mix"]["verdict"] == "can't tell"

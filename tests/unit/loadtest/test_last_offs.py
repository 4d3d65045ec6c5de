"""What a result says beside ratios to the baseline: last-offs, and the story step by step."""

import random
from typing import Any

import pytest

from loadtest.figures import PHASES
from loadtest.result import _last_offs, _story

TRUTH = {"baseline": 1.0, "recommended": 3.0, "without-a": 2.0, "without-b": 3.0, "a": 1.4}


def windows(noise: float) -> list[dict[str, Any]]:
    rng = random.Random(1)
    return [
        {
            "cell": cell,
            "block": block,
            "phases": {
                phase: {"requests_per_second": 50 * block * ratio * (1 + rng.gauss(0, noise))}
                for phase in PHASES
            },
        }
        for block in (1, 2, 3)
        for cell, ratio in TRUTH.items()
    ]


def test_each_is_what_all_are_to_all_but_it() -> None:
    found = _last_offs(windows(0.01), TRUTH)
    assert list(found) == ["a", "b"]
    for phase in PHASES:
        a, b = found["a"][phase], found["b"][phase]
        assert a["ratio"] == pytest.approx(1.5, rel=0.05)
        assert a["low"] < a["ratio"] < a["high"]
        assert (a["verdict"], b["verdict"]) == ("faster", "can't tell")


@pytest.mark.parametrize("measured", [["baseline", "a"], ["baseline", "without-a"]])
def test_there_are_none_without_both_sides(measured: list[str]) -> None:
    chosen = [window for window in windows(0) if window["cell"] in measured]
    assert _last_offs(chosen, measured) == {}


def test_each_step_is_to_the_one_before() -> None:
    order = [("sessions", "a"), ("queries", "without-a"), ("connections", "recommended")]
    found = _story(windows(0.01), order, TRUTH)
    assert [step["factor"] for step in found] == ["sessions", "queries", "connections"]
    for phase in PHASES:
        ratios = [step[phase]["ratio"] for step in found]
        assert ratios == pytest.approx([1.4, 2.0 / 1.4, 1.5], rel=0.05)
        assert all(step[phase]["verdict"] == "faster" for step in found)


def test_story_with_a_step_missing_is_not_told() -> None:
    assert _story(windows(0), [("sessions", "a"), ("queries", "gone")], TRUTH) == []
    assert _story(windows(0), [("sessions", "a")], TRUTH) == []


def test_a_cell_without_a_good_answer_leaves_the_others_their_place() -> None:
    found = windows(0.01)
    for window in found:
        if window["cell"] == "without-a":
            window["phases"]["mix"]["requests_per_second"] = 0.0
    assert list(_last_offs(found, TRUTH)) == ["b"]
    assert _story(found, [("sessions", "a"), ("queries", "without-a")], TRUTH) == []

"""The visits of a phase: the scenario's shares in every stretch, and the same for the same seed."""

from collections import Counter
from itertools import islice

import pytest

from loadtest.generator.visits import Visit, visits
from loadtest.paths import SCENARIO
from loadtest.scenario import ACTIONS, Scenario

STRETCH = 60
"""About what a quick window holds of the baseline."""


def some(number: int, seed: str = "7/1", scenario: Scenario | None = None) -> list[Visit]:
    return list(islice(visits(scenario or Scenario.read(SCENARIO), seed), number))


@pytest.mark.parametrize("seed", [f"{run}/{block}" for run in range(10) for block in (1, 2, 3)])
def test_every_stretch_of_a_window_holds_the_shares_but_for_two_visits(seed: str) -> None:
    scenario = Scenario.read(SCENARIO)
    made = [visit.action for visit in some(300, seed)]
    for begin in range(0, 300 - STRETCH, 7):
        found = Counter(made[begin : begin + STRETCH])
        for action, weight in zip(ACTIONS, scenario.weights, strict=True):
            share = STRETCH * weight / sum(scenario.weights)
            assert abs(found[action] - share) < 2.01, (begin, found)


def test_searches_are_filtered_in_the_same_way() -> None:
    positions = [visit.position for visit in some(300) if visit.action == "people-search"]
    assert all(0 <= position < 1 for position in positions)
    for begin in range(0, len(positions) - 30, 7):
        stretch = positions[begin : begin + 30]
        assert abs(sum(position < 0.5 for position in stretch) - 15) < 3


def test_same_seed_makes_the_same_visits_and_another_others() -> None:
    def told(seed: str) -> list[object]:
        return [(one.action, one.position, one.choices.random()) for one in some(50, seed)]

    assert told("7/1") == told("7/1")
    assert told("7/1") != told("7/2")


@pytest.mark.parametrize("action", ACTIONS)
def test_action_without_weight_is_never_made(action: str) -> None:
    scenario = Scenario(weights=tuple(float(one != action) for one in ACTIONS), filtered=0.5)
    assert action not in {visit.action for visit in some(1000, scenario=scenario)}
    assert {visit.action for visit in some(100, scenario=scenario.only(action))} == {action}

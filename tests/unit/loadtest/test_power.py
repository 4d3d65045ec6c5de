"""What a quick run finds and doesn't: power at 10 %, the A/A cell, and the baseline's two cells."""

import math
import random

import pytest

from loadtest.cells import AGAIN, BASELINE, cells, table
from loadtest.comparisons import VERDICT_ALPHA, in_families, to_baseline
from loadtest.largest import LARGEST
from loadtest.model import Effect, Observation, fit

pytestmark = pytest.mark.usefixtures("many_fits")

CELLS = cells(table())
PAIRED = 0.05 / math.sqrt(2)
"""Noise of a window where the ratio of two windows has 5 %."""


def quick(
    rng: random.Random,
    noise: float,
    gains: dict[str, float],
    verdict_alpha: float = VERDICT_ALPHA["quick"],
) -> dict[str, Effect]:
    """A quick run on a drifting machine: three blocks, the last-off in two of them."""
    names = [cell.name for cell in CELLS]
    observations = [
        Observation(
            name, block, math.exp(level + math.log(gains.get(name, 1.0)) + rng.gauss(0, noise))
        )
        for block, level in enumerate([rng.gauss(4, 0.3) for _ in range(3)], 1)
        for name in (names if block == 1 else [*names, LARGEST])
    ]
    effects = to_baseline(fit(observations, BASELINE))
    return in_families(effects, CELLS, verdict_alpha)


@pytest.mark.parametrize(
    ("noise", "verdict_alpha", "by_itself", "with_holm"),
    [(PAIRED, 0.01, 0.95, 0.54), (0.05, 0.01, 0.71, 0.19), (0.05, 0.05, 0.71, 0.34)],
)
def test_10_percent_is_found_with_the_power_that_is_stated(
    noise: float, verdict_alpha: float, by_itself: float, with_holm: float
) -> None:
    rng, runs, found, named = random.Random(1), 1000, 0, 0
    for _ in range(runs):
        effect = quick(rng, noise, {"pgbouncer": 1.1}, verdict_alpha)["pgbouncer"]
        assert effect.p is not None
        found += effect.p <= 0.05
        named += effect.verdict == "faster"
    assert found / runs == pytest.approx(by_itself, abs=0.045)  # 3 standard deviations
    assert named / runs == pytest.approx(with_holm, abs=0.045)


@pytest.mark.parametrize(
    ("truth", "by_itself", "with_holm"), [(0.5, 0.70, 0.41), (0.9, 0.06, 0.02)]
)
def test_change_of_a_p95_is_found_with_the_power_that_is_stated(
    truth: float, by_itself: float, with_holm: float
) -> None:
    """Five cells in three blocks of latency windows, whose own p95 differ by 30 %."""
    rng, runs, found, named = random.Random(3), 500, 0, 0
    logs = {BASELINE: 0.0, "recommended": 0.0, "a": math.log(truth), "b": 0.0, "c": 0.0}
    for _ in range(runs):
        levels = [rng.gauss(5, 0.3) for _ in range(3)]
        observations = [
            Observation(name, block, math.exp(level + log + rng.gauss(0, 0.3)))
            for block, level in enumerate(levels, 1)
            for name, log in logs.items()
        ]
        effect = fit(observations, BASELINE).effects["a"]
        assert effect.p is not None
        found += effect.p <= 0.05
        named += effect.verdict == "slower"
    assert found / runs == pytest.approx(by_itself, abs=0.065)  # 3 standard deviations
    assert named / runs == pytest.approx(with_holm, abs=0.065)


def test_baseline_differs_from_itself_and_intervals_miss_in_5_percent() -> None:
    rng, runs, truth = random.Random(2), 2000, {"jinja2": 1.05, "pgbouncer": 1.1, "preload": 1.2}
    flagged, named = 0, 0
    covered = dict.fromkeys(truth, 0)
    for _ in range(runs):
        effects = quick(rng, 0.05, truth)
        flagged += effects[AGAIN].verdict != "can't tell"
        named += any(
            effects[name].verdict != "can't tell"
            for name in ("redis-sessions", "query-cache", "recommended")
        )
        for name, ratio in truth.items():
            low, high = effects[name].low, effects[name].high
            covered[name] += low is not None and high is not None and low <= ratio <= high
    assert 0.04 <= flagged / runs <= 0.06
    assert named / runs <= 0.05
    assert 0.94 <= sum(covered.values()) / (3 * runs) <= 0.96, covered


def test_second_cell_of_the_baseline_narrows_what_is_compared_with_it() -> None:
    observations = [
        Observation(name, block, 50 * block * (1 + 0.01 * ((block + place) % 3)))
        for block in (1, 2, 3)
        for place, name in enumerate((BASELINE, AGAIN, "a", "b"))
    ]
    model = fit(observations, BASELINE)
    wide, narrow = model.effects["a"].error, to_baseline(model)["a"].error
    assert wide is not None
    assert narrow == pytest.approx(wide * math.sqrt(0.75))
    again = to_baseline(model)[AGAIN]
    assert (again.error, again.holm) == (pytest.approx(wide), again.p)
    without = [one for one in observations if one.cell != AGAIN]
    alone = fit(without, BASELINE)
    assert to_baseline(alone)["a"].ratio == pytest.approx(alone.effects["a"].ratio)


DAY = {
    "redis-sessions": 1.02,
    "persistent-connections": 1.75,
    "connection-pool": 1.8,
    "pgbouncer": 1.75,
    "query-cache": 1.12,
    "cached-templates": 1.08,
    "jinja2": 1.15,
    "shared-templates": 1.0,
    "rust-templates": 1.2,
    "fragment-cache": 1.5,
    "preload": 1.03,
    "recommended": 4.5,
    LARGEST: 1.5,
}
"""Gains near and far from what a quick run can tell, as the replica shows them."""


@pytest.mark.parametrize(
    ("verdict_alpha", "stated"), [(VERDICT_ALPHA["quick"], 0.78), (VERDICT_ALPHA["full"], 0.74)]
)
def test_pairs_of_quick_runs_give_the_same_verdicts_as_often_as_is_stated(
    verdict_alpha: float, stated: float
) -> None:
    """In at least 12 of 13."""
    assert len(DAY) == len(CELLS) - 1  # the baseline's two cells aside, the last-off in their place
    rng, pairs, agreed = random.Random(8), 500, 0
    for _ in range(pairs):
        one, other = (quick(rng, 0.12, DAY, verdict_alpha) for _ in range(2))
        agreed += sum(one[name].verdict == other[name].verdict for name in DAY) >= 12
    assert agreed / pairs == pytest.approx(stated, abs=0.05)  # 3 standard deviations

"""The block + cell model: known truth in simulated runs, missing windows, too few of them."""

import math
import random

import pytest

from loadtest.model import POWER, Effect, Observation, _detectable, fit

pytestmark = pytest.mark.usefixtures("many_fits")

TRUTH = {"baseline": 1.0, "same": 1.0, "faster": 1.1, "slower": 0.8}
NOISE = 0.05


def simulated(rng: random.Random, blocks: int = 3, drift: float = 0.3) -> list[Observation]:
    """A drifting machine: the block's level changes much more than a cell's effect."""
    observations = []
    for block in range(1, blocks + 1):
        level = math.log(100) + rng.gauss(0, drift)
        for cell, ratio in TRUTH.items():
            value = math.exp(level + math.log(ratio) + rng.gauss(0, NOISE))
            observations.append(Observation(cell, block, value))
    return observations


@pytest.mark.parametrize("blocks", [3, 5])
def test_95_percent_intervals_cover_the_truth_in_95_percent_of_runs(blocks: int) -> None:
    rng, runs = random.Random(blocks), 600
    covered = dict.fromkeys(set(TRUTH) - {"baseline"}, 0)
    for _ in range(runs):
        for cell, effect in fit(simulated(rng, blocks), "baseline").effects.items():
            assert effect.low is not None
            assert effect.high is not None
            covered[cell] += effect.low <= TRUTH[cell] <= effect.high
    # The binomial's standard deviation is 0.9 points: 3.4 of them.
    assert all(0.92 <= count / runs <= 0.98 for count in covered.values()), covered


def test_coverage_holds_with_windows_missing() -> None:
    rng, runs, covered = random.Random(1), 600, 0
    for _ in range(runs):
        observations = simulated(rng)
        rng.shuffle(observations)
        effect = fit(observations[2:], "baseline").effects.get("faster")
        if effect is None or effect.low is None or effect.high is None:
            runs -= 1
            continue
        covered += effect.low <= TRUTH["faster"] <= effect.high
    assert runs > 500
    assert 0.92 <= covered / runs <= 0.98


def test_ratios_are_exact_without_noise_whatever_the_blocks_do() -> None:
    observations = [
        Observation(cell, block, 100 * block * ratio)
        for block in (1, 2, 3)
        for cell, ratio in TRUTH.items()
        if (block, cell) != (2, "faster")
    ]
    effects = fit(observations, "baseline").effects
    assert {name: effect.ratio for name, effect in effects.items()} == pytest.approx(
        {name: ratio for name, ratio in TRUTH.items() if name != "baseline"}
    )


def test_residuals_are_pooled_over_all_cells() -> None:
    model = fit(simulated(random.Random(1)), "baseline")
    assert model.degrees_of_freedom == 3 * 4 - 3 - 3
    widths = [math.log(e.high / e.low) for e in model.effects.values() if e.high and e.low]
    assert widths == pytest.approx([widths[0]] * 3)


def test_one_block_gives_ratios_but_no_interval_and_no_verdict() -> None:
    effects = fit([Observation("baseline", 1, 100), Observation("a", 1, 300)], "baseline").effects
    assert effects["a"].ratio == pytest.approx(3)
    assert (effects["a"].low, effects["a"].verdict) == (None, "can't tell")


def test_no_window_of_the_baseline_gives_nothing_to_compare_with() -> None:
    assert fit([Observation("a", 1, 100), Observation("b", 1, 90)], "baseline").effects == {}


def test_cells_that_share_no_block_with_the_baseline_are_left_out() -> None:
    apart = [
        Observation("baseline", 1, 100),
        Observation("a", 1, 200),
        Observation("b", 2, 10),
        Observation("c", 2, 20),
    ]
    effects = fit(apart, "baseline").effects
    assert set(effects) == {"a"}
    assert effects["a"].ratio == pytest.approx(2)


def test_windows_without_a_good_answer_do_not_reach_the_logarithm() -> None:
    observations = [*simulated(random.Random(2)), Observation("dead", 1, 0.0)]
    assert "dead" not in fit(observations, "baseline").effects


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Effect(ratio=1.2, low=1.1, high=1.3), "faster"),
        (Effect(ratio=0.8, low=0.7, high=0.9), "slower"),
        (Effect(ratio=1.2, low=0.99, high=1.4), "can't tell"),
        (Effect(ratio=1.2, low=1.0, high=1.4), "can't tell"),
        (Effect(ratio=9.0), "can't tell"),
    ],
)
def test_verdict_needs_an_interval_without_one(effect: Effect, verdict: str) -> None:
    assert effect.verdict == verdict


def windows(rng: random.Random, truth: dict[str, float], blocks: int = 3) -> list[Observation]:
    """A drifting machine, as above, with any cells."""
    levels = [math.log(100) + rng.gauss(0, 0.3) for _ in range(blocks)]
    return [
        Observation(cell, block, math.exp(level + math.log(ratio) + rng.gauss(0, NOISE)))
        for block, level in enumerate(levels, 1)
        for cell, ratio in truth.items()
    ]


QUICK = {"baseline": 1.0, "again": 1.0} | {f"cell-{number}": 1.0 for number in range(9)}
"""As many cells as the first block of a quick run has."""


def test_baseline_differs_from_itself_in_5_percent_of_runs() -> None:
    rng, runs = random.Random(3), 2000
    found = [fit(windows(rng, QUICK), "baseline", apart=("again",)) for _ in range(runs)]
    flagged = sum(one.effects["again"].verdict != "can't tell" for one in found) / runs
    assert 0.04 <= flagged <= 0.06
    # Holm: any of the cells in which nothing differs is named in no more than 5 % of runs.
    named = sum(
        any(e.verdict != "can't tell" for name, e in one.effects.items() if name != "again")
        for one in found
    )
    assert named / runs <= 0.06


def test_intervals_cover_small_known_effects_in_95_percent_of_runs() -> None:
    rng, runs = random.Random(4), 2000
    truth = {**QUICK, "cell-0": 1 / 1.05, "cell-1": 1 / 1.1, "cell-2": 1 / 1.2}
    covered = dict.fromkeys(["cell-0", "cell-1", "cell-2"], 0)
    for _ in range(runs):
        effects = fit(windows(rng, truth), "baseline").effects
        for name in covered:
            low, high = effects[name].low, effects[name].high
            covered[name] += low is not None and high is not None and low <= truth[name] <= high
    assert 0.94 <= sum(covered.values()) / (3 * runs) <= 0.96, covered
    # One by one the binomial's standard deviation is 0.5 points: 3 of them.
    assert all(0.935 <= count / runs <= 0.965 for count in covered.values()), covered


def test_detectable_effect_is_found_with_the_power_that_is_stated() -> None:
    rng, runs, found, stated = random.Random(5), 500, 0, []
    freedom = 3 * len(QUICK) - 3 - (len(QUICK) - 1)
    truth = math.exp(_detectable(freedom, 0.05) * NOISE * math.sqrt(2 / 3))
    for _ in range(runs):
        effect = fit(windows(rng, {**QUICK, "cell-0": truth}), "baseline").effects["cell-0"]
        assert effect.p is not None
        assert effect.detectable is not None
        found += effect.p <= 0.05
        stated.append(effect.detectable)
    assert found / runs == pytest.approx(POWER, abs=0.055)  # 3 standard deviations
    assert sorted(stated)[runs // 2] == pytest.approx(truth, abs=0.01)


def test_holm_asks_more_of_each_comparison_the_more_there_are() -> None:
    rng = random.Random(6)
    model = fit(windows(rng, {**QUICK, "cell-0": 1.3}), "baseline", apart=("again",))
    again, large = model.effects["again"], model.effects["cell-0"]
    assert again.holm == again.p
    assert large.p is not None
    assert large.holm == pytest.approx(9 * large.p)
    assert large.verdict == "faster"


def test_verdict_needs_holm_and_says_what_it_leaves_open() -> None:
    effect = Effect(ratio=1.1, low=1.01, high=1.2, p=0.03, holm=0.2)
    assert effect.verdict == "can't tell"
    assert effect.below == pytest.approx(0.2)
    assert Effect(ratio=1.1, low=1.01, high=1.2, p=0.03, holm=0.04).verdict == "faster"

"""The fraction of full mode: what it adds, that it is as good as can be found, that it fits."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loadtest import fingerprint, fraction
from loadtest.cells import AGAIN, Cell, candidates, cells, table
from loadtest.pairmodel import PairModel
from loadtest.plan import FULL_SECONDS, Plan, make_plan
from loadtest.replica.backends import MOST_HOLDING, max_connections
from loadtest.settings import Settings

FIXED = cells(table(), more=True)
ALL = candidates(table())


def information(found: Sequence[Cell]) -> float:
    """The logarithm of the information's determinant in the pair model."""
    model = PairModel.of(FIXED)
    assert model is not None
    matrix = model.matrix([cell for cell in found if cell.name != AGAIN and model.holds(cell)])
    sign, value = np.linalg.slogdet(matrix.T @ matrix)
    return float(value) if sign > 0 else -np.inf


def test_candidates_are_all_sets_with_one_level_per_factor() -> None:
    rows = {row.name: row.factor for row in table()}
    sets = [
        frozenset(chosen)
        for number in range(2, len(rows) + 1)
        for chosen in itertools.combinations(rows, number)
        if len({rows[name] for name in chosen}) == number
    ]
    assert {frozenset(cell.active) for cell in ALL} == set(sets)
    assert len(ALL) == len(sets)
    assert "redis-sessions+query-cache" in {cell.name for cell in ALL}


def test_fraction_makes_factors_and_pairs_estimable_with_cells_that_are_new() -> None:
    chosen = fraction.augment(FIXED, ALL, 9)
    assert len({frozenset(cell.active) for cell in (*FIXED[1:], *chosen)}) == len(FIXED) - 1 + 9
    assert information(FIXED) < -50  # singular, but for rounding
    assert information([*FIXED, *chosen]) > 0
    levels = {level for cell in chosen for level in cell.active}
    assert levels & {"persistent-connections", "connection-pool"}  # not only the recommended one
    assert "jinja2" not in levels  # no level of its factor is recommended


def test_no_random_fraction_tells_more() -> None:
    chosen = fraction.augment(FIXED, ALL, 9)
    rng = random.Random(1)
    model = PairModel.of(FIXED)
    assert model is not None
    free = [cell for cell in ALL if model.holds(cell)]
    best = max(information([*FIXED, *rng.sample(free, 9)]) for _ in range(300))
    assert information([*FIXED, *chosen]) > best


def test_postgres_has_connections_for_all_cells_that_keep_theirs() -> None:
    assert max_connections(FIXED) == 100
    chosen = fraction.augment(FIXED, ALL, 14)
    assert len(chosen) == 14
    keeping = [
        cell
        for cell in (*FIXED, *chosen)
        if not {"connection-pool", "persistent-connections"}.isdisjoint(cell.active)
    ]
    assert len(keeping) == MOST_HOLDING
    assert max_connections([*FIXED, *chosen]) == 8 + 20 + 16 + 16 * MOST_HOLDING


def test_same_cells_give_the_same_fraction() -> None:
    assert fraction.augment(FIXED, ALL, 9) == fraction.augment(FIXED, ALL, 9)
    assert fraction.augment(FIXED, ALL, 0) == []
    assert fraction.augment(FIXED, ALL, -3) == []


def test_fraction_ends_where_there_is_no_further_set() -> None:
    few = ALL[:24]
    known = {frozenset(cell.active) for cell in FIXED}
    new = [one for one in few if "engine" not in one.factors and frozenset(one.active) not in known]
    assert len(new) > fraction.STEP
    assert set(fraction.augment(FIXED, few, 9)) == set(new)


@pytest.mark.parametrize(("memory_mib", "most"), [(24_000, 32), (8_000, 7), (1_000, 0)])
def test_cells_fit_into_memory(memory_mib: int, most: int) -> None:
    assert fraction.most_cells(memory_mib) == most


def full(results: Path, **given: str) -> Plan:
    settings = Settings.parse({"mode": "full", "results": str(results), **given})
    return make_plan(settings, table())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"blocks": "3"},
        {"capacity": "0", "safety": "0"},
        {"db_rtt_ms": "10"},
        {"latency_seconds": "5"},
        {"warmup_seconds": "1", "mix_seconds": "5"},
    ],
)
def test_fraction_is_as_large_as_leaves_the_whole_run_less_than_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    monkeypatch.setattr("loadtest.fingerprint.collect", lambda: {"memory_mib": 100_000})
    plan = full(tmp_path, **given)
    assert len(plan.cells) > len(FIXED)
    assert plan.seconds(len(plan.design)) <= FULL_SECONDS < 3600
    more = replace(plan, cells=(*plan.cells, plan.cells[-1]))
    assert more.seconds(len(plan.design) + plan.settings.blocks) > FULL_SECONDS


@pytest.mark.parametrize("mode", ["quick", "full"])
def test_cells_that_are_there_to_be_compared_are_not_started_for_safety_alone(
    tmp_path: Path, mode: str
) -> None:
    settings = Settings.parse({"mode": mode, "safety": "only", "results": str(tmp_path)})
    assert make_plan(settings, table()).cells == cells(table())


def test_plan_says_what_a_full_run_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.fingerprint.collect", lambda: {"memory_mib": 24_000})
    enough, few = full(tmp_path / "a"), full(tmp_path / "b", blocks="12")
    assert "6 of the cells, a D-optimal fraction, make shares of 6" in enough.lines()[-1]
    assert "6 more would do; fewer BLOCKS" in few.lines()[-1]
    settings = Settings.parse({"results": str(tmp_path / "c")})
    assert len(make_plan(settings, table()).lines()) == 2


def test_full_run_is_resumed_with_the_cells_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = fingerprint.collect() | {"memory_mib": 24_000}
    monkeypatch.setattr("loadtest.fingerprint.collect", lambda: machine)
    settings = Settings.parse({"mode": "full", "results": str(tmp_path)})
    begun = make_plan(settings, table())
    for review in (False, True):
        again = replace(settings, resume=begun.run.name, review=review, given=("review",))
        resumed = make_plan(again, table())
        assert (resumed.cells, resumed.design) == (begun.cells, begun.design)

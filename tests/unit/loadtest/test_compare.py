"""Two runs compared: known changes are covered, other conditions are refused."""

import math
import random
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from loadtest import compare, model, result
from loadtest.errors import SettingsError
from loadtest.figures import PHASES

pytestmark = pytest.mark.usefixtures("many_fits")

BEFORE = {"baseline": 1.0, "baseline-again": 1.0, "pool": 1.5, "cache": 2.0}
AFTER = BEFORE | {"cache": 2.6}
CELLS = [
    {"name": name, "active": [], "factors": [], "services": [], "store": "s"} for name in BEFORE
]
SETTINGS = {
    "users": 2000,
    "visitors": 12,
    "warmup_seconds": 1.0,
    "mix_seconds": 5.0,
    "one_query_warmup_seconds": 0.5,
    "one_query_seconds": 2.5,
}
MACHINE = {"cpu": "a processor", "cores": 2, "measured_commit": "abc", "changes": ""}


def outcome(truth: dict[str, float], rng: random.Random, speed: float = 1.0) -> dict[str, Any]:
    """A run's result as far as it is compared; `speed` is the machine's on that day."""
    table: dict[str, Any] = {name: {} for name in truth}
    for phase in PHASES:
        observations = [
            model.Observation(name, block, math.exp(rng.gauss(math.log(ratio * speed), 0.05)))
            for block in (1, 2, 3)
            for name, ratio in truth.items()
        ]
        fitted = model.fit(observations, "baseline", apart=("baseline-again",))
        for name in truth:
            table[name][phase] = result._rate(speed, fitted.effects.get(name))
    return {
        "run": f"at {speed:g}",
        "fingerprint": MACHINE,
        "settings": SETTINGS,
        "scenario": {"weights": [1]},
        "versions": {"django": "5.2"},
        "cells": CELLS,
        "table": table,
    }


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that compares two results as if runs were made of them."""
    monkeypatch.setattr(result, "build", lambda run: run.content)

    def do(a: dict[str, Any], b: dict[str, Any]) -> Any:
        runs: list[Any] = [SimpleNamespace(content=one) for one in (a, b)]
        return compare.compare(*runs)

    return do


def test_change_is_found_whatever_the_machine_did_and_covered(compared: Any) -> None:
    rng, runs, covered, named = random.Random(1), 400, 0, 0
    for _ in range(runs):
        found = compared(outcome(BEFORE, rng), outcome(AFTER, rng, speed=0.4)).changes["mix"]
        covered += found["cache"].low <= 1.3 <= found["cache"].high
        named += found["pool"].verdict != "can't tell"
    assert 0.91 <= covered / runs <= 0.98  # the standard deviation is 1.1 points
    assert named / runs <= 0.06


def test_table_shows_the_change_with_its_interval(compared: Any) -> None:
    rng = random.Random(2)
    other = outcome(AFTER, rng) | {"fingerprint": MACHINE | {"measured_commit": "def"}}
    console = Console(file=StringIO(), width=140, highlight=False)
    compare.show(compared(outcome(BEFORE, rng), other), console)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "baseline again (A/A)" in text
    assert "can't tell, below" in text
    assert "the runs differ in their commit: abc against def" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fingerprint": MACHINE | {"cores": 4}}, "cores 2 against 4"),
        ({"settings": SETTINGS | {"users": 500}}, "users 2000 against 500"),
        ({"scenario": {"weights": [2]}}, "scenario"),
        ({"table": {}}, "no cell with an interval in common"),
    ],
)
def test_runs_under_other_conditions_are_refused(
    compared: Any, change: dict[str, Any], said: str
) -> None:
    rng = random.Random(3)
    with pytest.raises(SettingsError, match=said):
        compared(outcome(BEFORE, rng), outcome(BEFORE, rng) | change)

"""What the races by load count as a step, and when they say that a writer died at each of them."""

import random
from pathlib import Path

import pytest

from benchmarks.services import Postgres, Server
from tests.races.board import Board
from tests.races.doom import LEAST_WRITES, MOST_TRIES, Doom, Tally
from tests.races.found import START, Found
from tests.races.options import Options, Setting
from tests.races.schema import KINDS, MOST_STEPS


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    options = Options(
        library="slipstream",
        store="redis",
        seconds=0,
        reads=0,
        every_step=True,
        readers=1,
        writers=2,
        rows=3,
        reads_per_write=1,
        hold_seconds=1,
        calm_seconds=0,
        faults=("kill",),
        kills=1,
        seed=1,
    )
    return Setting(
        options=options,
        postgres=Postgres(container="", port=1, password=""),
        server=Server(kind="redis", container="", port=1),
        folder=tmp_path,
    )


@pytest.fixture
def tally(setting: Setting) -> Tally:
    return Tally(Board(setting.folder / "board", setting.options), random.Random(1))


def wrote(tally: Tally, kind: str, steps: int, times: int, writer: int = 0) -> None:
    place = (writer * len(KINDS) + KINDS.index(kind)) * MOST_STEPS
    tally.board["steps"][place + steps] += times


def wrote_all(tally: Tally, steps: int) -> None:
    for kind in KINDS:
        wrote(tally, kind, steps, LEAST_WRITES)


def found(tally: Tally) -> Found:
    counters = dict.fromkeys(("stale", "back", "own", "failed", "unwritten"), 0)
    steps = {kind: tally.of(kind) for kind in KINDS}
    return Found(counters=counters, calm_hit_ratio=1.0, steps=steps)


def test_a_step_that_one_write_in_twenty_comes_to_is_known_and_others_are_rare(
    tally: Tally,
) -> None:
    wrote(tally, "raw", 3, 94)
    wrote(tally, "raw", 4, 5, writer=1)
    wrote(tally, "raw", 6, 1)
    steps = tally.of("raw")
    assert (steps.known, steps.rare, steps.writes) == (4, 2, 100)


def test_each_step_is_tried_before_one_is_tried_again(tally: Tally) -> None:
    wrote_all(tally, 3)
    chosen = [doom for _ in range(3 * len(KINDS)) for doom in tally.next(1)]
    assert len(set(chosen)) == 3 * len(KINDS)


def test_it_is_done_once_a_writer_died_at_every_step(tally: Tally, setting: Setting) -> None:
    wrote_all(tally, 2)
    dooms = {Doom(kind=kind, step=step) for kind in KINDS for step in range(2)}
    last = Doom(kind="save", step=1)
    tally.killed = dooms - {last}
    assert not tally.done
    assert found(tally).problems(setting) == ["no writer killed at save [1]"]
    tally.killed = dooms
    assert tally.done
    assert found(tally).problems(setting) == []
    assert (found(tally).steps_hit, found(tally).steps_known) == (12, 12)


def test_a_step_that_nobody_comes_to_is_given_up_and_reported(
    tally: Tally, setting: Setting
) -> None:
    wrote_all(tally, 1)
    for _ in range(MOST_TRIES):
        assert not tally.done
        tally.next(len(KINDS))
    assert tally.done
    assert len(found(tally).problems(setting)) == len(KINDS)


def test_it_is_not_done_while_too_few_writes_say_how_many_steps_there_are(tally: Tally) -> None:
    wrote(tally, "raw", 0, LEAST_WRITES)
    assert not tally.done


def test_a_doom_is_read_from_the_board_as_it_was_written() -> None:
    dooms = [Doom(kind=kind, step=step) for kind in KINDS for step in (0, MOST_STEPS - 1)]
    assert [Doom.of(doom.number) for doom in dooms] == dooms
    assert Doom.of(0) is None


def test_a_slow_recovery_is_a_problem_but_not_at_the_start(tally: Tally, setting: Setting) -> None:
    run = found(tally)
    run.recovery_seconds = {START: [9.0], "kill": [1.0, 2.5], "evict": [2.0]}
    assert "not cacheable 2.5 s after kill, above 2 s" in run.problems(setting)
    assert len([line for line in run.problems(setting) if "cacheable" in line]) == 1
    assert run.longest_recovery == 2.5

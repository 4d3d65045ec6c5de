"""No COMMIT finds all items of an entry usable, whatever any number of readers do; and they do no more.

The steps are in `model_commits.py`, those that they are compared with in `model_steps.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from .model import ROWS, TABLE, search
from .model_commits import commit_steps
from .model_state import (
    BEGUN,
    MISSING,
    NOBODY,
    OLD,
    PENDING,
    READERS,
    READY,
    STALE,
    ItemState,
    Model,
    State,
    Writer,
)
from .test_model import MUTANTS

ANY_TABLE = replace(TABLE, readers=0)
ANY_ROW = Model(marks=((0, 1), (0, 1)), needs=(1,), guard=0, readers=0)

FOR_READERS_ALONE = {
    "counter that begins again after an eviction",
    "generations read after the SELECT",
    "lost mark leaves a usable generation",
}
"""Mutants that only hits tell: of what a reader does, and of COMMITs that are slower than a hold."""


@pytest.mark.parametrize("name", sorted(MUTANTS.keys() - FOR_READERS_ALONE))
def test_weaker_protocol_has_a_commit_that_finds_all_usable(name: str) -> None:
    found = search(replace(MUTANTS[name], readers=0), commit_steps, most_states=20_000)
    assert found.defect.startswith("a hit returns ")


def test_a_commit_slower_than_the_hold_may_find_all_usable() -> None:
    found = search(replace(ANY_TABLE, slow_commits=True), commit_steps)
    assert found.defect.startswith("a hit returns ")
    assert any(" lifts hold " in step for step in found.schedule)


@pytest.mark.parametrize("model", [ANY_TABLE, ANY_ROW], ids=["table", "row"])
def test_any_readers_and_evictions_and_transactions_of_two_writers(model: Model) -> None:
    found = search(model, commit_steps)
    assert not found.defect, "\n".join((found.defect, *found.schedule))
    assert found.states > 100


@pytest.mark.parametrize(
    "bounds",
    [
        replace(TABLE, marks=((0,),), evictions=1),
        replace(ANY_ROW, marks=((0, 1),), readers=1, evictions=1, start=(1, MISSING)),
        replace(
            ROWS,
            marks=((0, 1),),
            readers=2,
            evictions=0,
            hold_ticks=1,
            kills=False,
            start=(1, MISSING, MISSING),
        ),
    ],
    ids=["table", "row", "rows"],
)
def test_what_some_readers_do_is_among_what_any_number_does(bounds: Model) -> None:
    without = search(replace(bounds, readers=0), commit_steps).reached
    for state in search(bounds).reached:
        assert any(same in without for same in _without_readers(state)), state


def _without_readers(state: State) -> Iterator[State]:
    """Yield what `commit_steps` may know of a state; in one tick either may have come first."""
    writers = [READY if one.at == "over" else one for one in state.writers]
    younger = tuple([one._replace(age=OLD if one.age == OLD else 0) for one in writers])
    for items in product(*[_orders(item, state) for item in state.items]):
        yield State(items, None, 0, 0, state.evictions, younger, ())


def _orders(item: ItemState, state: State) -> Iterator[ItemState]:
    if isinstance(item, int):
        yield item
        return
    looked = [BEGUN if one.guard != STALE else NOBODY for one in state.readers]
    owners = {READERS + number: owner for number, owner in enumerate(looked)}
    for olders in product(*[_older_writers(age, state.writers) for _, age in item]):
        holds: dict[int, int] = {}
        for (token, _), older in zip(item, olders, strict=True):
            owner = owners.get(token, token)
            holds[owner] = holds.get(owner, 0) | older
        yield tuple(sorted(holds.items()))


def _older_writers(age: int, writers: tuple[Writer, ...]) -> Iterator[int]:
    bits = [
        {(one.age > age) << number, (one.age >= age) << number}
        for number, one in enumerate(writers)
        if one.at in PENDING and one.age < OLD
    ]
    yield from map(sum, product(*bits))

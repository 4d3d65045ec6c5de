"""The protocol has no stale hit within these bounds, and each weaker protocol is caught.

The states and steps are in `model_state.py` and `model_steps.py`; run `model.py` for larger bounds, and
see `test_model_commits.py` for any number of readers.
"""

from dataclasses import replace

import pytest

from slipstream.generations.item import Item, held, released

from .model import ROWS, TABLE, Found, search
from .model_state import MISSING, Model, Transitions

TABLE_SOON = replace(TABLE, hold_ticks=1)
ONE_ROW = Model(marks=((0, 1),), needs=(1,), guard=0, hold_ticks=1)
"""T and R, and one writer of the row."""

SEEN_TABLE = replace(TABLE_SOON, marks=((0,),), readers=1, floor="seen")
SEEN_ROW = replace(ONE_ROW, readers=1, evictions=1, floor="seen")
"""For mutants: a hit is stale if it is older than what was acknowledged, or than another read."""


def _keeps_usable(item: Item | None, holds: frozenset[bytes], fresh: bytes) -> Item:
    return item if item is not None and not item.holds else released(item, holds, fresh)


FLAG = b"\x0f"

MUTANTS = {
    "flag instead of marks": replace(
        TABLE_SOON,
        floor="seen",
        evictions=0,
        transitions=Transitions(
            marked=lambda _item, _mark, _fresh: held(FLAG),
            released=lambda _item, _holds, fresh: Item(generation=fresh),
        ),
    ),
    "missing items begin usable": replace(
        SEEN_TABLE,
        readers=2,
        evictions=1,
        transitions=Transitions(found_missing=lambda fresh: Item(generation=fresh)),
    ),
    "counter that begins again after an eviction": replace(SEEN_TABLE, counter=True),
    "generations read after the SELECT": replace(SEEN_TABLE, late_generations=True),
    "unmarks before COMMIT": replace(SEEN_TABLE, unmark_first=True),
    "row marked before its table": replace(SEEN_ROW, marks=((1, 0),)),
    "row begun without a second look at its table": replace(SEEN_ROW, second_look=False),
    "row usable before the second look at its table": replace(
        SEEN_ROW, readers=2, begin_usable=True, start=(1, MISSING)
    ),
    "lost mark leaves a usable generation": replace(
        SEEN_TABLE,
        floor="acknowledged",
        slow_commits=True,
        transitions=Transitions(released=_keeps_usable),
    ),
}


def _must_be_sound(found: Found) -> None:
    assert not found.defect, "\n".join((found.defect, *found.schedule))
    assert found.states > 100


@pytest.mark.parametrize("name", MUTANTS)
def test_weaker_protocol_has_a_stale_hit(name: str) -> None:
    found = search(MUTANTS[name], most_states=30_000)
    assert found.defect.startswith("a hit returns ")
    assert any(" stores" in step for step in found.schedule)


def test_a_commit_slower_than_the_hold_is_seen_by_all_hits_once_acknowledged() -> None:
    slow = replace(TABLE_SOON, readers=1, slow_commits=True, floor="acknowledged")
    _must_be_sound(search(slow))


def test_protocol_that_never_lifts_a_hold_comes_to_no_hit() -> None:
    found = search(replace(TABLE_SOON, marks=((0,),), readers=1, lifts=False))
    assert found.defect == "no hit any more"


def test_table_with_two_writers_and_two_readers_and_any_evictions() -> None:
    _must_be_sound(search(TABLE_SOON))


def test_row_with_a_writer_and_two_readers() -> None:
    _must_be_sound(search(replace(ONE_ROW, evictions=1)))


def test_missing_row_with_a_writer_of_it_and_one_of_all_rows() -> None:
    both = replace(ROWS, hold_ticks=1, readers=1, evictions=0, kills=False, start=(1, MISSING, 3))
    _must_be_sound(search(both))

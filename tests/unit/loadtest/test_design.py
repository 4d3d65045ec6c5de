"""Cells from the table, randomized complete blocks, what a resumed run has left to do."""

import itertools
from collections import Counter

import pytest

from loadtest.cells import cells, steps, table
from loadtest.design import missing, randomized_blocks, visitor_seed
from loadtest.errors import SettingsError

CELLS = ("baseline", "a", "b", "c")


def test_every_cell_is_once_in_every_block() -> None:
    design = randomized_blocks(CELLS, 5, seed=1)
    counts = Counter((window.block, window.cell) for window in design)
    assert counts == {(block, cell): 1 for block in range(1, 6) for cell in CELLS}
    assert [window.number for window in design] == list(range(1, 21))


def test_the_seed_decides_the_order() -> None:
    assert randomized_blocks(CELLS, 5, seed=1) == randomized_blocks(CELLS, 5, seed=1)
    assert randomized_blocks(CELLS, 5, seed=1) != randomized_blocks(CELLS, 5, seed=2)


def test_blocks_have_orders_of_their_own_and_every_cell_comes_everywhere() -> None:
    design = randomized_blocks(CELLS, 400, seed=3)
    places = Counter((window.cell, window.position) for window in design)
    assert len(places) == 16
    assert all(60 < count < 140 for count in places.values())


def test_resumption_measures_only_what_is_missing_in_the_same_order() -> None:
    design = randomized_blocks(CELLS, 3, seed=1)
    left = missing(design, {1, 2, 5})
    assert [window.number for window in left] == [3, 4, *range(6, 13)]


def test_visitors_do_the_same_in_all_cells_of_a_block_and_not_in_the_next() -> None:
    design = randomized_blocks(CELLS, 2, seed=1)
    seeds = {
        window.block: {visitor_seed(9, w) for w in design if w.block == window.block}
        for window in design
    }
    assert [len(found) for found in seeds.values()] == [1, 1]
    assert seeds[1] != seeds[2]


def test_cells_are_baseline_twice_each_alone_and_the_recommended_together() -> None:
    found = {cell.name: set(cell.active) for cell in cells(table())}
    rows = {row.name: row for row in table()}
    assert found.pop("baseline") == found.pop("baseline-again") == set()
    assert found.pop("recommended") == {name for name, row in rows.items() if row.recommended}
    assert found == {name: {name} for name in rows}


def test_last_offs_are_all_recommended_but_one_each() -> None:
    usual = {cell.name for cell in cells(table())}
    found = {cell.name: set(cell.active) for cell in cells(table(), more=True)}
    recommended = found["recommended"]
    more = {name: active for name, active in found.items() if name not in usual}
    assert more["recommended+jinja2"] == recommended | {"jinja2"}
    last_offs = {name: active for name, active in more.items() if name.startswith("without-")}
    assert last_offs == {f"without-{name}": recommended - {name} for name in recommended}
    named = [cell.name for cell in cells(table(), ("recommended", "without-preload"))]
    assert named == ["baseline", "baseline-again", "recommended", "without-preload"]


def test_story_is_told_step_by_step_with_the_cells_that_there_are() -> None:
    found = cells(table(), more=True)
    by_name = {cell.name: set(cell.active) for cell in found}
    story = steps(found)
    assert [factor for factor, _name in story] == [
        "sessions",
        "queries",
        "connections",
        "templates",
        "pages",
        "processes",
    ]
    sets = [by_name[name] for _factor, name in story if name is not None]
    assert [len(active) for active in sets] == [1, 2, 3, 4, 5, 6]
    assert all(before < after for before, after in itertools.pairwise(sets))
    assert sets[-1] == by_name["recommended"]
    assert len({frozenset(cell.active) for cell in found}) == len(found) - 1  # the A/A cell
    assert steps(cells(table(), ("jinja2",))) == []


def test_cells_share_sessions_exactly_when_they_share_the_store() -> None:
    found = {cell.name: cell.store for cell in cells(table())}
    assert found["recommended"] == found["redis-sessions"] != found["baseline"]
    others = {
        store for name, store in found.items() if name not in ("recommended", "redis-sessions")
    }
    assert others == {found["baseline"]}


def test_only_keeps_the_named_cells_and_what_they_are_compared_with() -> None:
    found = [cell.name for cell in cells(table(), ("jinja2",))]
    assert found == ["baseline", "baseline-again", "jinja2"]


@pytest.mark.parametrize(
    ("only", "hint"),
    [("jinja", "did you mean 'jinja2'?"), ("baseline", "nothing but the baseline")],
)
def test_only_answers_what_it_cannot_measure(only: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        cells(table(), (only,))
    assert hint in str(caught.value)

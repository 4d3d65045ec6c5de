"""Quick mode's last-off: the design holds its place, the windows on disk say whose."""

from pathlib import Path
from typing import Any

import pytest

from loadtest import largest, result, runner, window
from loadtest.cells import cells, table
from loadtest.options import MODES
from loadtest.plan import QUICK_SECONDS, Plan, make_plan
from loadtest.settings import Settings

from . import site
from .conftest import ROWS, FakeRow, short
from .test_lab import bench

pytestmark = pytest.mark.usefixtures("any_machine")
RATES = {"redis-sessions": 50.0, "pgbouncer": 90.0, "query-cache": 80.0, "connection-pool": 120.0}
CELLS = (*cells(table()), *largest.last_offs(table()))


def measured(cell: str, block: int = 1, rate: float | None = None) -> dict[str, Any]:
    found = RATES.get(cell, 60.0) if rate is None else rate
    return {"cell": cell, "block": block, "phases": {"mix": {"requests_per_second": found}}}


FIRST = [measured(cell.name) for cell in cells(table())]


def quick(results: Path, **given: str) -> Plan:
    return make_plan(Settings.parse({"results": str(results), "seed": "3", **given}), table())


def test_largest_recommended_one_of_the_first_block_is_left_out() -> None:
    assert largest.taken(FIRST, CELLS) == "without-pgbouncer"  # the pool isn't recommended


def test_later_blocks_change_nothing_of_the_choice() -> None:
    later = [measured("query-cache", block=2, rate=900.0)]
    assert largest.taken([*FIRST, *later], CELLS) == "without-pgbouncer"


def test_cell_that_was_measured_stays() -> None:
    found = [measured("without-preload", block=2), *FIRST]
    assert largest.taken(found, CELLS) == "without-preload"


def test_optimization_without_a_window_is_not_chosen() -> None:
    found = [one for one in FIRST if one["cell"] != "pgbouncer"]
    assert largest.taken(found, CELLS) == "without-query-cache"


def test_quick_run_has_its_place_in_all_blocks_but_the_first(tmp_path: Path) -> None:
    plan = quick(tmp_path)
    blocks = [one.block for one in plan.design if one.cell == largest.LARGEST]
    assert blocks == [2, 3]
    others = {one.cell for one in plan.design} - {largest.LARGEST}
    assert others == {cell.name for cell in cells(table())}
    number = len(table()) + 4  # the baseline twice, all recommended together, and this place
    assert f"{number} cells in 3 blocks: {3 * number - 1} windows" in plan.lines()[0]


def test_quick_run_takes_ten_minutes_by_its_plan_however_many_cells_there_are(
    tmp_path: Path,
) -> None:
    plan = quick(tmp_path)
    assert QUICK_SECONDS - 10 < plan.seconds(len(plan.design)) <= QUICK_SECONDS <= 600
    few = make_plan(Settings.parse({"results": str(tmp_path / "few"), "seed": "3"}), ROWS)
    assert few.settings.mix_seconds == MODES["quick"]["mix_seconds"] > plan.settings.mix_seconds
    asked = quick(tmp_path / "asked", mix_seconds="5")
    assert asked.settings.mix_seconds == 5


@pytest.mark.parametrize("given", [{"mode": "full"}, {"only": "pgbouncer,recommended"}])
def test_other_runs_have_no_such_place(tmp_path: Path, given: dict[str, str]) -> None:
    assert largest.LARGEST not in {one.cell for one in quick(tmp_path, **given).design}


def test_two_that_are_recommended_have_their_last_offs_alone() -> None:
    assert largest.last_offs(ROWS) == ()


def test_record_has_the_name_of_the_cell_that_was_measured(tmp_path: Path) -> None:
    plan = quick(tmp_path)
    place = next(one for one in plan.design if one.cell == largest.LARGEST)
    for number, one in enumerate(FIRST, 1):
        plan.run.write_window(one | {"number": number, "status": "measured"})
    record = window.opened(place, plan.cell(place.cell))
    assert record["cell"] == "without-pgbouncer"
    assert set(record["active"]) == {row.name for row in table() if row.recommended} - {"pgbouncer"}


def test_resumed_run_goes_on_with_the_same_one(tmp_path: Path) -> None:
    plan = quick(tmp_path)
    for number, one in enumerate(FIRST, 1):
        plan.run.write_window(one | {"number": number, "status": "measured"})
    plan.run.write_window(
        measured("without-pgbouncer", block=2) | {"number": 20, "status": "measured"}
    )
    again = make_plan(Settings.parse({"resume": "1", "results": str(tmp_path)}), table())
    assert again.design == plan.design
    assert again.cell(largest.LARGEST).name == "without-pgbouncer"


def test_run_measures_the_last_off_of_what_its_first_block_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (*ROWS, FakeRow("gamma", "processes"))
    monkeypatch.setattr(site, "NAMES", tuple(row.name for row in rows))
    plan = make_plan(short(tmp_path, blocks=2), rows)
    sites = {
        cell.name: site.Site(
            active=cell.active,
            connections=int("alpha" not in cell.active),
            compiled=int("beta" not in cell.active),
        )
        for cell in plan.cells
    }
    with bench(plan, sites) as ready:
        runner.measure_all(ready)
    found = result.build(plan.run)
    assert found["complete"]
    first = {one["cell"]: one for one in found["windows"] if one["block"] == 1}
    rates = {row.name: first[row.name]["phases"]["mix"]["requests_per_second"] for row in rows}
    largest_one = max(rates, key=lambda name: rates[name])
    assert list(found["last_off"]) == [largest_one]
    assert f"without-{largest_one}" in found["table"]
    assert len([name for name in found["table"] if name.startswith("without-")]) == 1

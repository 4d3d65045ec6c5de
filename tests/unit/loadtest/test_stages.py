"""What follows the throughput: latency at one rate, the story's page, capacity; interrupted, resumed."""

import json
from contextlib import nullcontext
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest import capacity, latency, result, runner, stages, store, validity
from loadtest.cells import Cell
from loadtest.design import Window
from loadtest.errors import TruthError
from loadtest.plan import Plan, make_plan
from loadtest.progress import Plain, Timer
from loadtest.settings import Settings
from tests.unit.loadtest.conftest import ROWS, short
from tests.unit.loadtest.site import Site
from tests.unit.loadtest.test_lab import bench, of_templates, sites

pytestmark = pytest.mark.usefixtures("any_machine")
CONSOLE = Console(file=StringIO())
STAGES = ("latency", "page", "capacity")


def emptied(number: int) -> Any:
    """As Ctrl-C in that window, counted from this moment."""
    left = [number]

    def empty(cell: Cell) -> list[str]:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return of_templates(cell)

    return empty


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A run that was interrupted in its latency stage, in its search for capacity, and resumed."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "STORY_SECONDS", 0.5)
        patch.setattr(capacity, "SHORTEST_SECONDS", 0.2)
        patch.setattr(capacity, "LONGEST_SECONDS", 0.2)
        settings = replace(short(folder, blocks=1, latency_seconds=0.3), capacity=True)
        plan, cells = make_plan(settings, ROWS), sites()
        with bench(plan, cells) as first:
            runner.measure_all(first)
            assert plan.run.missing() is None
            with pytest.raises(KeyboardInterrupt):
                stages.measure(replace(first, empty=emptied(5)), CONSOLE)
            assert len(plan.run.stage("latency").finished()) == 4
            assert store.unfinished(folder).name == plan.run.name
            with pytest.raises(KeyboardInterrupt):
                stages.measure(replace(first, empty=emptied(8 + 1 + 4)), CONSOLE)
            assert len(plan.run.stage("capacity").finished()) == 3
        resumed = make_plan(Settings.parse({"resume": "1", "results": str(folder)}), ROWS)
        assert resumed.missing == ()
        with bench(resumed, cells) as second:
            stages.measure(second, CONSOLE)
    return resumed


def test_resumed_stage_has_every_window_once_and_goes_on_as_it_was_planned(measured: Plan) -> None:
    found = result.build(measured.run)
    assert found["complete"]
    windows = found["latency"]["windows"]
    assert [one["number"] for one in windows] == list(range(1, 13))
    assert [one["cell"] for one in windows] == [one["cell"] for one in found["latency"]["design"]]
    interrupted = [(one["stage"], one["number"]) for one in found["latency"]["failures"]]
    assert interrupted == [("latency", 5), ("capacity", 104)]


def test_rate_is_a_share_of_what_the_baseline_served(measured: Plan) -> None:
    found = result.build(measured.run)
    served = found["table"]["baseline"]["mix"]["rate"]
    assert found["latency"]["rate"] == pytest.approx(latency.SHARE * served)
    rates = {one["rate"] for one in found["latency"]["windows"]}
    assert rates == {found["latency"]["rate"]}


def test_stage_measures_baseline_the_recommended_and_the_best_alone(measured: Plan) -> None:
    found = result.build(measured.run)["latency"]
    assert list(found["table"]) == ["baseline", "alpha", "beta", "recommended"]
    for name, row in found["table"].items():
        assert row["windows"] == 3
        assert row["errors"] == 0
        assert (row["change"] is None) == (name == "baseline")


def test_stage_follows_from_the_windows_alone(measured: Plan) -> None:
    written = measured.run.read(store.LATENCY)
    again = latency._planned(measured, measured.run.windows())
    assert written == json.loads(json.dumps(asdict(again)))


def test_page_and_capacity_are_of_the_cells_that_they_are_about(measured: Plan) -> None:
    found = result.build(measured.run)
    assert found["page"]["cell"] == "recommended"
    assert found["page"]["requests"] == 50
    assert list(found["capacity"]["cells"]) == ["baseline", "recommended"]
    probes = measured.run.stage("capacity").windows()
    assert [one["number"] for one in probes] == [*range(101, 106), *range(201, 206)]
    assert all(0 <= one["missed"] <= 1 for one in probes)


def test_result_of_the_stages_is_json(measured: Plan) -> None:
    found = json.loads(json.dumps(result.build(measured.run), allow_nan=False))
    assert all(found[stage] for stage in STAGES)


def test_windows_in_which_the_generator_was_late_are_given_up_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validity, "MAX_LAG_MS", -1.0)
    monkeypatch.setattr(capacity, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(stages, "STORY_SECONDS", 0.2)
    settings = replace(short(tmp_path, blocks=1, latency_seconds=0.2), capacity=True)
    plan = make_plan(settings, ROWS)
    with bench(plan, sites()) as ready:
        runner.measure_all(ready)
        stages.measure(ready, CONSOLE)
    found = result.build(plan.run)
    assert not found["complete"]
    assert found["latency"]["windows"] == []
    failures = found["latency"]["failures"]
    stages_of = [one["stage"] for one in failures]
    assert [stages_of.count(name) for name in STAGES] == [3 * 12, 3, 3 * 2]
    assert all("the generator was late in latency" in one["reason"] for one in failures)
    assert (found["page"], found["capacity"]) == (None, None)
    assert plan.run.missing() == 12 + 2


class Breaks(Plain):
    """Another set is in force in a cell from the moment on at which its load begins."""

    def __init__(self, site: Site) -> None:
        super().__init__(Console(file=StringIO()), 1, 0, Timer(1, 1))
        self.site = site

    def begin(self, window: Window, phase: str) -> None:
        if "requests/s" in phase and window.cell == "alpha":
            self.site.active = ()


def test_window_whose_set_is_not_in_force_afterwards_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, cells = make_plan(short(tmp_path, blocks=1, latency_seconds=0.2), ROWS), sites()
    report = Breaks(cells["alpha"])
    monkeypatch.setattr(stages, "reporter", lambda *_: nullcontext(report))
    with bench(plan, cells) as ready:
        runner.measure_all(ready)
        with pytest.raises(TruthError, match="cell 'alpha' reports"):
            stages.measure(ready, CONSOLE)
    finished = plan.run.stage("latency").windows()
    assert "alpha" not in {one["cell"] for one in finished}


def test_run_without_the_stage_has_none(tmp_path: Path) -> None:
    plan = make_plan(short(tmp_path, blocks=1), ROWS)
    with bench(plan, sites()) as ready:
        runner.measure_all(ready)
        stages.measure(ready, CONSOLE)
    found = result.build(plan.run)
    assert found["complete"]
    assert [found[stage] for stage in STAGES] == [None, None, None]


def window(cell: str, block: int, rate: float) -> dict[str, Any]:
    return {"cell": cell, "block": block, "phases": {"mix": {"requests_per_second": rate}}}


def cell(name: str, *active: str) -> Cell:
    return Cell(name=name, active=active, factors=active, services=(), store="s")


CELLS = [
    cell("baseline"),
    cell("baseline-again"),
    *(cell(name, name) for name in "abcde"),
    cell("recommended", "a", "b"),
    cell("without-a", "b"),
]
RATES = {"baseline": 10, "a": 11, "b": 30, "c": 9, "d": 20, "e": 15, "recommended": 50}


def test_the_three_that_give_the_most_alone_are_chosen() -> None:
    windows = [
        window(name, block, rate * block) for block in (1, 2) for name, rate in RATES.items()
    ]
    chosen = latency.chosen_cells(CELLS, windows, every=False)
    assert chosen == ("baseline", "b", "d", "e", "recommended")


def test_full_mode_measures_every_cell_that_is_read_by_itself() -> None:
    assert latency.chosen_cells(CELLS, [], every=True) == tuple(one.name for one in CELLS[:-1])


def test_page_of_the_story_is_left_out_where_nothing_is_recommended_together(
    tmp_path: Path,
) -> None:
    plan = make_plan(short(tmp_path, blocks=1, latency_seconds=0.2), ROWS[:1])
    served = [window(one.name, 1, 50.0) for one in plan.cells]
    assert latency._planned(plan, served).then == ()


def test_nothing_is_measured_at_no_rate(tmp_path: Path) -> None:
    plan = make_plan(short(tmp_path, blocks=1, latency_seconds=0.2), ROWS)
    broken = [window(one.name, 1, 0.0) for one in plan.cells]
    stage = latency._planned(plan, broken)
    assert (stage.rate, stage.design, stage.then) == (0, (), ())

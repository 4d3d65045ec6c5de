"""A whole run on real HTTP: Locust users against small sites, interrupted, resumed, refused."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from loadtest import compare, driver, result, runner
from loadtest.cells import Cell
from loadtest.design import Window
from loadtest.errors import GeneratorError, ReplicaError, SettingsError, TruthError
from loadtest.generator.pages import page_name
from loadtest.pinning import Pinning
from loadtest.plan import Plan, make_plan
from loadtest.progress import Plain, Timer
from loadtest.samples import load
from loadtest.settings import Settings
from loadtest.window import Bench
from tests.unit.loadtest.conftest import ROWS, short
from tests.unit.loadtest.site import Site, serving

pytestmark = pytest.mark.usefixtures("any_machine")


def sites() -> dict[str, Site]:
    return {
        "baseline": Site(),
        "baseline-again": Site(),
        "alpha": Site(active=("alpha",), connections=0),
        "beta": Site(active=("beta",), compiled=0),
        "recommended": Site(active=("alpha", "beta"), connections=0, compiled=0),
    }


@contextmanager
def bench(plan: Plan, cells: dict[str, Site]) -> Iterator[Bench]:
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serving(site)) for name, site in cells.items()}
        log = plan.run.folder / "generator.log"
        generator = stack.enter_context(driver.running(plan.scenario, Pinning(), log))
        runner.log_in(plan, urls, generator, lambda _: None)
        report = Plain(Console(file=StringIO()), len(plan.design), 0, Timer(1, 1))
        yield Bench(plan=plan, urls=urls, generator=generator, report=report, empty=of_templates)


def of_templates(cell: Cell) -> list[str]:
    """As if the factor `templates` had a cache to be emptied."""
    return [factor for factor in cell.factors if factor == "templates"]


class StopAfter(Plain):
    """Ctrl-C in the middle of a window, after so many finished ones."""

    def __init__(self, windows: int) -> None:
        super().__init__(Console(file=StringIO()), 15, 0, Timer(15, 1))
        self.windows = windows

    def begin(self, window: Window, phase: str) -> None:  # noqa: ARG002
        if self.done == self.windows and phase == "one-query":
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, dict[str, Site]]:
    """One run that was interrupted in its third window and then resumed."""
    folder = tmp_path_factory.mktemp("results")
    plan, cells = make_plan(short(folder), ROWS), sites()
    with bench(plan, cells) as first, pytest.raises(KeyboardInterrupt):
        runner.measure_all(replace(first, report=StopAfter(2)))
    assert plan.run.finished() == {1, 2}
    resumed = make_plan(Settings.parse({"resume": "1", "results": str(folder)}), ROWS)
    assert (resumed.design, resumed.settings.seed) == (plan.design, 7)
    with bench(resumed, cells) as second:
        runner.measure_all(second)
    return resumed, cells


def test_resumed_run_has_every_window_once_and_says_what_was_interrupted(measured: Any) -> None:
    plan, _ = measured
    found = result.build(plan.run)
    assert found["complete"]
    assert [one["number"] for one in found["windows"]] == list(range(1, 16))
    assert [(one["number"], one["status"]) for one in found["failures"]] == [(3, "interrupted")]


def test_each_window_says_which_caches_were_emptied_before_it(measured: Any) -> None:
    plan, _ = measured
    found = {window["cell"]: window["emptied"] for window in plan.run.windows()}
    templates = {name for name, emptied in found.items() if emptied == ["templates"]}
    assert templates == {"beta", "recommended"}
    assert all(found[name] == [] for name in found.keys() - templates)


def test_a_cache_that_cannot_be_emptied_stops_the_run(plan: Plan) -> None:
    def fails(cell: Cell) -> list[str]:
        raise ReplicaError(f"no {cell.service}")

    with bench(plan, sites()) as ready, pytest.raises(ReplicaError, match="no web-"):
        runner.measure_all(replace(ready, empty=fails))
    assert plan.run.finished() == set()


def test_visitors_log_in_browse_search_and_write(measured: Any) -> None:
    plan, cells = measured
    pages = result.build(plan.run)["table"]["baseline"]["pages"]
    assert {"dashboard", "people-search", "profile", "post"} <= set(pages)
    visits = [path for site in cells.values() for path in site.seen]
    assert visits.count("/login/") == 2 * 2 * 3  # in one cell: form and answer, two runs
    assert any(site.written for site in cells.values())


def test_no_error_is_counted_on_a_good_site(measured: Any) -> None:
    plan, _ = measured
    table = result.build(plan.run)["table"]
    assert {name: row["errors"] for name, row in table.items()} == dict.fromkeys(table, 0)
    assert all(row["requests"] for row in table.values())


def test_raw_samples_hold_every_counted_response(measured: Any) -> None:
    plan, _ = measured
    pages: dict[str, set[str]] = {"mix": set(), "one-query": set()}
    for window in plan.run.windows():
        for name, phase in window["phases"].items():
            raw = load(plan.run.raw(phase["raw"]))
            pages[name].update(raw.pages)
            assert raw.counted.sum() == phase["requests"]
            assert raw.values("queries").tolist() == [1] * int(raw.good.sum())
            assert (raw.columns["latency_s"] > 0).all()
    assert pages["one-query"] == {"colleges"}
    assert len(pages["mix"]) > 2


def test_result_is_json_with_ratios_and_causes(measured: Any) -> None:
    plan, _ = measured
    found = json.loads(json.dumps(result.build(plan.run), allow_nan=False))
    alpha = found["table"]["alpha"]
    assert alpha["connections"] == {"per_request": 0, "ratio": 0}
    assert alpha["mix"]["low"] < alpha["mix"]["ratio"] < alpha["mix"]["high"]
    assert found["model"]["mix"]["degrees_of_freedom"] == 15 - 3 - 4


def test_false_claim_stops_the_run_and_leaves_the_reason(plan: Plan) -> None:
    cells = sites()
    cells["beta"].claims = ()
    with bench(plan, cells) as ready, pytest.raises(TruthError, match="'beta' is not in force"):
        runner.measure_all(ready)
    assert [one["cell"] for one in plan.run.failures()] == ["beta"]
    assert "beta" not in {one["cell"] for one in plan.run.windows()}


def test_what_breaks_during_a_window_is_found_after_it(plan: Plan) -> None:
    cells = sites()

    class Breaks(Plain):
        def begin(self, window: Window, phase: str) -> None:
            if (window.cell, phase) == ("beta", "one-query"):
                cells["beta"].claims = ()

    report = Breaks(Console(file=StringIO()), 5, 0, Timer(1, 1))
    with bench(plan, cells) as ready, pytest.raises(TruthError, match="'beta' is not in force"):
        runner.measure_all(replace(ready, report=report))
    (failed,) = plan.run.failures()
    assert failed["evidence"]["beta"]["in_force"]
    assert not failed["evidence_after"]["beta"]["in_force"]


def test_responses_that_contradict_the_claim_stop_the_run(plan: Plan) -> None:
    cells = sites()
    cells["alpha"].connections = 1
    with bench(plan, cells) as ready, pytest.raises(TruthError, match="'alpha' is not in force"):
        runner.measure_all(ready)


def test_errors_are_counted_by_kind_with_an_example(plan: Plan) -> None:
    cells = sites()
    with bench(plan, cells) as ready:
        cells["alpha"].broken = ("/people/",)
        cells["beta"].logged_out = True
        runner.measure_all(ready)
    rows = result.build(plan.run)["table"]
    assert rows["baseline"]["errors"] == 0
    kinds = {
        (window["cell"], example["error"])
        for window in plan.run.windows()
        for example in window["phases"]["mix"]["error_examples"]
    }
    assert kinds == {("alpha", "status"), ("beta", "wrong page")}
    assert rows["alpha"]["errors"] > 0


def test_warm_up_is_load_that_is_thrown_away(plan: Plan) -> None:
    cells = sites()
    with bench(plan, cells) as ready:
        order: dict[str, Any] = {"pages": "one-query", "store": plan.cells[0].store, "seed": "s"}
        order |= {"base_url": ready.urls["baseline"], "raw": str(plan.run.raw("raw.npz"))}
        began = time.monotonic()
        done = ready.generator.order("phase", warmup_seconds=0.6, seconds=0.2, **order)
        took = time.monotonic() - began
    assert 0.2 <= done["seconds"] < took - 0.5
    assert done["requests"] > 0
    under_way = plan.settings.visitors  # at the end at most: each waits for one answer
    assert cells["baseline"].seen.count("/colleges/") > done["requests"] + under_way


def test_what_the_site_says_is_summed_over_all_of_an_order(plan: Plan) -> None:
    cells = sites()
    with bench(plan, cells) as ready:
        before = cells["baseline"].seen.count("/colleges/")
        order: dict[str, Any] = {"pages": "one-query", "store": plan.cells[0].store, "seed": "s"}
        order |= {"base_url": ready.urls["baseline"], "raw": str(plan.run.raw("raw.npz"))}
        done = ready.generator.order("phase", warmup_seconds=0.3, seconds=0.2, **order)
    responses = cells["baseline"].seen.count("/colleges/") - before
    assert done["asked"]["responses"] == done["asked"]["queries"] == responses
    assert 0 < done["costs"]["requests"] == done["requests"] < responses
    assert done["costs"]["generator_cpu_ms"] > 0


def test_failed_login_is_answered_in_one_line(plan: Plan) -> None:
    broken = sites()
    broken["baseline"].broken = ("/login/",)
    refused = pytest.raises(GeneratorError, match="/login/ answered 500 instead of 200")
    with refused, bench(plan, broken):
        pass


def test_generator_refuses_other_hosts(plan: Plan) -> None:
    log = plan.run.folder / "generator.log"
    refused = pytest.raises(GeneratorError, match=r"refusing to load .http://example\.org")
    with driver.running(plan.scenario, Pinning(), log) as generator, refused:
        generator.order("log_in", store="s", base_url="http://example.org", visitors=1)


def test_generator_that_dies_is_reported_with_its_last_words(plan: Plan) -> None:
    log = plan.run.folder / "generator.log"
    reported = pytest.raises(GeneratorError, match="the generator ended: KeyError: 'dance'")
    with driver.running(plan.scenario, Pinning(), log) as generator, reported:
        generator.order("dance", base_url="http://127.0.0.1")


@pytest.mark.parametrize(("name", "value"), [("seed", "8"), ("blocks", "4"), ("visitors", "9")])
def test_resumed_run_refuses_other_settings(plan: Plan, name: str, value: str) -> None:
    again = {"resume": plan.run.name, "results": str(plan.run.folder.parent), name: value}
    with pytest.raises(SettingsError, match=f"{name.upper()} can't change in a resumed run"):
        make_plan(Settings.parse(again), ROWS)


def test_resumed_run_refuses_another_table(plan: Plan) -> None:
    again = Settings.parse({"resume": "1", "results": str(plan.run.folder.parent)})
    with pytest.raises(SettingsError, match="the table of optimizations has changed"):
        make_plan(again, ROWS[:1])


def test_resumed_run_refuses_other_code(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.fingerprint._changes", lambda: "edited")
    again = Settings.parse({"resume": "1", "results": str(plan.run.folder.parent)})
    with pytest.raises(SettingsError, match=r"changes was .* is 'edited'"):
        make_plan(again, ROWS)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/people/?after=x", "people-search"),
        ("/people/student000001/", "profile"),
        ("/posts/12/", "post"),
        ("/posts/new/", "post-form"),
        ("/login/?next=/dashboard/", "login"),
        ("/elsewhere/", "other"),
    ],
)
def test_pages_are_recorded_by_name(path: str, name: str) -> None:
    assert page_name(path) == name


def test_run_compared_with_itself_has_changed_nowhere(measured: Any) -> None:
    run = measured[0].run
    for cells in compare.compare(run, run).changes.values():
        assert {"alpha", "beta", "recommended"} < cells.keys()
        assert all((one.ratio, one.verdict) == (1, "can't tell") for one in cells.values())

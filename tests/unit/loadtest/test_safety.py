"""The safety stage on real HTTP: a good cell is safe, each kind of fault is found and named."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest import runner, store
from loadtest.budget import Budget
from loadtest.cells import BASELINE, Cell
from loadtest.errors import ReplicaError
from loadtest.plan import Plan, make_plan
from loadtest.safety import records, show, stage, verify
from loadtest.safety.line import ProbeError, Visitor, open_lines
from loadtest.safety.login import is_logged_out, log_in
from loadtest.safety.probe import Found
from loadtest.safety.stage import Size, Stage
from loadtest.safety.verdict import EVERYWHERE
from loadtest.safety.vouching import vouched
from tests.unit.loadtest.conftest import FakeRow, short
from tests.unit.loadtest.social import Data, Social, serving

ROWS = (FakeRow("cache", "queries"), FakeRow("engine", "engine", recommended=False))
SIZE = Size(pages=4, writes=6, log_ins=2, verify_seconds=0)
PASSED = Found(status="passed", counts={"hits": 5, "differences": 0})


def nothing(*_: Any) -> None:
    pass


@dataclass
class Lab:
    """A run whose cells are small sites; `emptied`: which cells, in their order."""

    plan: Plan
    sites: dict[str, Social]
    emptied: list[str]
    verified: Callable[[], Found] = lambda: PASSED

    def look(self, *probes: str, cells: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
        """Do what is missing, or these probes in the baseline and these cells only."""
        with ExitStack() as opened:
            urls = {name: opened.enter_context(serving(one)) for name, one in self.sites.items()}
            made = Stage(
                run=self.plan.run,
                cells=[
                    one for one in self.plan.cells if not cells or one.name in (BASELINE, *cells)
                ],
                stores=self.plan.stores,
                urls=urls,
                workers=dict.fromkeys(urls, 2),
                size=SIZE,
                empty=lambda cell: self.emptied.append(cell.name),
                shared={"verify": self.verified, "without memcached": lambda: PASSED},
                say=nothing,
            )
            for cell in made.cells:
                for other in EVERYWHERE if probes else ():
                    if other not in probes:
                        made.records.keep(cell.name, other, Found(status="passed"))
            stage.check(replace(made, **more))
        return self.result()

    def result(self) -> dict[str, Any]:
        return records.result(self.plan.run, self.plan.run.plan()["cells"])


def made_in(folder: Path, rows: Sequence[FakeRow] = ROWS) -> Lab:
    plan, data = make_plan(short(folder), rows), Data()
    return Lab(plan, {cell.name: Social(data) for cell in plan.cells}, [])


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return made_in(tmp_path)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, dict[str, Any]]:
    """All of a run without a fault."""
    made = made_in(tmp_path_factory.mktemp("results"))
    return made, made.look()


def test_cells_that_do_as_the_baseline_does_are_safe_and_the_counts_say_what_was_looked_at(
    good: tuple[Lab, dict[str, Any]],
) -> None:
    _, found = good
    assert {name: row["verdict"] for name, row in found["verdicts"].items()} == {
        "cache": "safe",
        "engine": "safe",
    }
    probes = found["verdicts"]["cache"]["probes"]
    counts = {name: dict(one["counts"]) for name, one in probes.items()}
    pages, reads = counts["crawl"]["pages"], counts["write-then-read"].pop("reads")
    assert pages >= 10
    assert counts["crawl"]["compared"] == pages * 4 * 2
    assert counts["crawl"]["queries of visit 2"] < counts["crawl"]["queries of visit 1"]
    assert reads > 6 * 2 * 2 * 2
    assert counts["write-then-read"] == {"writes": 6, "processes": 2, "other cells": 0, "stale": 0}
    assert counts["sessions"] == {"log-ins": 2, "processes": 2, "faults": 0}
    assert probes["verify"]["counts"] == PASSED.counts
    assert set(found["shared"]) == {"verify", "without memcached"}
    assert set(found["controls"]) == {"baseline"}


def test_writer_has_the_old_name_back(good: tuple[Lab, dict[str, Any]]) -> None:
    lab, _ = good
    assert set(lab.sites["cache"].data.names.values()) == {"Name of student000000"}


def test_every_worker_reads_what_another_wrote(good: tuple[Lab, dict[str, Any]]) -> None:
    asked = good[0].sites["cache"].seen
    wrote = {worker for worker, method, path in asked if method == "POST" and "posts" in path}
    posts = {path for _, method, path in asked if method == "GET" and path[:7] == "/posts/"}
    assert wrote == {0, 1}
    for post in posts - {"/posts/new/"}:
        assert {worker for worker, _, path in asked if path == post} == {0, 1}


def test_caches_are_emptied_before_each_probe_since_other_cells_wrote(
    good: tuple[Lab, dict[str, Any]],
) -> None:
    assert good[0].emptied.count("cache") == len(EVERYWHERE)


@pytest.mark.parametrize(
    ("cell", "fault", "probe", "said"),
    [
        ("engine", "leak", "crawl", "/people/student00000"),
        ("engine", "broken", "crawl", "status 500 instead of 200"),
        ("engine", "unescaped", "write-then-read", "isn't escaped"),
        ("cache", "blanks", "crawl", "instead of"),
        ("cache", "stale", "write-then-read", "what was written isn't there"),
        ("cache", "old-beside-new", "write-then-read", "what was there before still is"),
        ("cache", "keeps-sessions", "sessions", "still takes the old cookie"),
        ("cache", "cookie", "sessions", "sets ['sessionid; Path=/; SameSite=Lax'] instead of"),
    ],
)
def test_fault_makes_its_cell_unsafe_and_is_shown(
    lab: Lab, cell: str, fault: str, probe: str, said: str
) -> None:
    lab.sites[cell].fault = fault
    found = lab.look(probe, cells=(cell,))["verdicts"][cell]
    assert found["verdict"] == "unsafe"
    assert found["because"].startswith(f"{probe}: ")
    assert said in found["because"]


def test_cells_with_the_query_cache_see_each_others_writes(tmp_path: Path) -> None:
    lab = made_in(tmp_path, (FakeRow("cache", "queries"), FakeRow("pool", "connections")))
    lab.sites["recommended"].fault = "stale"
    found = lab.look("write-then-read", cells=("cache", "pool", "recommended"))["verdicts"]
    assert found["cache"]["verdict"] == "unsafe"
    assert "of 'recommended': what was written isn't there" in found["cache"]["because"]
    assert found["cache"]["probes"]["write-then-read"]["counts"]["other cells"] == 1
    assert found["pool"]["verdict"] == "safe"


def test_other_blanks_of_another_engine_are_no_fault(lab: Lab) -> None:
    lab.sites["engine"].fault = "blanks"
    found = lab.look("crawl", cells=("engine",))["verdicts"]["engine"]
    assert (found["verdict"], found["because"]) == ("safe", "")


def test_what_differs_in_verify_mode_is_unsafe_wherever_the_query_cache_is_on(lab: Lab) -> None:
    lab.verified = lambda: Found(status="failed", counts={"differences": 1}, example="SELECT 1")
    found = lab.look("none")["verdicts"]
    assert (found["cache"]["verdict"], found["cache"]["because"]) == ("unsafe", "verify: SELECT 1")
    assert found["engine"]["verdict"] == "safe"


def test_probe_that_cannot_be_done_is_not_shown_and_the_others_go_on(lab: Lab) -> None:
    def fails() -> Found:
        raise ReplicaError("no memory")

    lab.verified = fails
    found = lab.look("none")["verdicts"]
    assert found["cache"]["verdict"] == "not shown"
    assert found["cache"]["because"] == "verify: no memory"
    assert found["engine"]["verdict"] == "safe"


def test_a_single_worker_shows_nothing_of_other_processes(lab: Lab) -> None:
    lab.sites["cache"].workers = 1
    found = lab.look("write-then-read", cells=("cache",))["verdicts"]["cache"]
    assert found["verdict"] == "not shown"
    assert "write-then-read: only one worker process answered" in found["because"]


def test_query_cache_from_which_nothing_came_is_not_shown(lab: Lab) -> None:
    lab.sites["cache"].fault = "uncached"
    found = lab.look("crawl", cells=("cache",))["verdicts"]["cache"]
    assert found["verdict"] == "not shown"
    assert "nothing came from the cache" in found["because"]


def test_fault_of_the_baseline_is_nobodys(lab: Lab) -> None:
    for site in lab.sites.values():
        site.fault = "keeps-sessions"
    found = lab.look("sessions", cells=("cache",))["verdicts"]["cache"]
    assert found["verdict"] == "not shown"
    assert "sessions: the baseline doesn't pass it either" in found["because"]


def test_baseline_that_is_down_leaves_every_cell_not_shown(lab: Lab) -> None:
    lab.sites["baseline"].fault = "down"
    found = lab.look()["verdicts"]
    assert {row["verdict"] for row in found.values()} == {"not shown"}


def test_crawl_of_users_who_are_not_logged_in_shows_nothing(lab: Lab) -> None:
    lab.sites["baseline"].fault = "forgets"
    found = lab.look("crawl", cells=("engine",))["verdicts"]["engine"]
    assert found["verdict"] == "not shown"
    reason = lab.result()["controls"]["baseline"]["crawl"]["reason"]
    assert "student000000 isn't logged in after the log-in" in reason


def places(verdicts: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (row["cell"], row["verdict"]) for name, row in verdicts.items()}


TOGETHER = (
    FakeRow("cache", "queries"),
    FakeRow("engine", "engine"),
    FakeRow("pool", "connections", recommended=False),
)


def test_cell_of_all_recommended_vouches_for_each_of_them_in_quick_mode(tmp_path: Path) -> None:
    lab = made_in(tmp_path, TOGETHER)
    found = lab.look("crawl")["verdicts"]
    assert places(found) == {
        "cache": ("recommended", "safe"),
        "engine": ("recommended", "safe"),
        "pool": ("pool", "safe"),
        "recommended": ("recommended", "safe"),
    }
    assert not lab.sites["cache"].seen
    assert not lab.sites["engine"].seen
    assert not records.is_missing(lab.plan.run)
    said = show.vouched(found)
    assert said == "Looked at together, in the cell 'recommended': cache, engine"


@pytest.mark.parametrize("fault", ["leak", "broken"])
def test_recommended_ones_are_probed_alone_where_they_fail_together(
    tmp_path: Path, fault: str
) -> None:
    lab = made_in(tmp_path, TOGETHER)
    for cell in ("recommended", "engine"):
        lab.sites[cell].fault = fault
    found = lab.look("crawl")["verdicts"]
    assert places(found) == {
        "cache": ("cache", "safe"),
        "engine": ("engine", "unsafe"),
        "pool": ("pool", "safe"),
        "recommended": ("recommended", "unsafe"),
    }
    assert show.vouched(found) == ""


def test_no_cell_vouches_for_another_in_full_mode_or_without_all_recommended_ones(
    tmp_path: Path,
) -> None:
    chosen = made_in(tmp_path, TOGETHER).plan.cells
    assert vouched(chosen, "full") == {}
    assert vouched([cell for cell in chosen if cell.name != "recommended"], "quick") == {}
    assert vouched(chosen, "quick") == dict.fromkeys(("cache", "engine"), "recommended")


def test_interrupted_stage_goes_on_with_what_is_missing(lab: Lab) -> None:
    def stops(cell: Cell) -> None:
        if cell.name == "engine":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.look("sessions", empty=stops)
    assert records.is_missing(lab.plan.run)
    assert store.unfinished(lab.plan.run.folder.parent, records.is_missing).name
    assert lab.result()["verdicts"]["cache"]["probes"].keys() >= {"sessions"}
    assert {row["verdict"] for row in lab.look()["verdicts"].values()} == {"safe"}
    assert lab.emptied == ["engine"]
    assert not records.is_missing(lab.plan.run)


@pytest.mark.parametrize("fault", ["hangs-up", "hangs-up-politely"])
def test_lines_reach_each_worker_and_a_lost_one_is_said(lab: Lab, fault: str) -> None:
    site = lab.sites["cache"]
    with serving(site) as url, open_lines(url, 2) as lines:
        assert {line.worker for line in lines} == {100, 101}
        visitor, _ = log_in(lines[0], "student000001")
        assert not is_logged_out(lines[1].get("/dashboard/", visitor))
        assert is_logged_out(lines[1].get("/dashboard/", Visitor()))
        site.fault = fault
        lines[0].get("/dashboard/", visitor)
        with pytest.raises(ProbeError, match="no answer of worker 10"):
            lines[0].get("/dashboard/", visitor)


def test_site_that_is_no_replica_is_refused_in_one_line(lab: Lab) -> None:
    lab.sites["cache"].fault = "down"
    refused = pytest.raises(ProbeError, match="doesn't say which process answers")
    with serving(lab.sites["cache"]) as url, refused, open_lines(url, 2):
        pass


def verifying(counts: list[dict[str, int]], log: str = "") -> verify.Verifying:
    """A cell whose counters of two tables are these, each time that they are read."""
    read = iter(counts)

    def stats() -> str:
        return json.dumps({"processes": 4, "tables": {"a": next(read), "b": BEFORE}})

    return verify.Verifying(url="", log=lambda: log, stats=stats)


BEFORE = {"hits": 3, "misses": 1, "differences": 0}


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ({"hits": 7, "differences": 0}, "passed"),
        ({"hits": 7, "differences": 2}, "failed"),
        ({"hits": 3, "differences": 0}, "not done"),
    ],
)
def test_verify_mode_needs_hits_and_no_difference(after: dict[str, int], status: str) -> None:
    found = verify.verified(verifying([BEFORE, after]), lambda: {"requests": 9, "errors": 0})
    assert found.status == status
    assert found.counts["hits"] == after["hits"] - 3
    assert found.counts["differences"] == after["differences"]


def test_difference_in_verify_mode_comes_with_its_sql() -> None:
    log = f"INFO x\nERROR slipstream.querycache: {verify.DIFFERS}SELECT name with (1,): cached a\n"
    cell = verifying([BEFORE, BEFORE | {"hits": 9}], log)
    found = verify.verified(cell, lambda: {"requests": 9, "errors": 0})
    assert (found.status, found.counts["differences"]) == ("failed", 1)
    assert found.example == "SELECT name with (1,): cached a"


def test_counters_that_cannot_be_read_are_refused() -> None:
    cell = verify.Verifying(url="", log=str, stats=lambda: "no JSON")
    with pytest.raises(ProbeError, match="doesn't say what was counted"):
        verify.verified(cell, lambda: {"requests": 9, "errors": 0})


@pytest.mark.parametrize(("status", "broken"), [("passed", []), ("failed", ["safety of engine"])])
def test_safety_alone_has_a_result_and_fails_the_run_where_it_is_unsafe(
    tmp_path: Path, status: Any, broken: list[str]
) -> None:
    plan = make_plan(replace(short(tmp_path), safety="only"), ROWS)
    assert plan.design == ()
    assert runner.finish(plan.run, Console(file=StringIO()), Budget()) == ()
    kept = records.Records(plan.run)
    for cell in plan.cells:
        for probe in EVERYWHERE:
            own = status if (cell.name, probe) == ("engine", "crawl") else "passed"
            counts = {name: 1 for pair in show.COUNTED.values() for name in pair}
            kept.keep(cell.name, probe, Found(status=own, counts=counts, example="x"))
    console = Console(file=StringIO(), width=120)
    checks = runner.finish(plan.run, console, Budget())
    assert [one.name for one in checks if one.status == "broken"] == broken
    found = json.loads((plan.run.folder / "result.json").read_text())
    assert found["safety"]["verdicts"]["engine"]["verdict"] == ("unsafe" if broken else "safe")
    assert (plan.run.folder / "junit.xml").exists()

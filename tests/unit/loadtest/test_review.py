"""The review after the windows: its cells, its visits over real HTTP, its files, its part of the report."""

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtest import driver, result, runner
from loadtest.cells import Cell, cells
from loadtest.errors import LabError, ReplicaError, SettingsError
from loadtest.generator.pages import page_name
from loadtest.pinning import Pinning
from loadtest.plan import Plan, make_plan
from loadtest.replica.project import budget_mib, lab_model
from loadtest.review import stage, stored
from loadtest.review.profiled import profiled, services
from loadtest.settings import Settings
from tests.unit.loadtest.conftest import ROWS, short
from tests.unit.loadtest.site import Site, page, serving
from tests.unit.loadtest.test_project import CELLS, LIMIT, MODEL, PORTS
from tests.unit.loadtest.test_report import row
from tests.unit.loadtest.test_report_page import page as report_page
from tests.unit.loadtest.test_report_page import whole

TOOL_PORTS = {"review-baseline": 9101, "flame-baseline": 9102, "flame-recommended": 9103}


def model_with_tools() -> dict[str, Any]:
    made = copy.deepcopy(MODEL)
    environment = {"WEB_WORKERS": "1", "SLIPSTREAM_PROFILING": "review,toolbar"}
    own = {"image": "site-profiling", "mem_limit": str(48 * 2**20), "environment": environment}
    made["services"]["web-profiling"] = LIMIT | own
    return made


def lab_with_tools() -> dict[str, Any]:
    model = model_with_tools()
    lab = lab_model(model, "slipstream-lab", CELLS, PORTS, "1")
    lab["services"] |= services(model, lab, profiled(CELLS), TOOL_PORTS)
    return lab


# --- its cells


def test_each_tool_has_a_cell_of_its_own_like_a_measured_one() -> None:
    found = lab_with_tools()["services"]
    reviewed, like = found["web-review-baseline"], found["web-baseline"]
    assert reviewed["image"] == "site-profiling"
    assert reviewed["environment"] == like["environment"] | {
        "WEB_WORKERS": "1",
        "SLIPSTREAM_PROFILING": "review",
    }
    assert reviewed["ports"][0]["published"] == "9101"
    assert found["web-flame-recommended"]["environment"]["SLIPSTREAM_ACTIVE"] == "alpha,beta"


def test_measured_cells_have_no_tool_and_start_without_those_that_have() -> None:
    for name, service in lab_with_tools()["services"].items():
        tools = "SLIPSTREAM_PROFILING" in service.get("environment", {})
        assert tools == name.startswith(("web-review", "web-flame"))
        assert (service.get("profiles") == ["profiling"]) == tools


def test_memory_is_reckoned_for_one_tool_at_a_time() -> None:
    assert budget_mib(lab_with_tools()) == 64 * (len(CELLS) + 2) + 48


def test_flame_graphs_are_of_all_recommended_ones_only_where_those_are_measured() -> None:
    without = profiled(cells(ROWS, only=("alpha",)))
    assert [one.cell.name for one in without] == ["review-baseline", "flame-baseline"]


def test_missing_image_for_development_is_named() -> None:
    lab = lab_model(copy.deepcopy(MODEL), "slipstream-lab", CELLS, PORTS, "")
    with pytest.raises(ReplicaError, match="no service 'web-profiling'"):
        services(MODEL, lab, profiled(CELLS), TOOL_PORTS)


# --- its visits


class Toolbox(Site):
    """A site that says what it saw since it was told to begin anew; `before`: what until then."""

    before: tuple[str, ...] | list[str] = ()

    def answer(self, environ: Any, path: str, query: Any, form: Any) -> tuple[str, list[Any], str]:
        if not path.startswith("/-/"):
            return super().answer(environ, path, query, form)
        if environ["REQUEST_METHOD"] == "POST":
            self.before = [one for one in self.seen if not one.startswith("/-/")]
            self.seen.clear()
        if path == "/-/flame" and "page" in query:
            return page(f"<p>{query['page'][0]}</p>")
        names = {page_name(one) for one in self.seen if not one.startswith("/-/")}
        facts = {"requests": 4, "seconds": 0.02, "path": "/", "statements": 2}
        found = {name: facts | {"todo": [todo()], "elsewhere": []} for name in names}
        return page(json.dumps({"pages": found}))


def todo(**changes: Any) -> dict[str, Any]:
    made = {"kind": "unpaginated", "file": "site/views.py", "line": 7, "via": "", "also": []}
    return made | {"text": "900 rows", "sql": "SELECT 1", "requests": 3} | changes


class Started:
    """Cells that are served already; notes which of them ran."""

    def __init__(self, urls: dict[str, str], *, broken: str = "") -> None:
        self.urls, self.broken = urls, broken
        self.started: list[str] = []
        self.stopped: list[str] = []

    def start_one(self, cell: Cell) -> None:
        self.started.append(cell.name)
        if cell.name == self.broken:
            raise ReplicaError(f"cell {cell.name!r} ended")

    def stop_one(self, cell: Cell) -> None:
        self.stopped.append(cell.name)


@pytest.fixture
def short_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "WARMUP_SECONDS", 0.1)
    monkeypatch.setattr(stage, "REVIEW_SECONDS", 0.5)
    monkeypatch.setattr(stage, "FLAME_SECONDS", 0.1)


@pytest.fixture
def toolboxes(plan: Plan, short_visits: None) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001
    """All cells served, visitors logged in."""
    with ExitStack() as stack:
        names = [cell.name for cell in (*plan.cells, *(one.cell for one in profiled(plan.cells)))]
        boxes = {name: Toolbox() for name in names}
        urls = {name: stack.enter_context(serving(box)) for name, box in boxes.items()}
        log = plan.run.folder / "generator.log"
        generator = stack.enter_context(driver.running(plan.scenario, Pinning(), log))
        runner.log_in(plan, urls, generator, lambda _: None)
        yield urls, generator, boxes


PAGES = {"colleges", "dashboard", "people-search", "post", "post-form", "profile"}


def test_every_page_of_the_scenario_is_reviewed_and_drawn(plan: Plan, toolboxes: Any) -> None:
    urls, generator, boxes = toolboxes
    replica, said = Started(urls), []
    stage.run(plan, replica, generator, said.append)

    found = stored.read(plan.run.folder)
    assert set(found["pages"]) - {"other"} == PAGES
    assert set(found["flames"]) == {"baseline", "recommended"}
    drawn = found["flames"]["baseline"]["dashboard"]
    assert drawn == {"file": "profiles/baseline/dashboard.html", "requests": 4, "ms": 5.0}
    assert (plan.run.folder / drawn["file"]).read_text() == "<p>dashboard</p>"
    assert replica.started == replica.stopped == list(TOOL_PORTS)
    assert found["done"]
    assert said[-1] == f"reviewed: {len(found['pages'])} things to do, in report.html"
    assert not list(plan.run.folder.glob("*.npz"))
    # The first visits to a process aren't like the others.
    assert all(boxes[name].before for name in TOOL_PORTS)


def test_a_tool_that_fails_costs_only_its_own_part_which_a_resumed_run_makes_up_for(
    plan: Plan, toolboxes: Any
) -> None:
    urls, generator, _ = toolboxes
    said: list[str] = []
    stage.run(plan, Started(urls, broken="flame-baseline"), generator, said.append)
    found = stored.read(plan.run.folder)
    assert found["pages"]
    assert (found["flames"], found["failed"]) == ({}, "cell 'flame-baseline' ended")
    assert "the review is not complete: cell 'flame-baseline' ended" in said

    replica = Started(urls)
    stage.run(plan, replica, generator, said.append)
    assert replica.started == ["flame-baseline", "flame-recommended"]
    assert stored.read(plan.run.folder)["failed"] == ""


def test_an_interrupted_review_is_what_a_resumed_run_goes_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(short(tmp_path, blocks=1), review=True, safety="0")
    plan = make_plan(settings, ROWS)
    monkeypatch.setattr(type(plan.run), "finished", lambda _: set(range(1, 6)))
    stored.write(plan.run.folder, {"pages": {}})

    resumed = make_plan(Settings.parse({"resume": "1", "results": str(tmp_path)}), ROWS)
    assert (resumed.run.name, resumed.missing) == (plan.run.name, ())
    assert resumed.settings.review

    for end in ({"done": True}, {"failed": "it did"}):
        stored.write(plan.run.folder, {"pages": {}} | end)
        with pytest.raises(SettingsError, match="no unfinished run"):
            make_plan(Settings.parse({"resume": "1", "results": str(tmp_path)}), ROWS)


def test_an_answer_that_is_no_review_is_said(plan: Plan, toolboxes: Any) -> None:
    urls, generator, _ = toolboxes
    with serving(Site(broken=("/-/",))) as other:
        stage.run(plan, Started(urls | {"review-baseline": other}), generator, lambda _: None)
    assert "/-/review doesn't answer (HTTP Error 500" in stored.read(plan.run.folder)["failed"]


def test_a_cell_that_fails_every_page_has_not_been_found_to_be_fine(
    plan: Plan, toolboxes: Any
) -> None:
    urls, generator, boxes = toolboxes
    boxes["review-baseline"].broken = ("/",)
    said: list[str] = []
    stage.run(plan, Started(urls), generator, said.append)
    found = stored.read(plan.run.folder)
    assert found["pages"] is None
    assert "cell 'review-baseline' answered none of" in found["failed"]
    assert not [line for line in said if line.startswith("reviewed: ")]


def test_it_belongs_to_full_mode_unless_told_otherwise(tmp_path: Path) -> None:
    assert not Settings.parse({}).review
    assert Settings.parse({"review": "1"}).review
    assert Settings.parse({"mode": "full"}).review
    assert not Settings.parse({"mode": "full", "review": "0"}).review
    assert not make_plan(short(tmp_path), ROWS).settings.review


# --- its files and its part of the report


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("people", "profiles/baseline/people.html"),
        ("new-post (POST)", "profiles/baseline/new-post-POST.html"),
        ("../../etc/passwd", "profiles/baseline/etc-passwd.html"),
        ("/", "profiles/baseline/page.html"),
    ],
)
def test_a_page_s_name_leads_to_no_other_folder(name: str, file: str) -> None:
    assert stored.flame_file("baseline", name) == file


def test_a_run_without_a_review_says_how_to_get_one(plan: Plan, tmp_path: Path) -> None:
    assert result.build(plan.run)["review"] == {}
    _, found = report_page(tmp_path, whole(pool=row(1.2, 1.1, 1.31)))
    assert "were not reviewed: REVIEW=1" in found.text


def test_a_review_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "review.json").write_text("{")
    with pytest.raises(LabError, match=r"can't read .*review\.json"):
        stored.read(tmp_path)


def test_the_report_is_a_list_of_what_to_do_with_lines_and_links(tmp_path: Path) -> None:
    people = {
        "path": "/people/?q=<script>",
        "requests": 9,
        "statements": 5,
        "todo": [todo(via="site/a.py:3"), todo(kind="n+1", line=12, sql="", also=["site/b.py:4"])],
        "elsewhere": [],
    }
    fine = people | {"todo": [], "path": "/"}
    file = "profiles/baseline/people.html"
    content = {
        "pages": {"people": people, "landing": fine, "post": fine | {"elsewhere": [todo()]}},
        "flames": {"baseline": {"people": {"file": file, "requests": 40, "ms": 12.0}}},
        "failed": "the second cell ended",
    }
    html, found = report_page(tmp_path, whole(pool=row(1.2, 1.1, 1.31)) | {"review": content})

    text = " ".join(found.text.split())
    assert "2 things to do on 3 pages" in text
    assert "unpaginated at site/views.py:7, rendered by site/a.py:3: 900 rows." in text
    assert "row by row at site/views.py:12, also at site/b.py:4: 900 rows." in text
    assert "Nothing to do on landing, post." in text
    assert "post: caused by libraries alone" in text
    assert "Not complete: the second cell ended" in text
    assert [value for name, value in found.attributes if name == "href"] == [file]
    assert "<script>" not in html

"""Each optimization broken silently, in its own way: the lab refuses its cell, and names it.

The cells run in the lab's own replica, and the lab's own code measures their windows.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest import atomic, driver, runner, window
from loadtest.cells import BASELINE, RECOMMENDED, Cell, cells, table
from loadtest.design import Window
from loadtest.errors import InvalidWindow, TruthError
from loadtest.pinning import Pinning
from loadtest.plan import Plan, make_plan
from loadtest.progress import Plain, Timer
from loadtest.replica import lab as labs
from loadtest.replica.lab import Replica
from loadtest.settings import Settings
from loadtest.window import Bench

from .replica import ROOT
from .sabotages import PROJECT, SABOTAGES, SESSION_POOLER

USERS = 300
AT_ONCE = 7
"""How many sabotaged cells boot, and stand, beside the untouched ones."""
MOUNT = "/opt/sabotage"
BROKEN = Path(__file__).parent / "sabotage"
WEB = ROOT / "services" / "web"


class Lab:
    """The untouched cells, running; sabotaged ones are started when they are asked for."""

    def __init__(self, bench: Bench, replica: Replica) -> None:
        self.bench = bench
        self.replica = replica
        self.started: list[str] = []

    def start(self, name: str) -> None:
        """Start this sabotaged cell and the next few, which boot meanwhile; end those of before."""
        if name in self.started:
            return
        services = [f"web-{one}" for one in self.started]
        if services:
            self.replica.compose.run("kill", *services)
        names = list(SABOTAGES)
        self.started = names[names.index(name) :][:AT_ONCE]
        services = [f"web-{one}" for one in self.started]
        self.replica.compose.run("up", "--detach", "--no-build", "--no-deps", *services)
        for one in self.started:
            self.replica.wait(self.bench.plan.cell(one))

    def measure(self, cell: str, number: int, during: Callable[[], object] | None = None) -> Any:
        """Measure a window as the lab does; `during`: called between its phases. Gives its record."""
        turn = Window(number=number, block=1, position=1, cell=cell)
        record = window.opened(turn, self.bench.plan.cell(cell))
        bench = replace(self.bench, report=Interrupted(during)) if during else self.bench
        with suppress(InvalidWindow):  # by a busy machine; what is proven was proven before
            window.measure(bench, turn, record)
        return record


class Interrupted(Plain):
    """Something happens between the mix of pages and the one-query page."""

    def __init__(self, during: Callable[[], object]) -> None:
        super().__init__(Console(file=StringIO()), 1, 0, Timer(1, 1))
        self.during = during

    def begin(self, window: Window, phase: str) -> None:  # noqa: ARG002
        if phase == "one-query":
            self.during()


def untouched() -> tuple[Cell, ...]:
    """The baseline, each optimization alone, and all recommended ones together."""
    rows = table()
    names = (BASELINE, *(row.name for row in rows), RECOMMENDED)
    return tuple(cell for cell in cells(rows, more=True) if cell.name in names)


def sabotaged() -> tuple[Cell, ...]:
    by_set = {cell.active: cell for cell in untouched()}
    return tuple(
        replace(by_set[one.active], name=name, store=one.store or by_set[one.active].store)
        for name, one in SABOTAGES.items()
    )


def broken(model: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The lab's Compose model with every sabotage in it. Files go to `folder`."""
    shutil.copytree(BROKEN, folder / "sabotage")
    services = model["services"]
    for name, one in SABOTAGES.items():
        web = services[f"web-{name}"]
        web["environment"] |= {"WEB_WORKERS": "1"} | dict(one.environment)  # boots in half the time
        web["volumes"] = list(web["volumes"])
        if one.settings:
            variables = {"DJANGO_SETTINGS_MODULE": "sabotage.settings", "SABOTAGE": one.settings}
            web["environment"] |= variables | {"PYTHONPATH": MOUNT}
            web["volumes"].append(f"{folder}:{MOUNT}:ro")
        if one.edit[0]:
            edited = _edited(WEB / "gunicorn.conf.py", folder / f"{name}.conf.py", one.edit)
            web["volumes"].append(f"{edited}:/srv/web/gunicorn.conf.py:ro")
    ini = ROOT / "services" / "pgbouncer" / "pgbouncer.ini.in"
    edit = ("pool_mode = transaction", "pool_mode = session")
    mount = f"{_edited(ini, folder / ini.name, edit)}:/etc/slipstream/pgbouncer.ini.in:ro"
    pooler = services["pgbouncer"]
    services[SESSION_POOLER] = pooler | {"volumes": [*pooler["volumes"], mount]}
    waits = services["web-pooled-by-session"]["depends_on"]
    waits[SESSION_POOLER] = {"condition": "service_healthy", "required": True}
    return model


def _edited(source: Path, target: Path, edit: tuple[str, str]) -> Path:
    text = source.read_text()
    assert text.count(edit[0]) == 1
    target.write_text(text.replace(*edit))
    target.chmod(0o644)
    return target


def planned(folder: Path) -> Plan:
    given = {"visitors": "4", "users": str(USERS), "seed": "5", "results": str(folder)}
    settings = replace(
        Settings.parse(given),
        warmup_seconds=0.3,
        mix_seconds=1.5,
        one_query_warmup_seconds=0.2,
        one_query_seconds=0.8,
    )
    plan = make_plan(settings, table())
    return replace(plan, cells=(*untouched(), *sabotaged()))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Every cell of this module, on services that they share."""
    folder = tmp_path_factory.mktemp("sabotage")
    plan = planned(folder / "results")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(labs, "PROJECT", PROJECT)
        replica = stack.enter_context(
            labs.prepare(plan.cells, USERS, Pinning(), plan.run.folder, keep=False)
        )
        file = plan.run.folder / "compose.json"
        model = broken(json.loads(file.read_text()), folder / "mounted")
        later = {f"web-{name}" for name in SABOTAGES}
        services = {name: one for name, one in model["services"].items() if name not in later}
        atomic.write_json(file, model | {"services": services})
        replica.start(untouched(), USERS, print)
        atomic.write_json(file, model)
        log = plan.run.folder / "generator.log"
        generator = stack.enter_context(driver.running(plan.scenario, Pinning(), log))
        runner.log_in(replace(plan, cells=untouched()), replica.urls, generator, print)
        report = Plain(Console(file=StringIO()), 1, 0, Timer(1, 1))
        bench = Bench(
            plan=plan,
            urls=replica.urls,
            generator=generator,
            report=report,
            empty=replica.empty,
        )
        yield Lab(bench, replica)


def test_every_optimization_is_sabotaged() -> None:
    broken = {name for one in SABOTAGES.values() for name in one.active}
    assert broken == {row.name for row in table()}


@pytest.mark.parametrize("cell", untouched(), ids=lambda cell: cell.name)
def test_untouched_cell_passes(lab: Lab, cell: Cell) -> None:
    record = lab.measure(cell.name, 1)
    assert all(record["evidence_after"][name]["in_force"] for name in cell.active)
    assert all(phase["errors"] == 0 for phase in record["phases"].values())


@pytest.mark.parametrize("name", SABOTAGES)
def test_sabotaged_cell_is_refused_by_name(lab: Lab, name: str) -> None:
    lab.start(name)
    with pytest.raises(TruthError) as refused:
        lab.measure(name, 2)
    said = str(refused.value)
    assert said.startswith(SABOTAGES[name].said)
    assert SABOTAGES[name].by in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("service", "name"), [("redis", "redis-sessions"), ("memcached", "query-cache")]
)
def test_service_that_stops_during_a_window_is_noticed_after_it(
    lab: Lab, service: str, name: str
) -> None:
    try:
        with pytest.raises(TruthError, match=f"'{name}' is not in force"):
            lab.measure(name, 3, during=lambda: lab.replica.compose.run("stop", service))
    finally:
        lab.replica.compose.run("start", service)

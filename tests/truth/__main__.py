"""Command line: `python -m tests.truth --runs 5`: real runs of the lab whose outcome is known.

Cells: the baseline, itself again a few times, and itself with a delay in CPU time that costs 5, 10
and 20 % of what a request costs. How much that is, a first phase measures; what it makes of the
throughput follows from the run's own baseline: a core that is saturated answers R requests a second,
each of which takes 1/R s of it; with d more it answers 1/(1/R + d), R being that of each kind of page.

Says how many of the comparisons with itself were flagged, and how many intervals hold the truth.
"""

import argparse
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtest import design, driver, fingerprint, pinning, result, store
from loadtest.cells import AGAIN, BASELINE, Cell
from loadtest.figures import PHASES
from loadtest.paths import RESULTS, WEB
from loadtest.plan import Plan, create
from loadtest.progress import Timer, reporter
from loadtest.replica import lab
from loadtest.runner import log_in, measure_all
from loadtest.scenario import Scenario
from loadtest.settings import Settings
from loadtest.window import Bench

SHARES = (0.05, 0.10, 0.20)
SLOWED = Path(__file__).with_name("slowed")
MOUNT = "/slowed/slowed"
CALIBRATION_SECONDS = 8.0
MOST_MISSED = 0.15
"""Of the intervals of either kind, of which 0.05 are expected to miss: more ends with exit code 1."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One comparison: its cell, the phase, what is true of the ratio and what the lab says."""

    cell: str
    phase: str
    truth: float
    ratio: float
    low: float
    high: float
    detectable: float

    @property
    def holds(self) -> bool:
        return self.low <= self.truth <= self.high


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=5, help="runs, each with a replica of its own (default 5)")
    add("--blocks", type=int, default=3, help="of each run (default 3, as in quick mode)")
    add("--same", type=int, default=4, help="cells that are the baseline (default 4)")
    add("--users", type=int, default=2000, help="to seed (default 2000)")
    add("--results", type=Path, help="folder of the runs (default: a temporary one)")
    add("--json", type=Path, help="write the figures here as well")
    return parser.parse_args()


def cells(same: int) -> tuple[Cell, ...]:
    """The baseline, the A/A cell of every run, more of the same, and the delayed ones."""
    names = [BASELINE, AGAIN, *(f"same-{number}" for number in range(2, same + 1))]
    names += [slower(share) for share in SHARES]
    return tuple(
        Cell(name=name, active=(), factors=(), services=(), store="database-sessions")
        for name in names
    )


def slower(share: float) -> str:
    return f"slower-by-{share * 100:.0f}"


def planned(given: argparse.Namespace, results: Path) -> Plan:
    """A run of quick mode's windows in which nothing is turned on."""
    settings = replace(
        Settings.parse({}),
        blocks=given.blocks,
        users=given.users,
        seed=secrets.randbelow(2**31),
        latency_seconds=0.0,
        safety="0",
        results=results,
    )
    scenario, chosen = Scenario.read(settings.scenario), cells(given.same)
    order = design.randomized_blocks([cell.name for cell in chosen], settings.blocks, settings.seed)
    run = create(settings, scenario, chosen, order, fingerprint.collect())
    return Plan(settings=settings, scenario=scenario, cells=chosen, names=(), design=order, run=run)


@contextmanager
def replica_of(plan: Plan, cores: pinning.Pinning) -> Iterator[lab.Replica]:
    """The lab's replica, the delay mounted into each of its cells."""
    folder = plan.run.folder
    with lab.prepare(plan.cells, plan.settings.users, cores, folder, keep=False) as replica:
        file = folder / "compose.json"
        model = json.loads(file.read_text())
        for cell in plan.cells:
            slow_down(model["services"][cell.service])
        file.write_text(json.dumps(model))
        yield replica


def slow_down(service: dict[str, Any]) -> None:
    service["environment"] |= {"SLIPSTREAM_SETTINGS": "slowed.settings", "PYTHONPATH": "/slowed"}
    mount = {"type": "bind", "source": str(SLOWED), "target": MOUNT, "read_only": True}
    service["volumes"] = [*service.get("volumes", []), mount]


def measured(
    plan: Plan, cores: pinning.Pinning, console: Console
) -> tuple[dict[str, Any], dict[str, float]]:
    """Measure a run; return its result, and the delay of each delayed cell in seconds."""
    with replica_of(plan, cores) as replica, ExitStack() as stack:
        replica.start(plan.cells, plan.settings.users, console.print)
        pinning.pin_this_process(cores.generator)
        with driver.running(plan.scenario, cores, plan.run.folder / "generator.log") as generator:
            log_in(plan, replica.urls, generator, console.print)
            stack.enter_context(replica.pinned())
            rate = calibrated(plan, replica, generator)
            delays = {slower(share): share / rate for share in SHARES}
            for cell in plan.cells:
                if cell.name in delays:
                    write = f"echo {delays[cell.name] * 1e6:.1f} > /tmp/slowed-us"
                    replica.compose.run("exec", "-T", cell.service, "sh", "-c", write)
            timer = Timer(len(plan.missing), plan.window_seconds)
            with reporter(console, len(plan.design), 0, timer) as report:
                measure_all(
                    Bench(
                        plan=plan,
                        urls=replica.urls,
                        generator=generator,
                        report=report,
                        empty=replica.empty,
                    )
                )
    return result.build(plan.run), delays


def calibrated(plan: Plan, replica: lab.Replica, generator: driver.Generator) -> float:
    """Return how many requests of the mix the baseline answers in a second."""
    raw = plan.run.folder / "calibration.npz"
    answer = generator.order(
        "phase",
        store=plan.cells[0].store,
        base_url=replica.urls[BASELINE],
        pages="mix",
        warmup_seconds=plan.settings.warmup_seconds,
        seconds=CALIBRATION_SECONDS,
        seed="calibration",
        raw=str(raw),
    )
    return float(answer["requests_per_second"])


def compared(content: Mapping[str, Any], delays: Mapping[str, float]) -> Iterator[Found]:
    """Yield what the run says of each cell beside what is true."""
    for name, row in content["table"].items():
        for phase in PHASES:
            if row[phase]["low"] is not None:
                base = content["table"][BASELINE][phase]["rate"]
                yield Found(
                    cell=name,
                    phase=phase,
                    truth=1 / (1 + delays.get(name, 0.0) * base),
                    **{key: row[phase][key] for key in ("ratio", "low", "high", "detectable")},
                )


def show(found: list[Found], console: Console) -> None:
    table = Table("cell", "phase", "truth", "ratio", "95 % interval", "holds it")
    for one in found:
        interval = f"{one.low:.3f} to {one.high:.3f}"
        holds = "yes" if one.holds else "NO"
        table.add_row(one.cell, one.phase, f"{one.truth:.3f}", f"{one.ratio:.3f}", interval, holds)
    console.print(table)
    for title, delayed in (("with itself", False), ("with a delayed cell", True)):
        own = [one for one in found if (one.truth < 1) is delayed]
        console.print(f"comparisons {title}: {len(own)}, {missed(own)} of them miss the truth")


def main() -> int:
    given = arguments()
    console = Console(highlight=False)
    sys.path.insert(0, str(WEB))
    results = given.results or Path(tempfile.mkdtemp(prefix="slipstream-truth-"))
    console.print(f"the runs are kept in {results}")
    found: list[Found] = []
    cores = pinning.plan()  # once: the first run pins this process, which leaves one core to see
    console.print(str(cores))
    with store.only_one(RESULTS):
        for _ in range(given.runs):
            found += compared(*measured(planned(given, results), cores, console))
            show(found, console)
    if given.json:
        given.json.write_text(json.dumps([asdict(one) | {"holds": one.holds} for one in found]))
    families = ([one for one in found if (one.truth < 1) is delayed] for delayed in (False, True))
    return int(any(missed(own) > max(1, round(MOST_MISSED * len(own))) for own in families))


def missed(found: list[Found]) -> int:
    return sum(not one.holds for one in found)


if __name__ == "__main__":
    sys.exit(main())

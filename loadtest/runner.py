"""A run from its plan to its result: replica, log-ins, windows in the order of the design.

Each step is in a module of its own; here is their order, and what an interruption leaves.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from loadtest import (
    attempts,
    budget,
    driver,
    junit,
    picture,
    pinning,
    report,
    result,
    stages,
    store,
    waterfall,
    window,
)
from loadtest.budget import Budget, Check
from loadtest.cells import Row, cells
from loadtest.costs import books
from loadtest.driver import Generator
from loadtest.errors import BudgetError
from loadtest.estimates import Estimates
from loadtest.paths import RESULTS
from loadtest.plan import Plan, make_plan
from loadtest.progress import Timer, reporter
from loadtest.replica import lab, memory
from loadtest.replica.distance import Distance
from loadtest.review import stage
from loadtest.review.profiled import profiled
from loadtest.safety import attach
from loadtest.safety.checks import checks as safety_checks
from loadtest.safety.records import Records
from loadtest.settings import Settings
from loadtest.store import Run
from loadtest.table import show
from loadtest.window import Bench

__all__ = ("finish", "log_in", "measure_all", "run")

SETTLE_SECONDS = 8.0
"""A cache that has just started isn't used for one and a half HOLD_SECONDS (2 s) after each item that
is found missing, whoever asks it first."""

FILES = ("report.html", "result.json", "result.png", "result.svg", *waterfall.FILES, "junit.xml")

Say = Callable[[str], None]


def run(settings: Settings, rows: Sequence[Row], console: Console) -> None:
    """Measure what is missing of the run, print its table. Raises LabError, KeyboardInterrupt."""
    names = [cell.name for cell in cells(rows, more=True)]
    limits = Budget.read(settings.budget, names) if settings.budget else Budget()
    with store.only_one(RESULTS):
        plan = make_plan(settings, rows)
        try:
            _on_replica(plan, console)
        finally:
            checks = finish(plan.run, console, limits)
    broken = [check for check in checks if check.status == "broken"]
    if broken:
        raise BudgetError(
            f"{len(broken)} of {len(checks)} checks are broken, the first: {broken[0].name}: "
            f"{broken[0].found}; all are in {plan.run.folder}/junit.xml"
        )


def _on_replica(plan: Plan, console: Console) -> None:
    def say(text: str) -> None:
        console.print(Text(text), soft_wrap=True)

    settings, cores, folder = plan.settings, pinning.plan(), plan.run.folder
    away = Distance(rtt_ms=settings.db_rtt_ms, tls=settings.db_tls)
    later = profiled(plan.cells) if settings.review else ()
    with lab.prepare(
        plan.cells, settings.users, cores, folder, keep=settings.keep, away=away, later=later
    ) as replica:
        for line in (*plan.lines(), memory.budget(replica.memory_mib), str(cores)):
            say(line)
        replica.start(plan.cells, settings.users, say)
        pinning.pin_this_process(cores.generator)
        with (
            driver.running(plan.scenario, cores, folder / "generator.log") as generator,
            books.opened(replica.compose, plan.cells, say) as kept,
        ):
            log_in(plan, replica.urls, generator, say)
            timer = Timer(len(plan.missing), plan.window_seconds)
            before = plan.run.windows()
            estimates = Estimates(before)
            with replica.pinned():
                with reporter(console, len(plan.design), len(before), timer, estimates) as report:
                    bench = Bench(
                        plan=plan,
                        urls=replica.urls,
                        generator=generator,
                        report=report,
                        empty=replica.empty,
                        books=kept,
                    )
                    measure_all(bench)
                stages.measure(bench, console)
            if settings.safety != "0":
                attach.look(plan, replica, generator, say)
            if settings.review:
                stage.run(plan, replica, generator, say)


def log_in(plan: Plan, urls: Mapping[str, str], generator: Generator, say: Say) -> None:
    """Log visitors in, once per session store; see what there is to visit; touch every cell."""
    began = time.monotonic()
    for store_name, cell in plan.stores.items():
        visitors = plan.settings.visitors
        generator.order("log_in", store=store_name, base_url=urls[cell.name], visitors=visitors)
    first = plan.cells[0]
    found = generator.order("discover", store=first.store, base_url=urls[first.name])
    _touch(plan, urls, generator)
    paths = ", ".join(f"{number} {what}" for what, number in found.items())
    say(f"visitors logged in and all cells touched in {time.monotonic() - began:.0f} s; {paths}")


def _touch(plan: Plan, urls: Mapping[str, str], generator: Generator) -> None:
    """The first visits to a new container are slow in ways that no warm-up of a second ends.

    Every core is there for them, so that half a warm-up does as much.
    """
    raw = plan.run.folder / "touch.npz"
    unused = set(lab.EMPTYING)
    for cell in plan.cells:
        begins = not unused.isdisjoint(cell.factors)
        unused.difference_update(cell.factors)
        generator.order(
            "phase",
            store=cell.store,
            base_url=urls[cell.name],
            pages="mix",
            warmup_seconds=0,
            seconds=max(plan.settings.warmup_seconds / 2, SETTLE_SECONDS if begins else 0.1),
            seed="touch",
            raw=str(raw),
        )
    raw.unlink(missing_ok=True)


def measure_all(bench: Bench) -> None:
    """Every missing window of the throughput; what follows it is in `stages.py`."""
    plan = bench.plan
    attempts.take_all(
        plan.run,
        plan.missing,
        lambda one: window.opened(one, plan.cell(one.cell)),
        lambda one, record: window.measure(bench, one, record),
        bench.report,
    )


def finish(finished: Run, console: Console, limits: Budget) -> tuple[Check, ...]:
    """Write the result of what there is and show it; nothing where no window is finished."""
    if not finished.finished() and not Records(finished).any:
        return ()
    content = result.build(finished)
    finished.write_result(content)
    picture.draw(content, finished.folder)
    waterfall.draw(content, finished.folder)
    report.write(content, finished.folder / "report.html")
    show(content, console)
    checks = (*budget.of_the_run(content), *safety_checks(content), *budget.check(limits, content))
    junit.write(finished.folder / "junit.xml", finished.name, checks)
    for check in checks:
        if check.status == "broken":
            console.print(Text(f"broken: {check.name}: {check.found}"), soft_wrap=True)
    files = ", ".join(name for name in FILES if (finished.folder / name).exists())
    console.print(Text(f"{finished.folder}/{files}"), soft_wrap=True)
    return checks

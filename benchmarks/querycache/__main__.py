"""Command line: `python -m benchmarks.querycache`, which is `make bench-querycache`.

Blocks: in each of them every library on every cache server has its turn, in random order and in a
process of its own, on an emptied cache. Ratios are taken within a block, so that a machine that
is slower for a while is so for both sides.
"""

import argparse
import json
import random
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import services
from benchmarks.querycache.figures import THROUGHPUT_GOALS
from benchmarks.querycache.plan import ARMS, OPERATIONS, Arm
from benchmarks.querycache.processes import Bench
from benchmarks.querycache.report import (
    Measured,
    cpu_table,
    goals,
    goals_table,
    operations_table,
    throughput_table,
)

WIDTH = 120


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.querycache", description=__doc__)
    add = parser.add_argument
    add("--blocks", type=int, default=8, help="of timed operations (default 8)")
    add("--rounds", type=int, default=5, help="of each process (default 5)")
    add("--throughput-blocks", type=int, default=5, help="of visits; 0 for none (default 5)")
    add("--seconds", type=float, default=3.0, help="of visits in a block (default 3)")
    add("--users", type=int, default=2000, help="to seed (default 2000)")
    add("--libraries", default="none,cachalot,cacheops,slipstream", help="which (default all)")
    add("--seed", type=int, default=1, help="of the random order (default 1)")
    add("--without", default="", help="measure slipstream without these settings, too")
    add("--json", type=Path, help="write the figures here as well")
    return parser.parse_args()


def plainer(without: str) -> list[Arm]:
    """Return slipstream's arms once more for each of the settings, with that one off."""
    unknown = sorted(set(without.split(",")) - {"", "FAST_INSTANCES", "REUSE_SQL"})
    if unknown:
        raise SystemExit(f"error: unknown setting {unknown[0]!r} in --without")
    return [
        replace(arm, without=(name,))
        for name in filter(None, without.split(","))
        for arm in ARMS
        if arm.library == "slipstream"
    ]


def measure(options: argparse.Namespace, bench: Bench, measured: Measured) -> None:
    order = random.Random(options.seed)  # noqa: S311 - an order of turns
    arms = measured.arms
    turns = options.blocks + 1 + options.throughput_blocks * len(THROUGHPUT_GOALS)
    with Progress(transient=True) as progress:
        task = progress.add_task("seeding", total=turns * len(arms))
        bench.seed(options.users)
        for arm in arms:
            progress.update(task, description=f"round trips of {arm.name}", advance=1)
            measured.trips[arm.name] = bench.counted(arm)
        for block in range(options.blocks):
            for arm in order.sample(arms, len(arms)):
                progress.update(task, description=f"block {block + 1}, {arm.name}", advance=1)
                timed = bench.timed(arm, options.rounds, block)
                for name in OPERATIONS:
                    measured.times[arm.name][name].append(timed["clock"][name])
                    measured.cpu[arm.name][name].append(timed["cpu"][name])
        for block in range(options.throughput_blocks):
            for share in order.sample(list(THROUGHPUT_GOALS), len(THROUGHPUT_GOALS)):
                for arm in order.sample(arms, len(arms)):
                    what = f"visits {block + 1}, {arm.name}"
                    progress.update(task, description=what, advance=1)
                    visits = bench.visited(arm, options.seconds, share, block)
                    measured.visits[arm.name][share].append(visits.per_second)
                    measured.queries[arm.name][share].append(visits.queries_per_page)


def report(console: Console, measured: Measured, path: Path | None) -> None:
    found = list(goals(measured))
    console.print(operations_table(measured))
    console.print(cpu_table(measured))
    console.print(throughput_table(measured))
    console.print(goals_table(found))
    if path:
        data = {
            "microseconds": measured.times,
            "cpu_microseconds": measured.cpu,
            "round_trips": measured.trips,
            "visits_per_second": measured.visits,
            "queries_per_page": measured.queries,
            "goals": found,
        }
        path.write_text(json.dumps(data, indent=1), encoding="utf-8")


def main() -> int:
    options = arguments()
    wanted = options.libraries.split(",")
    unknown = sorted(set(wanted) - {arm.library for arm in ARMS})
    if unknown:
        raise SystemExit(f"error: unknown library {unknown[0]!r} in --libraries")
    measured = Measured(
        [arm for arm in [*ARMS, *plainer(options.without)] if arm.library in wanted]
    )
    with ExitStack() as stack:
        bench = Bench(
            postgres=stack.enter_context(services.postgres()),
            servers={
                "memcached": stack.enter_context(services.memcached()),
                "redis": stack.enter_context(services.redis()),
            },
        )
        measure(options, bench, measured)
    report(Console(width=WIDTH), measured, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())

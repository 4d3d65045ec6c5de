"""Command line: `python -m tests.combinations [--pairs]`: a crawl of every combination.

Three users and a stranger see every page over each of both workers, in every set of optimizations that
can be turned on; each answer is held against the baseline's: HTML apart from tokens, status, headers,
cookies. Ends with 1 where one differs, or where fewer than half of the fragments were hits.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from loadtest.cells import BASELINE, PLUS, Cell
from loadtest.errors import LabError
from loadtest.generator.pages import page_name
from loadtest.safety.crawl import Crawl, compared, crawl
from loadtest.safety.line import Line, Visitor, open_lines
from loadtest.safety.login import HOME, log_in, shows
from loadtest.safety.probe import Found
from loadtest.safety.sample import sample
from tests.combinations.pairs import covering_array
from tests.combinations.replica import Combinations, combinations, running

USERS = ("student000000", "student000001", "student000002")
WORKERS = 2
PAGES_OF_A_KIND = 3
LEAST_HIT_RATIO = 0.5
FRAGMENTS = "fragment-cache"
CACHES = frozenset({FRAGMENTS, "query-cache"})
KEPT = ("dashboard", "people-search", "profile")
"""The kinds of pages that have a fragment."""
WARM_SECONDS = 30
POLL_SECONDS = 0.2
COUNTED = ("hits", "misses", "bypasses")
BESIDE_THE_CACHE = 3
"""Queries for session, user, and the person of a profile, where nothing but fragments is cached."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.combinations", description=__doc__)
    add = parser.add_argument
    add("--most", type=int, help="so many of them, by chance (default: all)")
    add("--pairs", action="store_true", help="a few, in which every pair of levels occurs")
    add("--seed", type=int, default=1, help="of the order (default 1)")
    add("--at-once", type=int, default=4, help="web containers beside the baseline's (default 4)")
    return parser.parse_args()


class Crawler:
    """Holds cells against the baseline's pages, which are read once."""

    def __init__(self, replica: Combinations, baseline: Cell) -> None:
        self.replica = replica
        self.visitors: dict[str, list[Visitor]] = {}
        self.baseline = baseline
        with open_lines(replica.urls[BASELINE], WORKERS) as lines:
            user = self._of(baseline)[1].again()
            self.paths = sample(lambda path: lines[0].get(path, user).text, PAGES_OF_A_KIND)
            self.expected: Crawl = crawl(lines, self._of(baseline), self.paths)

    def _of(self, cell: Cell) -> list[Visitor]:
        """The visitors with the cookies of this cell's session store."""
        if cell.store not in self.visitors:
            with open_lines(self.replica.urls[cell.name], 1) as (line,):
                users = [log_in(line, user)[0] for user in USERS]
                if not all(shows(line.get(HOME, one), one.user) for one in users):
                    raise LabError(
                        f"nobody is logged in after the log-in in {PLUS.join(cell.active)}"
                    )
            self.visitors[cell.store] = [Visitor(), *users]
        return self.visitors[cell.store]

    def look(self, cell: Cell) -> tuple[Found, Counter[str]]:
        """Crawl a cell that runs; return what its fragments did meanwhile, too."""
        with (
            open_lines(self.replica.urls[cell.name], WORKERS) as lines,
            open_lines(self.replica.urls[BASELINE], 1) as (line,),
        ):
            if len(lines) < WORKERS:
                undone = Found.undone(f"{len(lines)} of {WORKERS} workers answered")
                return undone, Counter()
            if not CACHES.isdisjoint(cell.active):
                self._warm(lines[0], self._of(cell)[1].again())
            before = self.counted(cell)
            found = crawl(lines, self._of(cell), self.paths)
            grown = self.counted(cell) - before
            theirs = [visitor.again() for visitor in self._of(self.baseline)]
            again = {str(visitor): (line, visitor) for visitor in theirs}
            as_tree = "engine" in cell.factors
            return compared(self.expected, found, again, as_tree=as_tree), grown

    def counted(self, cell: Cell) -> Counter[str]:
        """What fragments of all processes did so far; nothing where they are off."""
        evidence = self.probes(cell)["probes"][FRAGMENTS]["evidence"]
        return Counter({name: evidence.get(name, 0) for name in COUNTED})

    def _warm(self, line: Line, visitor: Visitor) -> None:
        """Wait until generations that were just made are used. Raises LabError."""
        end = time.monotonic() + WARM_SECONDS
        for path in self.paths:
            if page_name(path) not in KEPT:
                continue
            while line.get(path, visitor).queries > BESIDE_THE_CACHE:
                if time.monotonic() > end:
                    raise LabError(f"after {WARM_SECONDS} s {path} still comes from the database")
                time.sleep(POLL_SECONDS)

    def probes(self, cell: Cell) -> dict[str, Any]:
        """What the cell says of itself."""
        with open_lines(self.replica.urls[cell.name], 1) as (line,):
            content: dict[str, Any] = json.loads(line.get("/-/optimizations", Visitor()).text)
            return content


def in_force(cell: Cell, said: dict[str, Any]) -> list[str]:
    """What is on without being asked for, or off though it is."""
    wrong = [
        name for name, one in said["probes"].items() if one["in_force"] != (name in cell.active)
    ]
    return [f"not in force: {', '.join(wrong)}"] if wrong else []


def measured(crawler: Crawler, cell: Cell) -> tuple[list[str], Counter[str], int]:
    """Return what is wrong with a cell, its counters of fragments, and the number of answers."""
    found, grown = crawler.look(cell)
    wrong = in_force(cell, crawler.probes(cell))
    if found.status != "passed":
        wrong.append(found.example or found.reason)
    elif FRAGMENTS in cell.active and not grown["hits"]:
        wrong.append("no fragment was a hit")
    return wrong, grown, found.counts.get("compared", 0)


def run(options: argparse.Namespace) -> int:
    everything = combinations()
    baseline, *others = everything
    random.Random(options.seed).shuffle(others)
    if options.pairs:
        pairs = {frozenset(names) for names in covering_array()}
        others = [cell for cell in others if frozenset(cell.active) in pairs]
    others = others[: options.most]
    began, wrong, answers, seen = time.monotonic(), 0, 0, 0
    fragments: Counter[str] = Counter()
    with running([baseline, *others], options.at_once) as replica:
        crawler = Crawler(replica, baseline)
        print(f"{len(others)} combinations, {len(crawler.paths)} pages, 4 visitors", flush=True)
        for batch in batches(others, options.at_once):
            with replica.batch(batch), ThreadPoolExecutor(2) as pool:
                outcomes = list(pool.map(lambda cell: measured(crawler, cell), batch))
            seen += len(batch)
            for cell, (faults, counters, count) in zip(batch, outcomes, strict=True):
                fragments += counters
                answers += count
                wrong += bool(faults)
                for fault in faults:
                    print(f"{PLUS.join(cell.active)}: {fault}", flush=True)
            print(f"{seen} of {len(others)} in {time.monotonic() - began:.0f} s", flush=True)
    return judge(wrong, answers, fragments)


def batches(everything: Sequence[Cell], size: int) -> Iterator[tuple[Cell, ...]]:
    left = iter(everything)
    while batch := tuple(islice(left, size)):
        yield batch


def judge(wrong: int, answers: int, fragments: Counter[str]) -> int:
    print(f"{answers:,} answers compared, {wrong} combinations with a fault")
    if not fragments:
        return 1 if wrong else 0
    ratio = fragments["hits"] / fragments.total()
    counts = ", ".join(f"{fragments[name]} {name}" for name in COUNTED)
    print(f"fragments: {counts}: hit ratio {ratio:.2f}")
    return 1 if wrong or ratio < LEAST_HIT_RATIO else 0


def main() -> int:
    options = arguments()
    try:
        return run(options)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

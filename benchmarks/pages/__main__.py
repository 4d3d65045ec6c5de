"""Command line: `python -m benchmarks.pages [--blocks 8] [--seconds 3] [--writes-per-second 2]`.

The page with 100 items, in the baseline and with all recommended optimizations, while somebody writes
posts and comments (which that page doesn't show); with these also the same page by itself, a page that
says the visitor's name and nothing else, and a constant page of the same size. Closed load of one page
at a time, over 16 connections, in randomized complete blocks; replica and load have cores of their own.
Prints medians of pages per second and of the 95th percentile of latency, and the ratios with their
intervals. Latency at the same number of requests per second is what the load lab measures.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from benchmarks.pages.writes import logged_in, writing
from benchmarks.pages.wrk import Load, Window, build
from benchmarks.querycache.figures import ratio, verdict
from loadtest import atomic, pinning
from loadtest.cells import BASELINE, RECOMMENDED, Cell, cells, table
from loadtest.errors import LabError
from loadtest.generator.catalog import Catalog, discover
from loadtest.paths import WEB
from loadtest.replica import lab

sys.path.insert(0, str(WEB))  # the table of optimizations, as for the lab

SITE = Path(__file__).resolve().parent / "site"
SEARCH, NAME, CONSTANT = "search page", "name page", "constant page"
BESIDE_WRITES = "search page beside writes"
VISITOR, WRITER = "student000000", "student000001"
WARM_SECONDS = 10
USERS = 2000

Arm = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is said of one arm in relation to another; without a goal it is only said."""

    arm: Arm
    other: Arm
    goal: float | None
    of_latency: bool = False

    def said(self, taken: Mapping[Arm, Sequence[Window]]) -> str:
        """Return the ratio, and whether the goal was met: at most so much latency, at least so many pages."""
        found = ratio(self._values(taken[self.arm]), self._values(taken[self.other]))
        what = "p95 of" if self.of_latency else "pages/s of"
        text = f"{what} {' '.join(self.arm)} / {' '.join(self.other)}: {found}"
        if self.goal is None:
            return text
        return f"{text}, goal {self.goal:g}: {verdict(found, self.goal, at_most=self.of_latency)}"

    def _values(self, windows: Sequence[Window]) -> list[float]:
        return [one.p95_ms if self.of_latency else one.per_second for one in windows]


BOTH = ((RECOMMENDED, BESIDE_WRITES), (BASELINE, BESIDE_WRITES))
COMPARISONS = (
    Comparison(*BOTH, goal=12.0),
    Comparison(*BOTH, goal=0.1, of_latency=True),
    Comparison((RECOMMENDED, SEARCH), (RECOMMENDED, NAME), goal=0.6),
    Comparison((RECOMMENDED, NAME), (RECOMMENDED, CONSTANT), goal=None),
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=3, help="of each window (default 3)")
    parser.add_argument("--writes-per-second", type=float, default=2.0, help="default 2")
    return parser.parse_args()


def with_more_pages(file: Path) -> None:
    """Have every web service of the lab's Compose file serve the site with two pages more."""
    model: dict[str, Any] = json.loads(file.read_text())
    for name, service in model["services"].items():
        if name.startswith("web-"):
            service["environment"] |= {
                "SLIPSTREAM_SETTINGS": "bench_settings",
                "PYTHONPATH": "/srv/bench",
            }
            mounted = {"type": "bind", "source": str(SITE), "target": "/srv/bench"}
            service.setdefault("volumes", []).append(mounted | {"read_only": True})
    atomic.write_json(file, model)


def paths_of(found: Catalog) -> dict[str, tuple[str, ...]]:
    pairs = zip(found.pages, found.filtered, strict=False)
    searches = tuple(path for pair in pairs for path in pair)
    return {
        BESIDE_WRITES: searches,
        SEARCH: searches,
        NAME: ("/bench/name/",),
        CONSTANT: ("/bench/constant/",),
    }


def measured(
    replica: lab.Replica, both: dict[str, Cell], load: Load, options: argparse.Namespace
) -> dict[Arm, list[Window]]:
    visitors = {name: logged_in(replica.urls[name], VISITOR) for name in both}
    writers = {name: logged_in(replica.urls[name], WRITER) for name in both}
    cookies = {
        name: "; ".join(f"{one.name}={one.value}" for one in visitor.cookies)
        for name, visitor in visitors.items()
    }
    found = discover(_reader(replica.urls[RECOMMENDED], visitors[RECOMMENDED]))
    paths = paths_of(found)
    arms = [(BASELINE, BESIDE_WRITES), *((RECOMMENDED, page) for page in paths)]

    writes: dict[str, list[float]] = defaultdict(list)

    def window(arm: Arm, seconds: int) -> Window:
        cell, page = arm
        service = both[cell].service
        if page != BESIDE_WRITES:
            return load.window(service, cookies[cell], paths[page], seconds)
        url, rate = replica.urls[cell], options.writes_per_second
        with writing(url, writers[cell], found.posts[0], rate) as written:
            seen = load.window(service, cookies[cell], paths[page], seconds)
            writes[cell].append(written() / seconds)
        return seen

    for cell, page in arms:
        _look(replica.urls[cell], visitors[cell], paths[page])
        window((cell, page), WARM_SECONDS)
    writes.clear()
    _say_what_it_asks(replica.urls[RECOMMENDED], visitors[RECOMMENDED], paths[SEARCH])
    taken: dict[Arm, list[Window]] = defaultdict(list)
    for block in range(options.blocks):
        for arm in random.Random(block).sample(arms, len(arms)):  # noqa: S311 - an order
            taken[arm].append(window(arm, options.seconds))
        print(f"block {block + 1} of {options.blocks}", flush=True)
    for cell, rates in writes.items():
        print(f"{cell}: {sum(rates) / len(rates):.1f} writes a second beside the search page")
    return taken


def _reader(url: str, visitor: requests.Session) -> Callable[[str], str]:
    return lambda path: visitor.get(f"{url}{path}", timeout=60).text


def _look(url: str, visitor: requests.Session, paths: Sequence[str]) -> None:
    """End the run where the visitor is sent elsewhere: a redirect would be a fast page."""
    for path in paths:
        answer = visitor.get(f"{url}{path}", timeout=60, allow_redirects=False)
        if answer.status_code != requests.codes.ok:
            raise SystemExit(f"error: {path!r} answers {answer.status_code}, not 200")


def _say_what_it_asks(url: str, visitor: requests.Session, paths: tuple[str, ...]) -> None:
    for path in paths[:2]:
        print(f"{path}: {visitor.get(f'{url}{path}', timeout=60).headers['Server-Timing']}")


def show(taken: dict[Arm, list[Window]], console: Console) -> None:
    heads = ("", "", "pages/s, median", "smallest", "largest", "p95 in ms, median")
    speeds = Table(*heads, title="One page at a time")
    for (cell, page), windows in taken.items():
        values = [one.per_second for one in windows]
        figures = (f"{each(values):.1f}" for each in (median, min, max))
        speeds.add_row(cell, page, *figures, f"{median(one.p95_ms for one in windows):.1f}")
    console.print(speeds)
    for comparison in COMPARISONS:
        console.print(comparison.said(taken))


def main() -> None:
    options = arguments()
    console = Console(width=100)
    cores = pinning.plan()
    both = {one.name: one for one in cells(table()) if one.name in (BASELINE, RECOMMENDED)}
    build()
    began = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            lab.prepare(tuple(both.values()), USERS, cores, Path(folder), keep=False) as replica,
        ):
            with_more_pages(Path(folder) / "compose.json")
            replica.start(tuple(both.values()), USERS, print)
            with replica.pinned():
                load = Load(",".join(map(str, cores.generator)))
                show(measured(replica, both, load, options), console)
    except LabError as error:
        raise SystemExit(f"error: {error}") from None
    print(f"{options.blocks} blocks in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()

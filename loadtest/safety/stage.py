"""The safety stage of a run: in which order the probes are done, and with which visitors.

All crawls come first, since the cells share one database and nothing may be written between them.
What a probe found is on disk at once; a resumed run does those that are missing.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from loadtest.cells import BASELINE, Cell
from loadtest.errors import LabError
from loadtest.safety import crawl
from loadtest.safety.line import Line, ProbeError, Visitor, open_lines
from loadtest.safety.login import HOME, log_in, shows
from loadtest.safety.probe import Found
from loadtest.safety.records import Records
from loadtest.safety.sample import sample
from loadtest.safety.sessions import log_in_and_out
from loadtest.safety.verdict import CRAWL, EVERYWHERE, SESSIONS, WRITES
from loadtest.safety.writing import Seat, Writing, write_then_read
from loadtest.store import Run

__all__ = ("SIZES", "Size", "Stage", "check", "workers_by_cell")

USERS = ("student000000", "student000001", "student000002")
"""The first writes, the second reads what it wrote; all crawl."""
LOGS_OUT = "student000003"
ENGINE, QUERIES = "engine", "queries"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is done: pages of a kind, rounds of writing and of logging in, seconds of verify mode."""

    pages: int
    writes: int
    log_ins: int
    verify_seconds: float


SIZES = {
    "quick": Size(pages=3, writes=4, log_ins=1, verify_seconds=6),
    "full": Size(pages=10, writes=30, log_ins=4, verify_seconds=20),
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the probes use; `urls` and `workers` by the cell's name.

    empty: empties a cell's caches. shared: the probes that are done once, by their names, in order.
    visitors: by session store, once they have logged in.
    """

    run: Run
    cells: Sequence[Cell]
    stores: Mapping[str, Cell]
    urls: Mapping[str, str]
    workers: Mapping[str, int]
    size: Size
    empty: Callable[[Cell], object]
    shared: Mapping[str, Callable[[], Found]]
    say: Callable[[str], None]
    visitors: dict[str, list[Visitor]] = field(default_factory=dict)

    @property
    def records(self) -> Records:
        return Records(self.run)

    @property
    def baseline(self) -> Cell:
        return next(cell for cell in self.cells if cell.name == BASELINE)

    def lacking(self, probe: str) -> list[Cell]:
        """The cells in which a probe has still to be done, the baseline first."""
        spared = self.records.spared()
        named = (cell for cell in self.cells if cell.name not in spared)
        return [cell for cell in named if self.records.lacks(cell.name, probe)]

    def as_tree(self, cell: Cell) -> bool:
        """Another engine may put other blanks between tags; without one every character counts."""
        return ENGINE in cell.factors


def check(stage: Stage) -> None:
    """Do what is missing. A probe that can't be done is kept with its reason; the others go on."""
    began = time.monotonic()
    for _ in range(2):  # the second time those for which a cell couldn't vouch
        try:
            _everywhere(stage)
        except LabError as error:  # without log-ins or the baseline's pages nothing can be compared
            for probe in EVERYWHERE:
                for cell in stage.lacking(probe):
                    stage.records.keep(cell.name, probe, Found.undone(error))
    for name, shared in stage.shared.items():
        if name not in stage.records.shared():
            stage.records.keep_shared(name, _tried(shared))
    looked = [one for one in stage.cells if not stage.records.lacks(one.name, CRAWL)]
    stage.say(f"safety: {len(looked)} cells looked at in {time.monotonic() - began:.0f} s")


def _everywhere(stage: Stage) -> None:
    if not any(stage.lacking(probe) for probe in EVERYWHERE):
        return
    _log_in(stage)
    _crawl(stage)
    for cell in stage.lacking(WRITES):
        found = _in(stage, cell, partial(_write, stage, cell))
        stage.records.keep(cell.name, WRITES, found)
    for cell in stage.lacking(SESSIONS):
        _sessions(stage, cell)


def workers_by_cell(compose_file: Path, cells: Sequence[Cell]) -> dict[str, int]:
    """How many worker processes each cell's container has, by its own arithmetic."""
    from replica import capacity  # noqa: PLC0415 - of services/web, on the path once the lab runs
    from replica.settings import read  # noqa: PLC0415

    services = json.loads(compose_file.read_text())["services"]
    return {
        cell.name: capacity.plan(read(services[cell.service]["environment"]), cell.active).workers
        for cell in cells
    }


def _log_in(stage: Stage) -> None:
    """A stranger and the users, once per session store; what they have is copied for each cell."""
    for store, cell in stage.stores.items():
        with open_lines(stage.urls[cell.name], 1) as lines:
            users = [_logged_in(lines[0], user) for user in USERS]
        stage.visitors[store] = [Visitor(), *users]


def _logged_in(line: Line, user: str) -> Visitor:
    visitor, _ = log_in(line, user)
    if not shows(line.get(HOME, visitor), user):  # else a crawl would compare redirects
        raise ProbeError(f"{user} isn't logged in after the log-in in {line.base_url}")
    return visitor


def _crawl(stage: Stage) -> None:
    lacking = stage.lacking(CRAWL)
    if not lacking:
        return
    paths, expected = _of_the_baseline(stage)
    for cell in lacking:
        found = _in(stage, cell, partial(_compare, stage, cell, paths, expected))
        stage.records.keep(cell.name, CRAWL, found)
    stage.say(f"safety: {len(paths)} pages crawled in {len(lacking)} cells")


def _of_the_baseline(stage: Stage) -> tuple[list[str], crawl.Crawl]:
    with _lines(stage, stage.baseline) as lines:
        visitors = stage.visitors[stage.baseline.store]
        user = visitors[1].again()
        paths = sample(lambda path: lines[0].get(path, user).text, stage.size.pages)
        return paths, crawl.crawl(lines, visitors, paths)


def _compare(stage: Stage, cell: Cell, paths: Sequence[str], expected: crawl.Crawl) -> Found:
    with _lines(stage, cell) as lines, _lines(stage, stage.baseline, 1) as (line,):
        found = crawl.crawl(lines, stage.visitors[cell.store], paths)
        theirs = [visitor.again() for visitor in stage.visitors[stage.baseline.store]]
        again = {str(visitor): (line, visitor) for visitor in theirs}
        compared = crawl.compared(expected, found, again, as_tree=stage.as_tree(cell))
    first, *_, last = found.queries
    if compared.status == "passed" and QUERIES in cell.factors and not last < first:
        reason = f"the second visit asked the database {last} times, the first {first} times"
        return Found.undone(f"{reason}: nothing came from the cache", **compared.counts)
    return compared


def _write(stage: Stage, cell: Cell) -> Found:
    others = [one for one in stage.cells if one is not cell and QUERIES in one.factors]
    with ExitStack() as opened:
        lines = opened.enter_context(_lines(stage, cell))
        # Writes of a cell with the query cache promise to show in all that have it.
        with_it = others[:1] if QUERIES in cell.factors else []
        elsewhere = [_seat(stage, one, opened.enter_context(_lines(stage, one))) for one in with_it]
        baseline = _seat(stage, stage.baseline, opened.enter_context(_lines(stage, stage.baseline)))
        own = _seat(stage, cell, lines)
        writing = Writing(
            seats=[own._replace(line=line) for line in lines], elsewhere=elsewhere, mark=cell.name
        )
        return write_then_read(writing, stage.size.writes, baseline, as_tree=stage.as_tree(cell))


def _sessions(stage: Stage, cell: Cell) -> None:
    """The baseline is the first: its cookies are those to expect."""
    own = cell.name == BASELINE
    expected = None if own else stage.records.cell(BASELINE)["cookies"]

    def probe() -> Found:
        with _lines(stage, cell) as lines:
            found, seen = log_in_and_out(lines, LOGS_OUT, stage.size.log_ins, expected)
        cookies[:] = seen
        return found

    cookies: list[str] = []
    found = _in(stage, cell, probe)
    stage.records.keep(cell.name, SESSIONS, found, cookies=cookies)


def _in(stage: Stage, cell: Cell, probe: Callable[[], Found]) -> Found:
    def emptied() -> Found:
        stage.empty(cell)  # cells without a query cache have written behind its back
        return probe()

    return _tried(emptied)


def _tried(probe: Callable[[], Found]) -> Found:
    """What it found; the others go on where it couldn't be done."""
    began = time.monotonic()
    try:
        found = probe()
    except LabError as error:
        found = Found.undone(error)
    return replace(found, seconds=round(time.monotonic() - began, 2))


def _lines(stage: Stage, cell: Cell, most: int = 99) -> AbstractContextManager[list[Line]]:
    return open_lines(stage.urls[cell.name], min(most, stage.workers[cell.name]))


def _seat(stage: Stage, cell: Cell, lines: Sequence[Line]) -> Seat:
    _stranger, writer, reader, *_ = stage.visitors[cell.store]
    return Seat(cell.name, lines[0], writer.again(), reader.again())

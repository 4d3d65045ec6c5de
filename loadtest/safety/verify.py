"""The query cache in verify mode: a cell that runs each hit's SQL as well, under the mix of pages.

Its container is made for this and removed after it, so it never takes time or memory from a window.
The mix writes, so that hits are verified beside writers. Its figures aren't throughput.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loadtest import atomic
from loadtest.cells import RECOMMENDED, Cell
from loadtest.replica import lab, memory
from loadtest.replica.compose import Compose
from loadtest.replica.project import budget_mib
from loadtest.safety.line import ProbeError
from loadtest.safety.probe import Found

__all__ = ("FACTOR", "Verifying", "booted", "cell_of", "verified", "with_verify")

FACTOR, NAME = "queries", "verify"
VARIABLE = "SLIPSTREAM_QUERY_CACHE_VERIFY"
DIFFERS = "the query cache differs from the database: "
SHOWN_CHARACTERS = 300
STATS = ("python", "manage.py", "querycache", "stats")
COUNTED = ("hits", "differences")


def cell_of(cells: Sequence[Cell]) -> Cell:
    """The cell whose set is verified: with the most beside the query cache, or it alone.

    There is one wherever the probe applies.
    """
    found = [cell for cell in cells if FACTOR in cell.factors]
    return next((cell for cell in found if cell.name == RECOMMENDED), found[0])


def with_verify(model: Mapping[str, Any], like: Cell, cell: Cell, port: int) -> dict[str, Any]:
    """The lab's model and a web service more: that of `like` in verify mode, on a port of its own."""
    own = dict(model["services"][like.service])
    own["environment"] = {**own["environment"], VARIABLE: "1"}
    own["ports"] = [{**own["ports"][0], "published": str(port)}]
    return {**model, "services": {**model["services"], cell.service: own}}


@dataclass(frozen=True)
class Verifying:
    """The running cell: its address, its log so far, and the counters of all processes by table."""

    url: str
    log: Callable[[], str]
    stats: Callable[[], str]


@contextlib.contextmanager
def booted(compose_file: Path, like: Cell) -> Iterator[Verifying]:
    """It runs for the time of the block. Raises ReplicaError."""
    cell = replace(like, name=NAME)
    port = lab.free_ports([cell.name])[cell.name]
    model = with_verify(json.loads(compose_file.read_text()), like, cell, port)
    memory.budget(budget_mib({"services": {cell.service: model["services"][cell.service]}}))
    file = compose_file.with_name("compose-verify.json")
    atomic.write_json(file, model)
    compose = Compose(project=lab.PROJECT, file=file)
    url = f"http://127.0.0.1:{port}"
    replica = lab.Replica(compose=compose, urls={cell.name: url}, memory_mib=0)
    try:
        replica.start_one(cell)
        yield Verifying(
            url=url,
            log=lambda: compose.run("logs", "--no-color", "--no-log-prefix", cell.service),
            stats=lambda: compose.run("exec", "-T", cell.service, *STATS),
        )
    finally:
        replica.stop_one(cell)


def verified(cell: Verifying, load: Callable[[], Mapping[str, Any]]) -> Found:
    """Count what was verified while `load` ran (it returns requests and errors).

    Processes publish their counters every two seconds, so that some are missing; the log has every
    difference. No other cell is asked for anything meanwhile.
    """
    before = _counters(cell.stats())
    loaded = load()
    after = _counters(cell.stats())
    told = [line.partition(DIFFERS)[2] for line in cell.log().splitlines() if DIFFERS in line]
    counts = {name: after[name] - before[name] for name in COUNTED}
    counts |= {"requests": int(loaded["requests"]), "errors": int(loaded["errors"])}
    counts["differences"] = max(counts["differences"], len(told))
    if counts["differences"]:
        example = told[0][:SHOWN_CHARACTERS] if told else "its SQL isn't in the log"
        return Found(status="failed", counts=counts, example=example)
    if counts["hits"] <= 0:
        return Found.undone("nothing was served from the cache, so nothing was verified", **counts)
    return Found(status="passed", counts=counts)


def _counters(stats: str) -> dict[str, int]:
    """Sums over all tables, as `manage.py querycache stats` gives them."""
    try:
        tables = json.loads(stats)["tables"].values()
        return {name: sum(int(table[name]) for table in tables) for name in COUNTED}
    except (KeyError, TypeError, ValueError):
        raise ProbeError("`manage.py querycache stats` doesn't say what was counted") from None

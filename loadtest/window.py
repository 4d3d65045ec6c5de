"""Measures one window: empty caches, proof, mix of pages, one-query page, proof; gives its record.

Record (schema in `store.py`'s files, one JSON each):
    number, block, position, cell, active, status, reason, started_at, versions
    evidence, evidence_after    what the probes saw before and after it, by optimization
    emptied   names of the factors whose cache was emptied before
    flags     what to distrust, for example a page that makes more queries than it should
    phases    {mix, one-query: {seconds, requests, errors, error_examples, requests_per_second,
              generator_cpu_share, raw, costs, asked, servers}}
              costs     {requests, cpu_ms and memory_bytes and peak_bytes by service, generator_cpu_ms}
                        of the measured part; what they are: `costs/cgroups.py`
              asked     {responses, untimed, queries, connections, compiled, round_trips}: sums of
                        Server-Timing over all responses, warm-up and stragglers too
              servers   {postgres, pgbouncer, memcached}: what they counted in the same time, as far
                        as the cell uses them (`costs/counters.py`)
    counts    {mix, one-query: {queries, connections, compiled, round_trips, jinja2}} per request
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from loadtest import truth, validity
from loadtest.cells import Cell
from loadtest.costs import check
from loadtest.costs.books import Books
from loadtest.design import Window, visitor_seed
from loadtest.driver import Generator
from loadtest.figures import PHASES, counts_per_request
from loadtest.plan import Plan
from loadtest.progress import Reporter
from loadtest.samples import load
from loadtest.store import MEASURED

__all__ = ("Bench", "look", "measure", "opened", "prove")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all windows of a run use; `urls` by the cell's name.

    empty: empties a cell's caches and returns the factors that have one.
    """

    plan: Plan
    urls: Mapping[str, str]
    generator: Generator
    report: Reporter
    empty: Callable[[Cell], list[str]]
    books: Books = field(default_factory=Books)


def opened(window: Window, cell: Cell) -> dict[str, Any]:
    """A record at its start; its status says so until the window is finished."""
    return asdict(window) | {
        "cell": cell.name,
        "active": list(cell.active),
        "status": "interrupted",
        "reason": "",
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "flags": [],
        "phases": {},
    }


def measure(bench: Bench, window: Window, record: dict[str, Any]) -> None:
    """Fill in the record. Raises LabError; the record then holds what was measured until there."""
    cell = prove(bench, window, record)
    for phase in PHASES:
        bench.report.begin(window, phase)
        record["phases"][phase] = _phase(bench, window, cell, phase)
    page = look(bench, window, record, "evidence_after")
    record["counts"] = {name: _counts(bench, record, name) for name in PHASES}
    record["flags"] = _flags(cell, record)
    truth.check_window(cell, bench.plan.names, page, record)
    validity.check(record["phases"])
    record["status"] = MEASURED


def prove(bench: Bench, window: Window, record: dict[str, Any]) -> Cell:
    """Empty the cell's caches, prove that it is what it should be; return it."""
    cell = bench.plan.cell(window.cell)
    bench.report.begin(window, "clear")
    record["emptied"] = bench.empty(cell)
    page = look(bench, window, record, "evidence")
    record["versions"] = page["versions"]
    truth.check_page(cell, bench.plan.names, page)
    return cell


def look(bench: Bench, window: Window, record: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the page of the cell's probes; what they saw is kept under that name."""
    bench.report.begin(window, "proof")
    page = truth.read_page(bench.urls[bench.plan.cell(window.cell).name])
    record[name] = page["probes"]
    return page


def _phase(bench: Bench, window: Window, cell: Cell, phase: str) -> dict[str, Any]:
    settings = bench.plan.settings
    lengths = {
        "mix": (settings.warmup_seconds, settings.mix_seconds),
        "one-query": (settings.one_query_warmup_seconds, settings.one_query_seconds),
    }
    warmup_seconds, seconds = lengths[phase]
    before = bench.books.counters(cell)
    done = bench.generator.order(
        "phase",
        bench.report.rate,
        store=cell.store,
        base_url=bench.urls[cell.name],
        pages=phase,
        warmup_seconds=warmup_seconds,
        seconds=seconds,
        seed=visitor_seed(settings.seed, window),
        raw=str(bench.plan.run.raw(f"{window.number:03d}-{phase}.npz")),
        accounts=bench.books.accounts(cell),
    )
    return done | {"servers": bench.books.since(before, cell)}


def _counts(bench: Bench, record: dict[str, Any], phase: str) -> dict[str, float | None]:
    return counts_per_request([load(bench.plan.run.raw(record["phases"][phase]["raw"]))])


def _flags(cell: Cell, record: dict[str, Any]) -> list[str]:
    flags = []
    for name, phase in record["phases"].items():
        if not phase["requests_per_second"]:
            flags.append(f"no good answer in {name}: it is left out of the comparison")
    queries = record["counts"]["one-query"]["queries"]
    if queries not in (None, 1) and "queries" not in cell.factors:
        flags.append(f"the one-query page made {queries:.2f} queries: it is no longer what it says")
    return [*flags, *check.flags(record["phases"])]

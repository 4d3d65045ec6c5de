"""Command line: `python -m tests.django [options] [package ...]`; README.md says how to read it."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.django.packages import chosen, dealt, packages
from tests.django.plan import DATABASES, MODES, SERIES
from tests.django.processes import HANDS, Cell, run_cell, servers
from tests.django.results import Allowed, Result, gather, read_allowed, stale, unexpected
from tests.django.sources import CACHE, sources
from tests.django.table import details, table

MOST_OVER_REPORTED = 0.22  # of all SELECTs, which may be taken for more tables than they read


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.django", description=__doc__)
    parser.add_argument(
        "packages", nargs="*", help="packages or test labels; default: packages.txt"
    )
    add = parser.add_argument
    add("--database", action="append", choices=DATABASES, help="default: all, sqlite first")
    add("--django", action="append", choices=SERIES, help="default: all")
    add("--mode", action="append", choices=tuple(MODES), help="default: all")
    add("--jobs", type=int, default=2, help="processes at once (default 2)")
    add("--json", type=Path, help="write the results here as well")
    add("--seconds", action="store_true", help="print tests and seconds per package")
    return parser.parse_args()


def cells(options: argparse.Namespace, database: str) -> Iterator[Cell]:
    for django in options.django or SERIES:
        for mode in options.mode or MODES:
            if MODES[mode].is_for(database):
                yield Cell(database=database, django=django, mode=mode)


def is_complete(options: argparse.Namespace) -> bool:
    return not (options.packages or options.database or options.django or options.mode)


def run(options: argparse.Namespace) -> list[Result]:
    results = []
    for database in options.database or DATABASES:
        with servers(database) as running:
            for cell in cells(options, database):
                sources(cell.django)
                names = options.packages or list(MODES[cell.mode].packages)
                groups = dealt(chosen(names, packages(), database), HANDS)
                reports = run_cell(cell, groups, running, options.jobs)
                results.append(gather(cell, reports))
                print(table(results), flush=True)
    return results


def plain_of(result: Result, results: list[Result]) -> Result | None:
    """The same cell without the query cache: what fails there fails on this machine anyway."""
    for other in results:
        same = (other.cell.database, other.cell.django) == (
            result.cell.database,
            result.cell.django,
        )
        if same and other.cell.mode == "plain":
            return other
    return None


def judge(results: list[Result], allowed: list[Allowed]) -> bool:
    """Print what is wrong, and say whether nothing is."""
    problems = []
    for result in results:
        print("\n".join(details(result)))
        problems += PROBLEMS[result.cell.mode](result, allowed, plain_of(result, results))
        problems += [f"{result.cell.name}: DIED {report['packages']}" for report in result.died]
    print("\n".join(problems))
    return not problems


def failures(result: Result, allowed: list[Allowed], plain: Result | None) -> Iterator[str]:
    for test in sorted(unexpected(result, allowed, plain)):
        yield f"{result.cell.name}: FAILED {test}: {last_line(result.details[test])}"
    for test, count in sorted(result.differences.items()):
        yield f"{result.cell.name}: DIFFERENT {test}: {count}"


def missed(result: Result, _allowed: list[Allowed], _plain: Result | None) -> Iterator[str]:
    counted = result.statistics
    count, selects = counted["coverage:missed"], counted["coverage:SELECTs"]
    if count or not selects:
        yield f"{result.cell.name}: {count} tables MISSED, see the logs"
    over = counted["coverage:SELECTs over-reported"]
    if over > MOST_OVER_REPORTED * selects:
        yield f"{result.cell.name}: {over} of {selects} SELECTs OVER-REPORTED"


def not_through_bytes(
    result: Result, allowed: list[Allowed], plain: Result | None
) -> Iterator[str]:
    yield from failures(result, allowed, plain)
    if not result.statistics["templates:went through bytes"]:
        yield f"{result.cell.name}: no template WENT THROUGH BYTES"
    if not result.statistics["templates:URL kept"]:
        yield f"{result.cell.name}: no URL was KEPT"


def nothing(_result: Result, _allowed: list[Allowed], _plain: Result | None) -> Iterator[str]:
    yield from ()


PROBLEMS = {
    **dict.fromkeys(MODES, failures),
    "plain": nothing,
    "coverage": missed,
    "templates": not_through_bytes,
}


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else ""


def seconds_per_package(results: list[Result]) -> None:
    for result in results:
        for package, seconds in sorted(result.seconds.items()):
            print(f"{result.cell.name} {package} {result.tests[package]} {seconds:.1f}")


def main() -> int:
    options = arguments()
    allowed = read_allowed()
    results = run(options)
    fine = judge(results, allowed)
    if is_complete(options):
        for entry in stale(results, allowed):
            print(f"allowed.txt: {entry.test} passed wherever it may fail: take it out")
            fine = False
    print("\n" + table(results))
    if options.seconds:
        seconds_per_package(results)
    if options.json:
        options.json.write_text(json.dumps([summary(result) for result in results], indent=1))
    print("reports and logs: " + str((CACHE / "test-django").relative_to(Path.cwd())))
    return 0 if fine else 1


def summary(result: Result) -> dict[str, object]:
    return {
        "cell": result.cell.name,
        "tests": len(result.outcomes),
        "bad": {test: result.details[test] for test in sorted(result.bad())},
        "differences": result.differences,
        "statistics": result.statistics,
    }


if __name__ == "__main__":
    sys.exit(main())

"""Command line: `python -m tests.django [options] [package ...]`; README.md says how to read it."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.django.packages import chosen, dealt, packages
from tests.django.plan import DATABASES, MODES
from tests.django.processes import HANDS, Cell, run_cell, servers
from tests.django.results import Allowed, Result, gather, read_allowed, stale, unexpected
from tests.django.sources import CACHE, sources
from tests.django.table import details, table


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.django", description=__doc__)
    parser.add_argument(
        "packages", nargs="*", help="packages or test labels; default: packages.txt"
    )
    add = parser.add_argument
    add("--database", action="append", choices=DATABASES, help="default: all, sqlite first")
    add("--django", action="append", choices=("5.2", "6.1"), help="default: 5.2 and 6.1")
    add("--mode", action="append", choices=MODES, help="default: plain, normal, verify")
    add("--store", action="store_true", help="store inside transactions too (README.md)")
    add("--twice", action="store_true", help="ask for each stored read again (README.md)")
    add("--jobs", type=int, default=2, help="processes at once (default 2)")
    add("--json", type=Path, help="write the results here as well")
    add("--seconds", action="store_true", help="print tests and seconds per package")
    return parser.parse_args()


def cells(options: argparse.Namespace, database: str) -> Iterator[Cell]:
    for django in options.django or ("5.2", "6.1"):
        for mode in options.mode or ("plain", "normal", "verify"):
            # Coverage looks at what the cache makes of a query, so the query has to get that far.
            store = mode == "coverage" or (options.store and mode != "plain")
            if mode != "coverage" or database == "sqlite":
                yield Cell(
                    database=database,
                    django=django,
                    mode=mode,
                    store_in_transactions=store,
                    twice=options.twice and mode in {"normal", "verify"},
                )


def run(options: argparse.Namespace) -> list[Result]:
    groups = dealt(chosen(options.packages, packages()), HANDS)
    results = []
    for database in options.database or DATABASES:
        with servers(database) as running:
            for cell in cells(options, database):
                sources(cell.django)
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
    fine = True
    for result in results:
        print("\n".join(details(result)))
        fine = fine and not result.died
        if result.cell.mode in {"plain", "coverage"}:
            fine = fine and not result.statistics["coverage:missed"]
            continue
        surprises = unexpected(result, allowed, plain_of(result, results))
        for test in sorted(surprises):
            print(f"{result.cell.name}: FAILED {test}: {last_line(result.details[test])}")
        for test, count in sorted(result.differences.items()):
            print(f"{result.cell.name}: DIFFERENT {test}: {count}")
        fine = fine and not surprises and not result.differences
    for test in sorted(stale(results, allowed)):
        print(f"allowed.txt: {test} passed wherever it ran: take it out")
        fine = False
    return fine


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
        "bad": {test: result.details[test] for test in sorted(result.bad())},
        "differences": result.differences,
        "statistics": result.statistics,
    }


if __name__ == "__main__":
    sys.exit(main())

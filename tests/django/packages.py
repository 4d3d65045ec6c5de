"""The packages of Django's tests that we run, and how they are dealt out to processes."""

from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("packages.txt")


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    tests: int  # found on Django 5.2 and SQLite, the skipped ones included
    only: str = ""  # the one database that it runs on, unless it is asked for


def packages(path: Path = PATH) -> list[Package]:
    lines = (line.partition("#")[0].split() for line in path.read_text().splitlines())
    return [Package(words[0], int(words[1]), *words[2:]) for words in lines if words]


def chosen(names: list[str], known: list[Package], database: str) -> list[Package]:
    """The packages that the labels `names` are of; an unlisted one is taken as well.

    Without any name: those that run on `database`.
    """
    if not names:
        return [package for package in known if package.only in ("", database)]
    tests = {package.name: package.tests for package in known}
    return [Package(name, tests.get(name, 1)) for name in names]


def dealt(wanted: list[Package], hands: int) -> list[tuple[str, ...]]:
    """`wanted` in at most `hands` groups of about the same number of tests, biggest package first."""
    groups: list[list[Package]] = [[] for _ in range(min(hands, len(wanted)))]
    for package in sorted(wanted, key=lambda each: (-each.tests, each.name)):
        min(groups, key=_size).append(package)
    return [tuple(package.name for package in group) for group in sorted(groups, key=_size)[::-1]]


def _size(group: list[Package]) -> int:
    return sum(package.tests for package in group)

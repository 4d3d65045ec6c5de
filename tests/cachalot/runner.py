"""Runs the suite in one process, and holds the result against what is expected to fail."""

import unittest
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connections
from django.test.runner import DiscoverRunner

from slipstream.generations import tags
from slipstream.generations.database import database_of

MODULES = ("read", "write", "transaction", "thread_safety", "multi_db", "postgres")
WARM_UP_READS = 200


class Runner(DiscoverRunner):
    """Leaves out what `excluded` names, and begins with a cache whose items are there already."""

    excluded: frozenset[str] = frozenset()
    result: unittest.TestResult | None = None

    def build_suite(self, *arguments: Any, **options: Any) -> unittest.TestSuite:
        found = super().build_suite(*arguments, **options)
        chosen = unittest.TestSuite()
        chosen.addTests(test for test in found if short_name(test) not in self.excluded)
        return chosen

    def setup_databases(self, **options: Any) -> Any:
        made = super().setup_databases(**options)
        for alias in connections:
            for model in apps.get_models(include_auto_created=True):
                with suppress(DatabaseError):  # a router may have left its table out
                    _warm(model.objects.using(alias).exists, alias)
                    _begin_rows(alias, model._meta.db_table)
        return made

    def run_suite(self, suite: Any, **options: Any) -> Any:
        self.result = super().run_suite(suite, **options)
        type(self).result = self.result
        return self.result


def short_name(test: unittest.TestCase) -> str:
    """`ReadTestCase.test_empty`."""
    return ".".join(test.id().split(".")[-2:])


def _warm(read: Callable[[], object], alias: str) -> None:
    """Read until nobody holds the table's item: an item that was missing isn't trusted at once."""
    for _ in range(WARM_UP_READS):
        seen: list[str] = []
        with connections[alias].execute_wrapper(_noting(seen)):
            read()
        if not seen:
            return


def _begin_rows(alias: str, name: str) -> None:
    """Begin the item of all rows, as the first row that a site looks up does."""
    reader = database_of(connections[alias]).reader
    needed = [tags.EVERYTHING, tags.all_rows(tags.bare(name)), tags.table(tags.bare(name))]
    usable = reader.usable(needed, reader.read(needed)[1])
    begun = usable and reader.begin(needed, usable).begun()
    if begun:
        reader.items.store.set("q:warm-up", b"", 1, after=begun.changes)


def _noting(seen: list[str]) -> Callable[..., Any]:
    def wrapper(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        seen.append(sql)
        return execute(sql, *arguments)

    return wrapper

"""`manage.py querycache stats|clear|explain`: look into the query cache, and empty it."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from slipstream.generations.database import database_of
from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache.clearing import clear
from slipstream.querycache.explaining import explain
from slipstream.querycache.sharing import published

__all__ = ["Command"]


class Command(BaseCommand):
    """The one command; what it does is its first word."""

    help = "Look into the query cache, or empty it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the words."""
        parser.add_argument("what", choices=("stats", "clear", "explain"))
        parser.add_argument("sql", nargs="?", default="", help="for explain: the SQL of a query")
        parser.add_argument("--database", help="alias; by default all for clear, else 'default'")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; an error is one line and exit status 1."""
        alias = options["database"]
        if alias is not None and alias not in connections:
            raise CommandError(f"unknown database {alias!r}: choose from {', '.join(connections)}")
        words = {
            "stats": lambda: self._stats(alias or "default"),
            "explain": lambda: self._explain(options["sql"], alias or "default"),
            "clear": lambda: self._clear([alias] if alias else None),
        }
        words[options["what"]]()

    def _stats(self, alias: str) -> None:
        try:
            processes, tables = published(database_of(connections[alias]).items)
        except StoreUnavailable as error:
            raise CommandError(f"the counters can't be read: {error}") from error
        self.stdout.write(json.dumps({"processes": processes, "tables": tables}, indent=2))

    def _clear(self, aliases: list[str] | None) -> None:
        try:
            cleared = clear(aliases)
        except StoreUnavailable as error:
            raise CommandError(f"the query cache may not be empty: {error}") from error
        self.stdout.write(f"nothing cached of {', '.join(cleared)} is used any more")

    def _explain(self, sql: str, alias: str) -> None:
        if not sql:
            raise CommandError("explain needs the SQL of a query, in quotes")
        self.stdout.write(json.dumps(explain(sql, alias), indent=2))

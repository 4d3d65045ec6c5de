"""`manage.py querycache stats|clear|explain`: look into the query cache, and empty it."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache.clearing import clear
from slipstream.querycache.explaining import explain

__all__ = ["Command"]


class Command(BaseCommand):
    """The one command; what it does is its first word."""

    help = "Look into the query cache, or empty it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the words."""
        parser.add_argument("what", choices=("clear", "explain"))
        parser.add_argument("sql", nargs="?", default="", help="for explain: the SQL of a query")
        parser.add_argument(
            "--database", help="alias; by default all of them, for explain 'default'"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; an error is one line and exit status 1."""
        alias = options["database"]
        if alias is not None and alias not in connections:
            raise CommandError(f"unknown database {alias!r}: choose from {', '.join(connections)}")
        if options["what"] == "explain":
            self._explain(options["sql"], alias or "default")
        else:
            self._clear([alias] if alias else None)

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

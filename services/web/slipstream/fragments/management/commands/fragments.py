"""`manage.py fragments`: the counters of all processes, by the fragments' names."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from slipstream.fragments.cache import INDEX, current_fragments
from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache.sharing import published

__all__ = ["Command"]

SHOWN = ("hits", "misses", "flux", "bypasses")


class Command(BaseCommand):
    """Takes no words."""

    help = "Show hits and misses of fragments, and why some weren't shared."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Show them; an error is one line and exit status 1."""
        try:
            processes, tables = published(current_fragments().database.items, INDEX)
        except StoreUnavailable as error:
            raise CommandError(f"the counters can't be read: {error}") from error
        counts = {
            label: {name: counted[name] for name in SHOWN} for label, counted in tables.items()
        }
        self.stdout.write(json.dumps({"processes": processes, "fragments": counts}, indent=2))

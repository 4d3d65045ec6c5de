"""`manage.py sessions move`: moves all sessions to where the site's engine keeps them, while it serves.

How, is in `slipstream.sessions.bulk`; here are only the words and the progress.
"""

import argparse
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from slipstream.sessions import bulk
from slipstream.sessions.database_sessions import MOVING_BACK
from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.redis_sessions import ENGINE

__all__ = ["Command"]

PROGRESS_SECONDS = 1.0


class Command(BaseCommand):
    """The one command; what it does is its first word."""

    help = "Move all sessions to the present engine: into Redis, or from there into the database."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the word."""
        parser.add_argument("what", choices=("move",))

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do it; an error is one line and exit status 1."""
        directions = {
            ENGINE: ("from the database to Redis", bulk.in_database, bulk.to_redis),
            MOVING_BACK: ("from Redis to the database", bulk.in_redis, bulk.to_database),
        }
        if settings.SESSION_ENGINE not in directions:
            raise CommandError(
                f"SESSION_ENGINE is {settings.SESSION_ENGINE!r}, which nothing moves to: turn "
                "redis-sessions on, or SLIPSTREAM['SESSIONS']['MOVE_BACK']"
            )
        where, count, move = directions[settings.SESSION_ENGINE]
        try:
            moved = self._show(move(), count(), where)
        except SessionUnavailable as error:
            raise CommandError(f"{error}; the same command goes on from here") from error
        self.stdout.write(f"moved {moved:,} sessions {where}")

    def _show(self, done: Iterator[int], total: int, where: str) -> int:
        moved, shown = 0, time.monotonic()
        for moved in done:
            if time.monotonic() - shown >= PROGRESS_SECONDS:
                shown = time.monotonic()
                self.stderr.write(f"{moved:,} of {total:,} {where}", style_func=str)
        return moved

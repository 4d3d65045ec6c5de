"""`manage.py seed`: fills the site with made-up students, posts and comments.

What they are is in campus.seeding; here are only the options and the messages.
"""

import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campus.seeding import progress, tables, writer
from campus.seeding.students import MOST, username


class Command(BaseCommand):
    help = (
        "Fills the site with sample data: students with friends, posts and comments, always the"
        f" same ones. All of them log in with the password '{writer.PASSWORD}'."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--users", type=int, default=2_000, help="how many students (%(default)s)"
        )
        parser.add_argument("--seed", type=int, default=1, help="another seed, other students")
        parser.add_argument("--flush", action="store_true", help="remove what is there first")
        parser.add_argument("--noinput", action="store_true", help="ask nothing before --flush")

    def handle(self, *, users: int, seed: int, flush: bool, noinput: bool, **_: Any) -> None:
        if not 0 < users <= MOST:
            raise CommandError(f"--users is {users}: give a number from 1 to {MOST}")
        if flush:
            self._flush(ask=not noinput)
        start = tables.seeded()
        if start >= users:
            self.stdout.write(f"Nothing to do: {start:,} students are there, {users:,} wanted.")
            return
        with _interruptible():
            self._write(seed, start, users)
        self.stdout.write(
            f"{users:,} students are there: {username(0)} to {username(users - 1)}, all with the"
            f" password '{writer.PASSWORD}'."
        )

    def _flush(self, *, ask: bool) -> None:
        if (
            ask
            and input(
                "This removes all colleges, profiles, friendships, posts and comments,"
                " and the sample students' accounts. Type 'yes' to go on: "
            )
            != "yes"
        ):
            raise CommandError("Nothing was removed.")
        tables.flush()

    def _write(self, seed: int, start: int, users: int) -> None:
        try:
            progress.show(
                writer.write(seed, start, users), start=start, stop=users, out=self.stderr
            )
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted: {tables.seeded():,} of {users:,} students are there, complete;"
                " the same command goes on from here.",
                returncode=130,
            ) from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """A container is stopped by SIGTERM: let it end like Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""A writer: increments its own column of rows, and acknowledges what it knows to be committed."""

import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg
from django.db import connection, transaction
from django.db.models import F

from tests.races.board import Board, cell
from tests.races.models import Counter
from tests.races.options import Setting
from tests.races.schema import COLUMNS, KINDS, TABLE
from tests.races.steps import Steps

BEFORE_DOOM = 2
LONGEST_REST_SECONDS = 1.0
NEVER = sys.maxsize
GONE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Doom:
    """The step of a kind of write at which the writer kills itself."""

    kind: str
    step: int


class GivenUpError(Exception):
    """A transaction that is meant to be rolled back."""


class Writer:
    """The one writer of a column at a time; another takes over once it is dead."""

    def __init__(self, number: int, setting: Setting, board: Board) -> None:
        self.number = number
        self.setting = setting
        self.board = board
        self.column = COLUMNS[number]
        self.random = random.Random(f"{setting.options.seed} {number} {time.monotonic_ns()}")
        self.steps = Steps()
        self.known: list[int] = []

    @property
    def name(self) -> str:
        return f"races-writer-{self.number}"

    def run(self, doom: Doom | None = None) -> None:
        """Write until the run is over, or up to the doomed write."""
        self.take_over()
        written = 0
        while not self.board.stopped:
            doomed = doom is not None and written == BEFORE_DOOM
            kind = doom.kind if doom and doomed else self.random.choice(KINDS)
            try:
                self.write(kind, doom.step if doom and doomed else None)
            except Exception:
                self.board["unwritten"][self.number] += 1
                self.tell(kind=kind, failed=traceback.format_exc())
                self.take_over()
            if written >= BEFORE_DOOM:
                self.note_steps(kind)
            written += 1
            if doom is None or written > BEFORE_DOOM:
                self.rest()

    def rest(self) -> None:
        """Let readers read a number of times, so that a slow machine has as many hits as a fast one."""
        some = self.random.expovariate(1 / self.setting.options.reads_per_write)
        enough = self.board.total("reads") + some
        end = time.monotonic() + LONGEST_REST_SECONDS
        while self.board.total("reads") < enough and time.monotonic() < end:
            time.sleep(0.001)

    def write(self, kind: str, doomed_at: int | None) -> None:
        """Write once and acknowledge it."""
        self.steps.arm(NEVER if doomed_at is None else doomed_at)
        first, second = sorted(self.random.sample(range(1, self.board.options.rows + 1), 2))
        committed = WRITES[kind](self, first, second)
        self.steps.point()
        self.steps.armed_for = None
        if doomed_at is not None:
            self.board["survived"][self.number] = 1
        for pk in committed:
            self.known[pk] += 1
            self.board["acknowledged"][cell(pk, self.number)] = self.known[pk]
        self.board["writes"][self.number] += 1

    def note_steps(self, kind: str) -> None:
        """Note how many steps a write took, once connections and catalogs are there."""
        place = self.number * len(KINDS) + KINDS.index(kind)
        self.board["steps"][place] = self.steps.passed

    def take_over(self) -> None:
        """Read what is committed, once no server process of a predecessor can commit any more."""
        connection.close()
        with psycopg.connect(self.setting.dsn, autocommit=True) as control:
            self._end_predecessors(control)
            rows = control.execute(f"SELECT id, {self.column} FROM {TABLE}").fetchall()  # noqa: S608 - our own names
        values: dict[int, int] = dict(rows)
        self.known = [0, *(values[pk] for pk in range(1, len(values) + 1))]
        for pk, value in values.items():
            self.board["acknowledged"][cell(pk, self.number)] = value

    def _end_predecessors(self, control: "psycopg.Connection[tuple[object, ...]]") -> None:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
        deadline = time.monotonic() + GONE_SECONDS
        while control.execute(end, (self.name,)).fetchall():
            if time.monotonic() > deadline:
                raise AssertionError(f"server processes of {self.name} don't end")
            time.sleep(0.005)

    def tell(self, **facts: object) -> None:
        """Write what failed to this writer's file."""
        path = self.setting.folder / f"writer-{self.number}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"ns": time.monotonic_ns(), **facts}) + "\n")

    # --- kinds of writes: each returns the rows that it has incremented

    def increment(self, pk: int) -> None:
        Counter.objects.filter(pk=pk).update(**{self.column: F(self.column) + 1})

    def autocommit(self, first: int, _second: int) -> tuple[int, ...]:
        self.increment(first)
        return (first,)

    def save(self, first: int, _second: int) -> tuple[int, ...]:
        row = Counter(pk=first, **{self.column: self.known[first] + 1})
        row.save(update_fields=[self.column])
        return (first,)

    def raw(self, first: int, _second: int) -> tuple[int, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {TABLE} SET {self.column} = {self.column} + 1 WHERE id = %s",  # noqa: S608 - our own names
                [first],
            )
        return (first,)

    def atomic(self, first: int, second: int) -> tuple[int, ...]:
        with transaction.atomic():
            self.increment(first)
            self.increment(second)
            self.expect_own(first, 1)
        return (first, second)

    def savepoint(self, first: int, second: int) -> tuple[int, ...]:
        with transaction.atomic():
            self.increment(first)
            try:
                with transaction.atomic():
                    self.increment(second)
                    self.expect_own(second, 1)
                    raise GivenUpError
            except GivenUpError:
                self.expect_own(second, 0)
        return (first,)

    def rollback(self, first: int, _second: int) -> tuple[int, ...]:
        try:
            with transaction.atomic():
                self.increment(first)
                self.expect_own(first, 1)
                raise GivenUpError
        except GivenUpError:
            return ()

    def expect_own(self, pk: int, more: int) -> None:
        """Count a read inside of a transaction that doesn't see what it wrote itself."""
        found = getattr(Counter.objects.get(pk=pk), self.column)
        if found != self.known[pk] + more:
            self.board["own"][self.number] += 1
            self.tell(own=found, expected=self.known[pk] + more)


WRITES: Mapping[str, Callable[[Writer, int, int], tuple[int, ...]]] = {
    "autocommit": Writer.autocommit,
    "save": Writer.save,
    "raw": Writer.raw,
    "atomic": Writer.atomic,
    "savepoint": Writer.savepoint,
    "rollback": Writer.rollback,
}

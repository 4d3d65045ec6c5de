"""A writer: increments its own column of rows, and acknowledges what it knows to be committed."""

import json
import random
import sys
import time
import traceback

import psycopg
from django.db import connection

from tests.races.board import CALM, Board, cell
from tests.races.doom import Doom
from tests.races.options import Setting
from tests.races.schema import COLUMNS, KINDS, MOST_STEPS, TABLE
from tests.races.steps import Steps
from tests.races.writes import WRITES, Column

WARM_AFTER = 2
"""Writes after which connections and catalogs are there, so that steps are those of the write."""
DOOMED_WRITES = 100
LONGEST_REST_SECONDS = 5.0
NAP_SECONDS = 0.005
NEVER = sys.maxsize
GONE_SECONDS = 10


class Writer:
    """The one writer of a column at a time; another takes over once it is dead."""

    def __init__(self, number: int, setting: Setting, board: Board) -> None:
        self.number = number
        self.setting = setting
        self.board = board
        self.column = Column(COLUMNS[number], self._tell_of_own)
        self.random = random.Random(f"{setting.options.seed} {number} {time.monotonic_ns()}")
        self.steps = Steps()

    @property
    def name(self) -> str:
        return f"races-writer-{self.number}"

    @property
    def doom(self) -> Doom | None:
        """Where this writer has been told to die."""
        return Doom.of(self.board["doom"][self.number])

    def run(self) -> None:
        """Write until the run is over, or until it is told to die and comes to that step."""
        self.take_over()
        for _ in range(WARM_AFTER):
            self.attempt(self.random.choice(KINDS), NEVER)
        while not self.board.stopped:
            if self.doom:
                self.write_until_dead(self.doom)
            self.note_steps(self.random.choice(KINDS))
            self.rest()

    def write_until_dead(self, doom: Doom) -> None:
        """Make writes of one kind until one of them comes to the step; if none does, live on."""
        for _ in range(DOOMED_WRITES):
            if not self.board.stopped:
                self.attempt(doom.kind, doom.step)
        self.board["doom"][self.number] = 0

    def note_steps(self, kind: str) -> None:
        """Write, and note how many steps it took if nothing was done to the cache or to writers."""
        calm = self.is_calm
        if self.attempt(kind, NEVER) and calm and self.is_calm:
            taken = min(self.steps.passed, MOST_STEPS - 1)
            place = self.number * len(KINDS) + KINDS.index(kind)
            self.board["steps"][place * MOST_STEPS + taken] += 1

    @property
    def is_calm(self) -> bool:
        return self.board["phase"][0] == CALM

    def attempt(self, kind: str, dies_at: int) -> bool:
        """Write, or note why it couldn't be done."""
        try:
            self.write(kind, dies_at)
        except Exception:
            self.steps.disarm()
            self.board["unwritten"][self.number] += 1
            self.tell(kind=kind, failed=traceback.format_exc())
            self.take_over()
            return False
        return True

    def write(self, kind: str, dies_at: int) -> None:
        """Write once and acknowledge it."""
        first, second = sorted(self.random.sample(range(1, self.board.options.rows + 1), 2))
        self.steps.arm(dies_at)
        committed = WRITES[kind](self.column, first, second)
        self.steps.point()
        self.steps.disarm()
        for pk in committed:
            self.column.known[pk] += 1
            self.board["acknowledged"][cell(pk, self.number)] = self.column.known[pk]
        self.board["writes"][self.number] += 1

    def rest(self) -> None:
        """Let readers read a number of times, so that a slow machine has as many hits as a fast one."""
        options = self.setting.options
        some = self.random.expovariate(1 / (options.reads_per_write * options.writers))
        enough = self.board.total("reads") + some
        end = time.monotonic() + LONGEST_REST_SECONDS
        while not self.doom and self.board.total("reads") < enough and time.monotonic() < end:
            time.sleep(NAP_SECONDS)

    def take_over(self) -> None:
        """Read what is committed, once no server process of a predecessor can commit any more."""
        connection.close()
        with psycopg.connect(self.setting.dsn, autocommit=True) as control:
            self._end_predecessors(control)
            rows = control.execute(f"SELECT id, {self.column.name} FROM {TABLE}").fetchall()  # noqa: S608 - our own names
        values: dict[int, int] = dict(rows)
        self.column.take_over([values[pk] for pk in range(1, len(values) + 1)])
        for pk, value in values.items():
            self.board["acknowledged"][cell(pk, self.number)] = value

    def _end_predecessors(self, control: "psycopg.Connection[tuple[object, ...]]") -> None:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
        deadline = time.monotonic() + GONE_SECONDS
        while control.execute(end, (self.name,)).fetchall():
            if time.monotonic() > deadline:
                raise AssertionError(f"server processes of {self.name} don't end")
            time.sleep(NAP_SECONDS)

    def _tell_of_own(self, found: int, expected: int) -> None:
        self.board["own"][self.number] += 1
        self.tell(own=found, expected=expected)

    def tell(self, **facts: object) -> None:
        """Write what failed to this writer's file."""
        path = self.setting.folder / f"writer-{self.number}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"ns": time.monotonic_ns(), **facts}) + "\n")

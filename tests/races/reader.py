"""A reader: notes what is acknowledged, reads through the ORM, and compares."""

import json
import operator
import random
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from tests.races.board import PHASES, Board, cell
from tests.races.models import Counter
from tests.races.options import Setting
from tests.races.schema import COLUMNS, name_of

WIDTH = len(COLUMNS)
DETAILED = 20

Read = tuple[Sequence[int], Sequence[int]]  # cells of the board, and the values read for them


class Reader:
    """Counts into its own cells of the board."""

    def __init__(self, number: int, setting: Setting, board: Board) -> None:
        self.number = number
        self.board = board
        self.rows = setting.options.rows
        self.random = random.Random(setting.options.seed * 1000 + number)
        self.path = setting.folder / f"reader-{number}.jsonl"
        self.executed = 0
        self.detailed = 0
        self.seen = [0] * (self.rows * WIDTH)
        self.seen_sums = [0] * WIDTH
        # One aggregate and one list for several rows, as on a site.
        self.kinds: tuple[tuple[str, Callable[[], bool]], ...] = (
            *(("row", self.row),) * 4,
            ("unique", self.unique),
            *(("list", self.rows_in_order),) * 2,
            ("aggregate", self.aggregate),
            ("in a transaction", self.in_transaction),
        )

    def run(self) -> None:
        """Read until the run is over."""
        connection.execute_wrappers.append(self._count)
        while not self.board.stopped:
            self.once(*self.random.choice(self.kinds))

    def _count(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.executed += 1
        return execute(*arguments)

    def once(self, name: str, read: Callable[[], bool]) -> None:
        """Make one read and count it. A hit is a read without any SQL."""
        phase = self.board["phase"][0]
        executed, begun = self.executed, time.monotonic_ns()
        try:
            fine = read()
        except Exception:
            self.board["failed"][self.number] += 1
            self.tell(read=name, failed=traceback.format_exc())
            return
        hit = executed == self.executed
        mine = self.number * PHASES + phase
        self.board["reads"][mine] += 1
        if hit:
            self.board["hits"][mine] += 1
            if name == "list":
                self.board["list_hit_ns"][self.number] = begun
        if not fine:
            self.tell(read=name, hit=hit, phase=phase, begun_ns=begun)

    # --- kinds of reads; each notes what is acknowledged BEFORE it begins

    def row(self) -> bool:
        pk = self.random.randint(1, self.rows)
        floor = self._acknowledged(pk)
        return self.compare(pk, floor, Counter.objects.get(pk=pk).values)

    def unique(self) -> bool:
        pk = self.random.randint(1, self.rows)
        floor = self._acknowledged(pk)
        return self.compare(pk, floor, Counter.objects.get(name=name_of(pk)).values)

    def rows_in_order(self) -> bool:
        floor = self.board["acknowledged"].tolist()
        found = Counter.objects.order_by("pk").values_list(*COLUMNS)
        return self.compare(1, floor, [value for row in found for value in row])

    def in_transaction(self) -> bool:
        with transaction.atomic():
            return self.row() and self.rows_in_order()

    def aggregate(self) -> bool:
        floor = self.board["acknowledged"].tolist()
        sums = Counter.objects.aggregate(**{f"sum_{name}": Sum(name) for name in COLUMNS})
        values = [sums[f"sum_{name}"] for name in COLUMNS]
        least = [sum(floor[column::WIDTH]) for column in range(WIDTH)]
        seen = [
            max(known, sum(self.seen[column::WIDTH])) for column, known in enumerate(self.seen_sums)
        ]
        self.seen_sums = list(map(max, seen, values))
        return self._judge("sums", least, seen, values)

    # --- judgement

    def _acknowledged(self, pk: int) -> list[int]:
        return self.board["acknowledged"][cell(pk, 0) : cell(pk, WIDTH)].tolist()

    def compare(self, pk: int, floor: Sequence[int], values: Sequence[int]) -> bool:
        """Compare values of the rows from `pk` on; count what is stale and what went back."""
        part = slice(cell(pk, 0), cell(pk, 0) + len(floor))
        seen = self.seen[part]
        self.seen[part] = map(max, seen, values)
        return self._judge(f"rows from {pk}", floor, seen, values)

    def _judge(
        self, what: str, floor: Sequence[int], seen: Sequence[int], values: Sequence[int]
    ) -> bool:
        if len(values) != len(floor):
            raise AssertionError(f"{what}: {len(values)} values were read, {len(floor)} are there")
        stale = any(map(operator.lt, values, floor))
        back = any(map(operator.lt, values, seen))
        if stale or back:
            self.board["stale"][self.number] += stale
            self.board["back"][self.number] += back
            self.tell(what=what, values=values, acknowledged=floor, seen=seen)
        return not (stale or back)

    def tell(self, **facts: Any) -> None:
        """Write the first few of what was found to this reader's file."""
        self.detailed += 1
        if self.detailed <= 2 * DETAILED:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"ns": time.monotonic_ns(), **facts}) + "\n")

"""A reader: notes what is acknowledged, reads through the ORM, and compares."""

import json
import operator
import random
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
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
        one, rows = Counter.objects.all(), range(1, self.rows + 1)
        self.by_pk = {pk: one.filter(pk=pk) for pk in rows}
        self.by_name = {pk: one.filter(name=name_of(pk)).values_list(*COLUMNS) for pk in rows}
        self.in_order = one.order_by("pk").values_list(*COLUMNS)
        # One aggregate and one list for several rows, as on a site.
        self.turns: tuple[Callable[[], None], ...] = (
            *(partial(self.once, "row", self.row),) * 4,
            partial(self.once, "unique", self.unique),
            *(partial(self.once, "list", self.rows_in_order),) * 2,
            partial(self.once, "aggregate", self.aggregate),
            self.in_transaction,
        )

    def run(self) -> None:
        """Read until the run is over."""
        connection.execute_wrappers.append(self._count)
        while not self.board.stopped:
            self.random.choice(self.turns)()

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

    # --- kinds of reads; each notes what is acknowledged BEFORE it begins. Their querysets were
    # built once: a copy of one is read, with its SQL compiled anew, in half of the time.

    def row(self) -> bool:
        pk = self.random.randint(1, self.rows)
        floor = self._acknowledged(pk)
        return self.compare(pk, floor, self.by_pk[pk].get().values)

    def unique(self) -> bool:
        pk = self.random.randint(1, self.rows)
        floor = self._acknowledged(pk)
        (found,) = self.by_name[pk].all()
        return self.compare(pk, floor, found)

    def rows_in_order(self) -> bool:
        floor = self.board["acknowledged"].tolist()
        return self.compare(1, floor, list(chain.from_iterable(self.in_order.all())))

    def in_transaction(self) -> None:
        with transaction.atomic():
            self.once("row", self.row)
            self.once("list", self.rows_in_order)

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

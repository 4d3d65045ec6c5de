"""The operations that are timed, on the sample site's profiles, and their round trips."""

import gc
import random
import secrets
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter, thread_time

from django.db import transaction

from benchmarks.querycache.plan import OPERATIONS, Plan
from benchmarks.querycache.priming import counted_sql, prime
from benchmarks.querycache.trips import RoundTrips
from campus.models import Profile

__all__ = ["Operations"]

COUNTED = 12
ROWS = 100
WARM_UP = 3


class Operations:
    """One process's share of the measurement."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = random.Random(plan.seed)  # noqa: S311 - an order of turns
        pks = list(Profile.objects.order_by("pk").values_list("pk", flat=True))
        self.hot, self.written = pks[0], pks[1:11]
        # Rows that nothing has read yet, in this cache that was emptied for this process.
        self.unread: Iterator[int] = iter(pks[11:])
        self.by_name: Mapping[str, Callable[[], object]] = {
            "one-row hit": self.row,
            "100-row hit": self.rows,
            "100-row hit, joined": self.joined_rows,
            "miss, a list": self.new_list,
            "miss, a row": self.new_row,
            "autocommit write": self.write,
            "atomic write": self.atomic_write,
        }

    # --- operations

    def row(self) -> object:
        return Profile.objects.get(pk=self.hot)

    def rows(self) -> object:
        return self._all_of(Profile.objects.order_by("pk")[:ROWS])

    def joined_rows(self) -> object:
        """What the people page lists: instances of four tables for each row."""
        return self._all_of(Profile.objects.cards().order_by("name", "pk")[:ROWS])

    @staticmethod
    def _all_of(rows: Iterable[Profile]) -> list[Profile]:
        found = list(rows)
        assert len(found) == ROWS, f"{len(found)} rows"  # noqa: S101 - of the measurement itself
        return found

    def new_list(self) -> object:
        begin = f"A{secrets.token_hex(8)}"
        return list(Profile.objects.filter(name__gte=begin).order_by("name", "pk")[:1])

    def new_row(self) -> object:
        return Profile.objects.get(pk=next(self.unread))

    def write(self) -> object:
        rows = Profile.objects.filter(pk=self.random.choice(self.written))
        about = secrets.token_hex(8)
        # Of an ordinary `update`, cacheops takes no notice.
        update = rows.invalidated_update if self.plan.library == "cacheops" else rows.update  # type: ignore[attr-defined]
        changed = update(about=about)
        assert changed == 1, changed  # noqa: S101 - of the measurement itself
        return changed

    def atomic_write(self) -> object:
        with transaction.atomic():
            return self.write()

    # --- measurements

    def _prime(self, name: str) -> None:
        """Make a hit of the next one, where it is to be one; a write makes misses of them again."""
        if self.plan.library != "none" and "hit" in name:
            prime(self.by_name[name], name)

    def timed(self) -> dict[str, dict[str, float]]:
        """Return the median microseconds of each operation, by the clock and of this CPU's time."""
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in OPERATIONS}
        self._check()
        gc.disable()
        for _ in range(self.plan.rounds):
            for name in self.random.sample(list(OPERATIONS), len(OPERATIONS)):
                self._prime(name)
                seconds[name] += self._times(self.by_name[name], OPERATIONS[name])
                gc.collect()
        return {
            kind: {
                name: statistics.median(t[n] for t in times) * 1e6
                for name, times in seconds.items()
            }
            for n, kind in enumerate(("clock", "cpu"))
        }

    @staticmethod
    def _times(operation: Callable[[], object], count: int) -> list[tuple[float, float]]:
        times = []
        for number in range(-WARM_UP, count):
            start, cpu = perf_counter(), thread_time()
            operation()
            end_cpu, end = thread_time(), perf_counter()
            if number >= 0:
                times.append((end - start, end_cpu - cpu))
        return times

    def _check(self) -> None:
        """Raise where a miss would be a hit, or a hit isn't one."""
        for name in ("miss, a list", "miss, a row"):
            with counted_sql() as seen:
                self.by_name[name]()
            if not seen:
                raise SystemExit(f"error: {name!r} was answered by the cache")
        for name in OPERATIONS:
            self._prime(name)

    def round_trips(self) -> dict[str, float]:
        """Return how often each operation waits for the cache server."""
        self._check()
        trips = RoundTrips()
        counts = {}
        for name, operation in self.by_name.items():
            self._prime(name)
            operation()
            taken = []
            for _ in range(COUNTED):
                before = trips.count
                operation()
                taken.append(trips.count - before)
            counts[name] = float(statistics.median(taken))
        return counts

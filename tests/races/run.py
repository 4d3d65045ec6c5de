"""A run: calm, a fault, the time until the table is cacheable again, and so on until it is over."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg

from tests.races.board import CALM, TROUBLED, Board
from tests.races.crew import Crew
from tests.races.faults import evict, restart
from tests.races.options import Setting
from tests.races.schema import CREATE, KINDS, TABLE, name_of
from tests.races.writer import Doom

__all__ = ["Found", "race"]

START = "start"
LEAST_CALM_HITS = 0.5
MOST_RECOVERY_HOLDS = 2


@dataclass(slots=True)
class Found:
    """What came of a run."""

    counters: dict[str, int] = field(default_factory=dict)
    calm_hit_ratio: float = 0.0
    hit_ratio: float = 0.0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    killed_at: dict[str, list[int]] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    recovery_seconds: dict[str, list[float]] = field(default_factory=dict)

    def problems(self, setting: Setting) -> list[str]:
        """Return what breaks a promise, one line each."""
        options, counted = setting.options, self.counters
        broken = [f"{counted[name]} {name}" for name in ("stale", "back", "own") if counted[name]]
        if not options.judged_in_full:
            return broken
        broken += [f"{counted[name]} {name}" for name in ("failed", "unwritten") if counted[name]]
        if self.calm_hit_ratio < LEAST_CALM_HITS:
            broken.append(f"hit ratio {self.calm_hit_ratio:.2f} when calm, below {LEAST_CALM_HITS}")
        limit = MOST_RECOVERY_HOLDS * options.hold_seconds
        for fault, seconds in self.recovery_seconds.items():
            if fault != START and max(seconds) > limit:
                broken.append(f"not cacheable {max(seconds):.1f} s after {fault}, above {limit} s")
        return broken


def race(setting: Setting, say: Callable[[str], None]) -> Found:
    """Run it; the services are there, Django is set up, and nothing has been connected."""
    options = setting.options
    _make_table(setting)
    board = Board(setting.folder / "board", options)
    crew = Crew(setting, board)
    race = _Race(setting, board, crew)
    started = time.monotonic()
    crew.start()
    try:
        for said in race.rounds(started):
            say(said)
            crew.check()
    finally:
        crew.stop()
    race.found.seconds = time.monotonic() - started
    race.count()
    return race.found


def _make_table(setting: Setting) -> None:
    rows = [(pk, name_of(pk)) for pk in range(1, setting.options.rows + 1)]
    with psycopg.connect(setting.dsn) as control, control.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(CREATE)
        cursor.executemany(f"INSERT INTO {TABLE} (id, name) VALUES (%s, %s)", rows)  # noqa: S608 - our own name


class _Race:
    def __init__(self, setting: Setting, board: Board, crew: Crew) -> None:
        self.setting = setting
        self.options = setting.options
        self.board = board
        self.crew = crew
        self.random = random.Random(setting.options.seed)
        self.found = Found()
        self.tried: Counter[tuple[str, int]] = Counter()
        self.killed_at: set[tuple[str, int]] = set()
        self.faults: dict[str, Callable[[], int]] = {
            "kill": self._kill,
            "evict": lambda: evict(setting.server, self.random),
            "restart": lambda: restart(setting.server, self.random),
        }

    def rounds(self, started: float) -> Iterator[str]:
        self.board["phase"][0] = TROUBLED
        self._recover(START, time.monotonic_ns())
        time.sleep(self.options.calm_seconds)  # each row is missed once; that isn't counted as calm
        while not self._over(started):
            for fault in self.options.faults or ("none",):
                self._calm()
                if fault != "none":
                    self._fault(fault)
                yield self._progress(fault, time.monotonic() - started)

    def _over(self, started: float) -> bool:
        if self.options.reads:
            return self.board.total("reads") >= self.options.reads
        return time.monotonic() - started >= self.options.seconds

    def _calm(self) -> None:
        self.board["phase"][0] = CALM
        time.sleep(self.options.calm_seconds)

    def _fault(self, name: str) -> None:
        self.board["phase"][0] = TROUBLED
        count = self.faults[name]()
        self.found.faults[name] = self.found.faults.get(name, 0) + count
        self._recover(name, time.monotonic_ns())

    def _recover(self, fault: str, since_ns: int) -> None:
        """Wait for a hit of the list, which began after the fault was over."""
        limit_ns = since_ns + int((2 * MOST_RECOVERY_HOLDS * self.options.hold_seconds + 1) * 1e9)
        while max(self.board["list_hit_ns"]) < since_ns and time.monotonic_ns() < limit_ns:
            time.sleep(0.005)
        seconds = (time.monotonic_ns() - since_ns) / 1e9
        self.found.recovery_seconds.setdefault(fault, []).append(seconds)

    def _kill(self) -> int:
        """Kill some writers, each at a step that was not or seldom tried yet."""
        killed = 0
        for turn in range(self.options.kills):
            known = [(kind, step) for kind in KINDS for step in range(self._steps(kind))]
            chosen = min(known, key=lambda place: (self.tried[place], self.random.random()))
            self.tried[chosen] += 1
            doom = Doom(kind=chosen[0], step=chosen[1])
            if self.crew.replace(turn % self.options.writers, doom):
                self.killed_at.add(chosen)
                killed += 1
        return killed

    def _steps(self, kind: str) -> int:
        """Return how many steps a write of this kind takes now."""
        return max(self.board["steps"][KINDS.index(kind) :: len(KINDS)])

    def count(self) -> None:
        """Take over what the processes have counted."""
        board = self.board
        names = ("reads", "hits", "stale", "back", "failed", "writes", "own", "unwritten")
        self.found.counters = {name: board.total(name) for name in names}
        reads, calm = board.total("reads"), board.of_phase("reads", CALM)
        self.found.steps = {kind: self._steps(kind) for kind in KINDS}
        for kind in KINDS:
            self.found.killed_at[kind] = sorted(s for k, s in self.killed_at if k == kind)
        self.found.hit_ratio = board.total("hits") / max(1, reads)
        self.found.calm_hit_ratio = board.of_phase("hits", CALM) / max(1, calm)

    def _progress(self, fault: str, seconds: float) -> str:
        self.count()
        counted = self.found.counters
        last = self.found.recovery_seconds.get(fault, [0.0])[-1]
        return (
            f"{seconds:5.0f} s  {fault:8} cacheable after {last:4.1f} s; {counted['reads']} reads, "
            f"{counted['writes']} writes, {counted['stale']} stale, {counted['back']} back, "
            f"calm hit ratio {self.found.calm_hit_ratio:.2f}"
        )

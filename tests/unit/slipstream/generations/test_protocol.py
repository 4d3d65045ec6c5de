"""Reader and Writer, the real ones, under every schedule of a few switches, and under random ones.

The model of the protocol is searched in `test_model.py`; here it is the code that must not be stale.
"""

import random
from collections.abc import Callable, Sequence

import pytest

from slipstream.generations import tags
from slipstream.generations.item import Item, held, new_token
from slipstream.generations.items import Items
from slipstream.generations.reading import LIFT_AFTER, Beginning, Reader
from slipstream.generations.signing import Signer
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.writing import Mark, Writer

from .schedules import Choice, Decisions, Killed, MemoryStore, Run, every_schedule

HOLD_SECONDS = 3.0
LIFT_SECONDS = LIFT_AFTER * HOLD_SECONDS
ENTRY = "q:entry"
TABLE, ROW, ALL = tags.table("book"), tags.row("book", "1"), tags.all_rows("book")
LIST, PINNED = (TABLE,), (ALL, ROW, TABLE)
"""What a list and a row's entry need; the row's depends on all but the last."""
SIGNER = Signer("a secret")


class World:
    """A store, a database of one value, and a clock.

    No hit may be older than what was committed when it began, so that nobody sees a value go back.
    """

    def __init__(
        self,
        decide: Callable[[int, Sequence[int]], Choice | None] = lambda _step, _others: None,
        *,
        backwards: bool = False,
        late: bool = False,
    ) -> None:
        self.run = Run(decide)
        self.store = MemoryStore(self.run.point, backwards=backwards, late=late)
        self.items = Items(self.store, SIGNER, space="test")
        self.now = 0.0
        self.committed = self.hits = 0

    def put(self, tag: str, item: Item) -> None:
        self.store.put(self.items.key(tag), self.items.sealed(tag, item))

    def evict(self, *lost: str) -> None:
        for tag in lost:
            self.store.delete(self.items.key(tag))

    def item(self, tag: str) -> Item | None:
        return self.items.versions([tag])[tag].item

    def usable(self, *free: str) -> "World":
        for tag in free:
            self.put(tag, Item(generation=new_token()))
        return self

    def reader(self) -> Reader:
        return Reader(self.items, hold_seconds=HOLD_SECONDS, clock=lambda: self.now)

    def writer(self) -> Writer:
        return Writer(self.items, hold_seconds=HOLD_SECONDS, clock=lambda: self.now)

    def writes(
        self,
        *written: str,
        mark: Mark | None = None,
        dies: bool = False,
        loses: str = "",
        lost: Callable[[], bool] = lambda: False,
    ) -> Callable[[], None]:
        """Return a transaction. lost: whether the COMMIT of a killed one is applied all the same.

        mark: made before. loses: the tag of an item that is evicted once it is marked. dies: once
        its COMMIT is applied.
        """

        def program() -> None:
            started = self.now
            made = mark or self.writer().mark(written)
            self.evict(loses)
            try:
                self.run.point()
            except Killed:
                self.committed += lost() and self.now - started < HOLD_SECONDS
                raise
            if self.now - started >= HOLD_SECONDS:
                raise Killed  # such a COMMIT is not sent
            self.committed += 1
            if not dies:
                self.writer().unmark(made)

        return program

    def reads(self, needed: Sequence[str], times: int = 2) -> Callable[[], None]:
        """Return a program that reads some times, through one Reader."""
        reader = self.reader()

        def program() -> None:
            for _ in range(times):
                self.read(reader, needed)

        return program

    def read(self, reader: Reader, needed: Sequence[str]) -> None:
        floor = self.committed
        depends = len(needed) - 1 if len(needed) > 1 else len(needed)
        entry, found = reader.read(needed, ENTRY)
        if entry is not None and entry[1:] == b"".join(one or b"" for one in found[:depends]):
            assert entry[0] >= floor, f"a hit returns {entry[0]}, {floor} was there when it began"
            self.hits += 1
            return
        usable = reader.usable(needed, found)
        beginning = None if usable is None else reader.begin(needed, usable)
        self.run.point()
        value = self.committed
        begun = None if beginning is None else beginning.begun()
        if begun is not None:
            entry = bytes([value]) + b"".join(one or b"" for one in begun.values[:depends])
            self.store.set(ENTRY, entry, 60, after=begun.changes)


def _play_all(
    world: Callable[[Callable[[int, Sequence[int]], Choice | None]], World],
    programs: Callable[[World], list[Callable[[], None]]],
    *,
    preemptions: int,
    evicted: Sequence[str] = (),
) -> int:
    """Play all schedules; in some, these items are evicted, all at once."""
    worlds: list[World] = []

    def play(decisions: Decisions) -> Run:
        there = world(lambda step, _others: _chosen(worlds[-1], decisions.get(step)))
        worlds[:] = [there]
        try:
            there.run.play(programs(there))
        except AssertionError as error:
            error.add_note(f"schedule: {dict(decisions)}")
            raise
        return there.run

    events = [("evict", evicted)] if evicted else []
    return sum(1 for _ in every_schedule(play, preemptions=preemptions, events=events))


def _chosen(world: World, choice: Choice | None) -> Choice | None:
    if choice is None or choice[0] != "evict":
        return choice
    return ("do", lambda: world.evict(*choice[1]))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("evicted", [(), (TABLE,)])
@pytest.mark.parametrize("order", [1, -1])
def test_list_with_a_writer(order: int, backwards: bool, evicted: tuple[str, ...]) -> None:
    played = _play_all(
        lambda decide: World(decide, backwards=backwards).usable(TABLE),
        lambda world: [world.writes(TABLE), world.reads(LIST)][::order],
        preemptions=2 if evicted else 3,
        evicted=evicted,
    )
    assert played > 50


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("written", [(TABLE, ROW), (TABLE, ALL)])
def test_row_that_is_missing_with_a_writer(
    backwards: bool, late: bool, written: tuple[str, ...]
) -> None:
    played = _play_all(
        lambda decide: World(decide, backwards=backwards, late=late).usable(TABLE, ALL),
        lambda world: [world.writes(*written), world.reads(PINNED)],
        preemptions=3,
    )
    assert played > 50


def test_row_with_a_writer_that_dies_and_a_restart_at_any_point() -> None:
    played = _play_all(
        lambda decide: World(decide).usable(TABLE, ALL),
        lambda world: [
            world.writes(TABLE, ROW, dies=True),
            world.reads(PINNED),
            world.reads(PINNED),
        ],
        preemptions=1,
        evicted=PINNED,
    )
    assert played > 50


@pytest.mark.parametrize("late", [False, True])
def test_row_evicted_after_its_mark_with_a_writer_that_dies(late: bool) -> None:
    played = _play_all(
        lambda decide: World(decide, backwards=True, late=late).usable(TABLE, ALL),
        lambda world: [world.reads(PINNED), world.writes(TABLE, ROW, loses=ROW, dies=True)],
        preemptions=3,
    )
    assert played > 50


@pytest.mark.parametrize("step", range(15))
def test_row_that_lost_its_mark_is_never_usable(step: int) -> None:
    def marks_and_loses() -> None:
        world.writer().mark([TABLE, ROW])
        world.evict(ROW)

    def decide(number: int, _others: Sequence[int]) -> Choice | None:
        return ("do", marks_and_loses) if number == step else None

    world = World(decide).usable(TABLE, ALL)
    world.run.play([world.reads(PINNED)])
    table, row = world.item(TABLE), world.item(ROW)
    assert table is not None
    assert table.holds
    assert row is None or row.holds


def test_list_with_a_writer_that_ends_before_another_that_marked_first() -> None:
    played = _play_all(
        lambda decide: World(decide).usable(TABLE),
        lambda world: [
            world.reads(LIST),
            world.writes(TABLE),
            world.writes(mark=world.writer().mark(LIST), dies=True),
        ],
        preemptions=2,
    )
    assert played > 50


def _at_random(seed: int) -> World:
    chance = random.Random(seed)

    def decide(_step: int, others: Sequence[int]) -> Choice | None:
        drawn = chance.random()
        if drawn < 0.35 and others:
            return ("run", chance.choice(others))
        if drawn < 0.45:
            key = chance.choice([*map(world.items.key, PINNED), ENTRY])
            return ("do", lambda: world.store.delete(key))
        if drawn < 0.5:
            return ("do", later)
        return ("kill", None) if drawn < 0.52 else None

    def later() -> None:
        world.now += HOLD_SECONDS / 2

    world = World(decide, backwards=bool(seed % 2), late=seed % 4 > 1).usable(TABLE, ALL)
    needed = LIST if seed % 3 == 0 else PINNED
    lost = lambda: chance.random() < 0.5  # noqa: E731
    writers = [world.writes(TABLE, ROW, lost=lost), world.writes(TABLE, ALL, lost=lost)]
    world.run.play(
        [world.reads(needed, 4), *writers, world.reads(needed, 4), world.reads(needed, 3)]
    )
    return world


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_random_schedules_with_kills_and_evictions(first: int) -> None:
    hits = 0
    for seed in range(first, first + 250):
        try:
            world = _at_random(seed)
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
        hits += world.hits
        _comes_to_a_hit(world, LIST if seed % 3 == 0 else PINNED)
    assert hits > 100


def _comes_to_a_hit(world: World, needed: Sequence[str]) -> None:
    reader, before = world.reader(), world.hits
    for _ in range(6):
        world.read(reader, needed)
        world.now += LIFT_SECONDS
    assert world.hits > before


def _usable(reader: Reader, needed: Sequence[str] = LIST) -> list[bytes] | None:
    return reader.usable(needed, reader.read(needed)[1])


def test_quarantine_lifts_after_hold_seconds_by_the_readers_own_clock() -> None:
    world = World()
    first = world.reader()
    assert _usable(first) is None  # finds it missing
    quarantined = world.item(TABLE)
    assert quarantined is not None
    assert len(quarantined.holds) == 1
    assert _usable(first) is None  # sees the hold
    world.now += LIFT_SECONDS - 0.01
    assert _usable(first) is None
    assert world.item(TABLE) == quarantined
    world.now += 0.01
    second = world.reader()
    assert _usable(second) is None  # for it the hold is new
    assert world.item(TABLE) == quarantined
    assert _usable(first) is None  # lifts it
    assert _usable(second) is not None


def test_holds_of_others_stay_when_an_old_one_is_lifted() -> None:
    world, old, young = World(), new_token(), new_token()
    reader = world.reader()
    world.put(TABLE, held(old))
    _usable(reader)
    world.now += LIFT_SECONDS
    world.put(TABLE, held(old, young))
    assert _usable(reader) is None
    assert _holds(world, TABLE) == {young}


@pytest.mark.parametrize("foreign", [TABLE, ROW])
def test_unsigned_item_is_replaced_as_if_it_were_missing(foreign: str) -> None:
    world = World().usable(TABLE, ALL)
    world.store.put(world.items.key(foreign), b"g" + b"x" * 60)
    reader = world.reader()
    assert _usable(reader, PINNED) is None
    replaced = world.item(foreign)
    assert replaced is not None
    assert replaced.holds
    for _ in range(2):
        _usable(reader, PINNED)
        world.now += LIFT_SECONDS
    assert _usable(reader, PINNED) is not None


def _beginning_of_a_missing_row(world: World) -> Beginning:
    """What a reader knows that is about to SELECT a row that it found missing."""
    reader = world.reader()
    found = reader.usable(PINNED, reader.read(PINNED)[1])
    assert found is not None
    return reader.begin(PINNED, found)


@pytest.mark.parametrize("late", [False, True])
def test_missing_row_begins_at_once_where_its_table_is_free(late: bool) -> None:
    world = World(late=late).usable(TABLE, ALL)
    begun = _beginning_of_a_missing_row(world).begun()
    assert begun is not None
    world.store.set(ENTRY, b"an entry", 60, after=begun.changes)
    assert begun.values == world.reader().read(PINNED)[1]
    assert all(begun.values)


def test_row_does_not_begin_where_its_table_was_written_before_the_look_at_it() -> None:
    world = World(late=True).usable(TABLE, ALL)
    beginning = _beginning_of_a_missing_row(world)
    world.writer().unmark(world.writer().mark([TABLE]))
    assert beginning.begun() is None


def test_row_that_was_marked_during_the_select_is_not_begun() -> None:
    world = World().usable(TABLE, ALL)
    beginning = _beginning_of_a_missing_row(world)
    world.writer().unmark(world.writer().mark([TABLE, ROW]))
    begun = beginning.begun()
    assert begun is not None
    world.store.set(ENTRY, b"an entry", 60, after=begun.changes)
    assert _holds(world, ROW)


def test_row_that_nobody_could_select_is_left_held() -> None:
    world = World().usable(TABLE, ALL)
    _beginning_of_a_missing_row(world).drop()
    assert _usable(world.reader(), PINNED) is None
    assert _holds(world, ROW)


@pytest.mark.parametrize("late", [False, True])
def test_row_that_was_marked_and_let_go_while_it_began_is_not_begun(late: bool) -> None:
    """It has the same holds again, but what was read before may be what the writer replaced."""
    world = World(late=late).usable(TABLE, ALL)
    begun = _beginning_of_a_missing_row(world).begun()
    assert begun is not None
    world.writer().unmark(world.writer().mark([TABLE, ROW]))
    world.store.set(ENTRY, b"an entry", 60, after=begun.changes)
    assert _holds(world, ROW)


def _holds(world: World, tag: str) -> frozenset[bytes]:
    item = world.item(tag)
    assert item is not None
    return item.holds


def test_missing_row_is_quarantined_where_its_table_is_held() -> None:
    world = World().usable(TABLE, ALL)
    world.writer().mark([TABLE])
    assert _usable(world.reader(), PINNED) is None
    row = world.item(ROW)
    assert row is not None
    assert row.holds


def test_slow_mark_is_made_again_and_leaves_no_hold() -> None:
    world = World().usable(TABLE)
    before = world.item(TABLE)
    seconds = iter([0.0, HOLD_SECONDS / 2, 10.0, 10.1])
    writer = Writer(world.items, hold_seconds=HOLD_SECONDS, clock=lambda: next(seconds))
    mark = writer.mark([TABLE])
    assert next(seconds, None) is None
    assert _holds(world, TABLE) == {mark.hold}
    writer.unmark(mark)
    after = world.item(TABLE)
    assert after is not None
    assert after.generation
    assert after != before


def test_mark_that_is_always_slow_is_refused() -> None:
    world = World().usable(TABLE)
    ticks = iter(range(1000))
    writer = Writer(world.items, hold_seconds=1.0, clock=lambda: float(next(ticks)))
    with pytest.raises(StoreUnavailable, match="longer than half of HOLD_SECONDS"):
        writer.mark([TABLE])

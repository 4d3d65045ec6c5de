"""States of the protocol's model: items, entries, writers and readers as small tuples.

Each state has one canonical form. What can happen is in `model_steps.py`, the search in `model.py`.

A token is a small number. The generation that item `i` has now is `i + 1`; one that it had before
is renamed, and forgotten where nothing can be equal to it any more, for no generation returns. A
hold is a writer's, a beginning reader's, or nobody's. Of several holds of nobody on one item only
the youngest counts: it is lifted last, and until then they all say the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from slipstream.generations.item import Item, held, marked, released

NOBODY, WRITERS, READERS, BEGUN, FIRST, GONE, FRESH = 10, 20, 30, 39, 40, 50, 99
UNKNOWN, STALE, OLD = 0, -1, 9

ItemState = int | tuple[tuple[int, int], ...]
"""0: missing; a number: the generation; else the holds, each with its age in ticks."""
MISSING: ItemState = 0


class Writer(NamedTuple):
    """`todo`: the items still to mark, then those still to let go. `version`: what it committed."""

    at: str = "ready"
    age: int = 0
    todo: tuple[int, ...] = ()
    version: int = 0


class Reader(NamedTuple):
    """`todo`: what is still to be read, or begun. `vector`: tokens of the items an entry needs.

    floor: no hit may be older. guard: the table's generation. value: what the entry, or the
    SELECT, gave; -1 before: a row's item is added and its table looked at while the SELECT runs.
    """

    at: str = "idle"
    todo: tuple[int, ...] = ()
    vector: tuple[int, ...] = ()
    floor: int = 0
    value: int = -1
    guard: int = 0


READY, OVER, IDLE = Writer(), Writer("over"), Reader()
HOLDING = frozenset({"marking", "marked", "leaving"})
PENDING = frozenset({"marking", "marked", "lost"})
BEGINNING = frozenset({"adding", "looking", "selecting", "swapping"})
STORING = BEGINNING | {"reading", "storing"}
Entry = tuple[tuple[int, ...], int]


class State(NamedTuple):
    """All that there is. `seen`: the newest version that was acknowledged, or that a read returned."""

    items: tuple[ItemState, ...]
    entry: Entry | None
    committed: int
    seen: int
    evictions: int
    writers: tuple[Writer, ...]
    readers: tuple[Reader, ...]


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """What becomes of an item: the real ones, for mutants to replace."""

    marked: Callable[[Item | None, bytes, bytes], Item] = marked
    released: Callable[[Item | None, frozenset[bytes], bytes], Item] = released
    found_missing: Callable[[bytes], Item] = held


@dataclass(frozen=True, kw_only=True)
class Model:
    """Bounds and rules of one search.

    marks: the items that each writer marks, in order. needs: the items that an entry depends on.
    guard: the item that must be usable besides, for the others to begin; None: there are no rows.
    floor: what a hit must not be older than: all that was 'committed' when the read began (it
    implies the others), 'seen' or 'acknowledged'. evictions: None for any number.
    """

    marks: tuple[tuple[int, ...], ...]
    needs: tuple[int, ...]
    guard: int | None = None
    readers: int = 2
    evictions: int | None = None
    hold_ticks: int = 2
    floor: str = "committed"
    start: tuple[ItemState, ...] | None = None
    transitions: Transitions = Transitions()
    kills: bool = True
    slow_commits: bool = False
    lifts: bool = True
    counter: bool = False
    late_generations: bool = False
    unmark_first: bool = False
    begin_usable: bool = False
    second_look: bool = True

    @property
    def size(self) -> int:
        """Return the number of items."""
        return len({item for marks in self.marks for item in marks} | set(self.needs))

    def initial(self) -> State:
        """Return the state in which everything is usable and nothing is stored."""
        first = FIRST if self.counter else 1
        items = self.start or tuple(first + item for item in range(self.size))
        writers = tuple(READY for _ in self.marks)
        return State(items, None, 0, 0, self.evictions or 0, writers, (IDLE,) * self.readers)


def is_generation(item: ItemState) -> bool:
    """Say whether the item is usable."""
    return isinstance(item, int) and item != MISSING


def real(item: ItemState) -> Item | None:
    """Return the item as the code knows it."""
    if isinstance(item, tuple):
        return held(*(bytes([token]) for token, _ in item))
    return Item(generation=bytes([item])) if item else None


def modelled(item: Item, before: ItemState) -> ItemState:
    """Return the code's item as the model knows it; new holds are of age 0."""
    if not item.holds:
        return item.generation[0]
    ages = dict(before) if isinstance(before, tuple) else {}
    return tuple(sorted(_disowned(hold[0], ages.get(hold[0], 0)) for hold in item.holds))


def _disowned(token: int, age: int) -> tuple[int, int]:
    """A beginning reader's hold on an item that others have changed: its swap fails from now on."""
    return (NOBODY if READERS <= token < FIRST else token), age


@lru_cache(maxsize=100_000)
def mark(rules: Transitions, item: ItemState, token: int) -> ItemState:
    """A writer's compare-and-swap before its COMMIT."""
    return modelled(rules.marked(real(item), bytes([token]), bytes([NOBODY])), item)


@lru_cache(maxsize=100_000)
def release(rules: Transitions, item: ItemState, token: int, fresh: int) -> ItemState:
    """A writer's compare-and-swap after its COMMIT, and how a reader lifts a hold."""
    after = rules.released(real(item), frozenset({bytes([token])}), bytes([fresh]))
    return modelled(after, item)


def quarantine(rules: Transitions, fresh: int) -> ItemState:
    """What a reader makes of a missing item."""
    return modelled(rules.found_missing(bytes([fresh])), MISSING)


def canonical(state: State) -> State:
    """Return the one form of all states that differ in names alone, or in what can't matter."""
    entry, readers = state.entry, state.readers
    if all(writer.at == "over" for writer in state.writers) and state.writers:
        entry, readers = _leftovers(state)
    names = None if _named(state.items, entry, readers) else _names(state.items)
    if names is not None:
        entry, readers = _useful(entry, readers, names)
    order = sorted(range(len(readers)), key=lambda number: _shape(readers[number], names))
    owners = {READERS + old: READERS + new for new, old in enumerate(order)}
    readers = tuple([readers[number] for number in order])
    if names is not None:
        if entry:
            entry = (_renamed(entry[0], names), entry[1])
        readers = tuple([_reader(one, names) for one in readers])
    pending = any(writer.at in PENDING and writer.age < OLD for writer in state.writers)
    items = tuple(
        [
            (number + 1 if item == FRESH else item)
            if isinstance(item, int)
            else _holds(item, owners, state.writers, readers, pending)
            for number, item in enumerate(state.items)
        ]
    )
    return State(items, entry, state.committed, state.seen, state.evictions, state.writers, readers)


def _leftovers(state: State) -> tuple[Entry | None, tuple[Reader, ...]]:
    """Once nobody writes any more only an old value can do harm."""
    newest = state.committed
    entry = state.entry if state.entry and state.entry[1] < newest else None
    old = tuple(one if 0 <= one.value < newest else IDLE for one in state.readers)
    if entry is None and old == (IDLE,) * len(old):
        return None, old
    probing = ("probing", "comparing")
    kept = (one if one.at in probing or 0 <= one.value < newest else IDLE for one in state.readers)
    return entry, tuple(kept)


def _named(items: tuple[ItemState, ...], entry: Entry | None, readers: tuple[Reader, ...]) -> bool:
    """Say whether all tokens are the present ones of their items, under their names."""
    if FRESH in items:
        return False
    known = {0, *(item for item in items if isinstance(item, int))}
    if entry and not known.issuperset(entry[0]):
        return False
    return all(
        one is IDLE or (known.issuperset(one.vector) and one.guard in known) for one in readers
    )


def _names(items: tuple[ItemState, ...]) -> dict[int, int]:
    names = {STALE: STALE, UNKNOWN: UNKNOWN}
    for number, item in enumerate(items):
        if isinstance(item, int) and item:
            names[item] = item if FIRST <= item < GONE else number + 1
    return names | {token: token for token in range(FIRST, FIRST + len(items))}


def _shape(reader: Reader, names: Mapping[int, int] | None) -> tuple[object, ...]:
    if names is None:
        return reader
    return (*reader[:2], tuple([names.get(token, GONE) for token in reader.vector]), *reader[3:5])


def _useful(
    entry: Entry | None, readers: tuple[Reader, ...], names: Mapping[int, int]
) -> tuple[Entry | None, tuple[Reader, ...]]:
    """Drop what waits for an equal of a generation that is gone and has none."""
    asked = {token for one in readers if one.at == "probing" for token in one.vector}
    given = {token for one in readers if one.at in STORING for token in one.vector}
    if entry:
        given.update(entry[0])
        if not all(token in names or token in asked for token in entry[0]):
            entry = None
    shared = asked & given
    kept = tuple(
        one
        if all(
            token in names or (token in shared and one.at != "comparing") for token in one.vector
        )
        else _dropped(one, names)
        for one in readers
    )
    return entry, kept


def _dropped(reader: Reader, names: Mapping[int, int]) -> Reader:
    """A reader that can't store any more still swaps what it has begun."""
    if reader.at != "swapping" and (reader.at != "selecting" or UNKNOWN not in reader.vector):
        return IDLE
    vector = tuple([token if token in names else STALE for token in reader.vector])
    return reader._replace(vector=vector)


def _renamed(vector: tuple[int, ...], names: dict[int, int]) -> tuple[int, ...]:
    for token in vector:
        if token not in names:
            names[token] = GONE + sum(name >= GONE for name in names.values())
    return tuple([names[token] for token in vector])


def _reader(reader: Reader, names: dict[int, int]) -> Reader:
    if reader is IDLE:
        return reader
    guard = names.get(reader.guard, STALE)
    return reader._replace(vector=_renamed(reader.vector, names), guard=guard)


def _holds(
    item: tuple[tuple[int, int], ...],
    owners: Mapping[int, int],
    writers: tuple[Writer, ...],
    readers: tuple[Reader, ...],
    pending: bool,
) -> tuple[tuple[int, int], ...]:
    holds: dict[int, int] = {}
    for token, age in item:
        owner = NOBODY
        if token in owners:
            if readers[owners[token] - READERS].at in BEGINNING:
                owner = owners[token]
        elif WRITERS <= token < READERS and writers[token - WRITERS].at in HOLDING:
            owner = token
        counted = age if pending else OLD  # what no COMMIT can follow may be lifted at once
        holds[owner] = min(counted, holds.get(owner, counted))
    return tuple(sorted(holds.items()))

"""What can happen next in the protocol's model, one access to the cache or the database at a time.

A compare-and-swap that fails changes nothing and one that succeeds saw the present value, so that
read and swap are one step here where nothing else was decided by the read. For the same reason a
reader that mends items (quarantine, lift) needs no memory. Versions are the values themselves, as
in Redis, and the hold's age counts from when it was put, so that the model allows more than the code.
A read of an entry may find it evicted at any time; a restart of the cache is the eviction of all.
"""

from collections.abc import Iterator

from .model_state import (
    BEGINNING,
    FIRST,
    FRESH,
    IDLE,
    MISSING,
    OLD,
    OVER,
    PENDING,
    READERS,
    READY,
    STALE,
    WRITERS,
    ItemState,
    Model,
    Reader,
    State,
    Writer,
    canonical,
    is_generation,
    mark,
    quarantine,
    release,
)

Step = tuple[str, State]


class StaleHit(Exception):
    """A hit that is older than what its reader had to see."""


def full_steps(model: Model, state: State) -> Iterator[Step]:
    """Yield what can happen, each with the state after it."""
    for label, after in _all_steps(model, state):
        yield label, canonical(after)


def _all_steps(model: Model, state: State) -> Iterator[Step]:
    for number, writer in enumerate(state.writers):
        yield from writer_steps(model, state, number, writer)
    before = None
    for number, reader in enumerate(state.readers):
        if reader != before or reader.at in BEGINNING:  # equal ones may hold different items
            yield from _reader(model, state, number, reader)
        before = reader
    yield from _cache(model, state)
    yield from _time(model, state)


def put(state: State, item: int, value: ItemState) -> State:
    """Return the state with another value of one item."""
    items = state.items
    return state._replace(items=(*items[:item], value, *items[item + 1 :]))


def _cache(model: Model, state: State) -> Iterator[Step]:
    for item, value in enumerate(state.items):
        if value == MISSING:
            fresh = FIRST + item if model.counter else FRESH
            after = quarantine(model.transitions, fresh)
            yield f"a reader quarantines {item}", put(state, item, after)
        elif model.evictions is None:
            yield f"{item} is evicted", put(state, item, MISSING)
        elif state.evictions:
            after_it = state._replace(evictions=state.evictions - 1)
            yield f"{item} is evicted", put(after_it, item, MISSING)
        if isinstance(value, tuple) and model.lifts:
            yield from _lifts(model, state, item, value)


def _lifts(
    model: Model, state: State, item: int, holds: tuple[tuple[int, int], ...]
) -> Iterator[Step]:
    fresh = FIRST + item if model.counter else FRESH
    for token, age in holds:
        if age >= model.hold_ticks:
            after = release(model.transitions, holds, token, fresh)
            yield f"a reader lifts hold {token} of {item}", put(state, item, after)


def _time(model: Model, state: State) -> Iterator[Step]:
    limit = model.hold_ticks
    items = tuple(
        tuple((token, age + 1 if age < limit else age) for token, age in item)
        if isinstance(item, tuple)
        else item
        for item in state.items
    )
    writers = tuple(_older(model, writer) for writer in state.writers)
    if items != state.items or writers != state.writers:
        yield "tick", state._replace(items=items, writers=writers)


def _older(model: Model, writer: Writer) -> Writer:
    if writer.at not in PENDING:
        return writer
    age = writer.age + 1
    if age < model.hold_ticks:
        return writer._replace(age=age)
    if model.slow_commits:
        return writer._replace(age=min(age, model.hold_ticks))
    return OVER if writer.at == "lost" else writer._replace(age=OLD)


def writer_steps(model: Model, state: State, number: int, writer: Writer) -> Iterator[Step]:
    """One writer takes its next step, or dies."""
    for label, after in WRITING[writer.at](model, state, number, writer):
        yield f"writer {number} {label}", after
    if model.kills and writer.at not in ("ready", "over"):
        killed = writer._replace(at="lost") if writer.at == "marked" else OVER
        if writer.at != "lost":
            yield f"writer {number} is killed", with_writer(state, number, killed)


def with_writer(state: State, number: int, writer: Writer) -> State:
    """Return the state with another value of one writer."""
    writers = state.writers
    return state._replace(writers=(*writers[:number], writer, *writers[number + 1 :]))


def _begins(model: Model, state: State, number: int, writer: Writer) -> Iterator[Step]:
    marks = model.marks[number]
    yield from _marks(model, state, number, writer._replace(todo=marks))
    if len(marks) > 1:  # the swap of the first was lost to another's, that of the second was not
        yield from _marks(model, state, number, writer._replace(todo=(marks[1], marks[0], *marks)))


def _marks(model: Model, state: State, number: int, writer: Writer) -> Iterator[Step]:
    item, *todo = writer.todo
    token = WRITERS + number
    value = state.items[item]
    holds = isinstance(value, tuple) and any(hold == token for hold, _ in value)
    after = state if holds else put(state, item, mark(model.transitions, value, token))
    at = "marking" if todo else "marked"
    if at == "marked" and model.unmark_first:
        at, todo = "leaving", list(model.marks[number])
    yield f"marks {item}", with_writer(after, number, writer._replace(at=at, todo=tuple(todo)))


def _commits(model: Model, state: State, number: int, writer: Writer) -> Iterator[Step]:
    if writer.age < model.hold_ticks or model.slow_commits:
        version = state.committed + 1
        acknowledged = 1 if model.floor == "committed" else version
        leaving = Writer("leaving", 0, tuple(sorted(model.marks[number])), acknowledged)
        after = with_writer(state, number, OVER if writer.at == "lost" else leaving)
        if model.unmark_first:
            after = with_writer(after, number, OVER)
            after = after._replace(seen=version)
        yield "has its COMMIT applied", after._replace(committed=version)
    if writer.at == "marked" and writer.age * 2 >= model.hold_ticks:
        leaving = Writer("leaving", 0, tuple(sorted(model.marks[number])))
        yield "was slow and begins again", with_writer(state, number, leaving)


def _leaves(model: Model, state: State, number: int, writer: Writer) -> Iterator[Step]:
    for item in writer.todo:
        value = release(model.transitions, state.items[item], WRITERS + number, FRESH)
        todo = tuple(other for other in writer.todo if other != item)
        after = put(state, item, value)
        left = writer._replace(todo=todo)
        if not todo and model.unmark_first:
            left = Writer("marked")
        elif not todo:
            left = OVER if writer.version else READY
            if model.floor != "committed":
                after = after._replace(seen=max(after.seen, writer.version))
        yield f"lets {item} go", with_writer(after, number, left)


def _is_over(_model: Model, _state: State, _number: int, _writer: Writer) -> Iterator[Step]:
    yield from ()


WRITING = {
    "ready": _begins,
    "marking": _marks,
    "marked": _commits,
    "lost": _commits,
    "leaving": _leaves,
    "over": _is_over,
}

ENTRY = -1
"""Stands for the entry among the items that a read fetches."""


def _reader(model: Model, state: State, number: int, reader: Reader) -> Iterator[Step]:
    for label, after, then in READING[reader.at](model, state, number, reader):
        readers = after.readers
        changed = (*readers[:number], then, *readers[number + 1 :])
        yield f"reader {number} {label}", after._replace(readers=changed)


Read = tuple[str, State, Reader]


def _starts(model: Model, state: State, number: int, _reader: Reader) -> Iterator[Read]:
    floor = {"committed": state.committed}.get(model.floor, state.seen)
    unknown = (0,) * len(model.needs)
    probed = (ENTRY, *model.needs)
    guards = () if model.guard is None else (model.guard,)
    for order in (1, -1):
        if state.entry or order < 0:
            probe = Reader("probing", probed[::order], unknown, floor)
            yield from _probes(model, state, number, probe)
        fetched = (*guards, *model.needs)[::order]
        if model.late_generations:
            yield (
                "SELECTs",
                _returned(model, state),
                Reader("reading", fetched, unknown, 0, state.committed),
            )
        elif order > 0 or len(fetched) > 1:
            yield from _fetches(model, state, number, Reader("reading", fetched, unknown))


def _returned(model: Model, state: State, value: int | None = None) -> State:
    if model.floor != "seen":
        return state
    return state._replace(seen=max(state.seen, state.committed if value is None else value))


def _probes(model: Model, state: State, _number: int, reader: Reader) -> Iterator[Read]:
    item, *todo = reader.todo
    if item == ENTRY:
        then = _with_entry(state, reader, tuple(todo))
    else:
        then = _with_item(model, state, reader, item, tuple(todo))
    if then.at == "comparing" and not todo:
        if then.value < then.floor:
            raise StaleHit(f"a hit returns {then.value}, {then.floor} was there when it began")
        yield "hits", _returned(model, state, then.value), IDLE
    else:
        yield f"probes {'the entry' if item == ENTRY else item}", state, then


def _with_entry(state: State, reader: Reader, todo: tuple[int, ...]) -> Reader:
    if state.entry is None:
        return IDLE
    vector, value = state.entry
    if any(known not in (0, token) for known, token in zip(reader.vector, vector, strict=True)):
        return IDLE
    left = tuple(
        token if not known else 0 for known, token in zip(reader.vector, vector, strict=True)
    )
    return reader._replace(at="comparing", todo=todo, vector=left, value=value)


def _with_item(
    model: Model, state: State, reader: Reader, item: int, todo: tuple[int, ...]
) -> Reader:
    value, place = state.items[item], model.needs.index(item)
    if not is_generation(value):
        return IDLE
    if reader.at == "comparing":
        if value != reader.vector[place]:
            return IDLE
        return reader._replace(todo=todo, vector=_set(reader.vector, place, 0))
    return reader._replace(todo=todo, vector=_set(reader.vector, place, value))


def _set(vector: tuple[int, ...], place: int, token: ItemState) -> tuple[int, ...]:
    assert isinstance(token, int)
    return (*vector[:place], token, *vector[place + 1 :])


def _fetches(model: Model, state: State, _number: int, reader: Reader) -> Iterator[Read]:
    item, *todo = reader.todo
    value = state.items[item]
    then = reader._replace(todo=tuple(todo))
    if isinstance(value, tuple) or (value == MISSING and item in (model.guard, model.needs[0])[:1]):
        then = IDLE  # what is held or missing is mended by `_cache`
    elif item == model.guard:
        then = then._replace(guard=value)
    else:
        then = then._replace(vector=_set(then.vector, model.needs.index(item), value))
    if then.at == "reading" and not todo:
        then = _fetched(model, then)
    yield f"reads {item}", state, then


def _fetched(model: Model, reader: Reader) -> Reader:
    missing = _missing(model, reader)
    if not missing:
        at = "storing" if model.late_generations else "selecting"
        return reader._replace(at=at, guard=0)
    if (
        model.guard is None
        or model.late_generations
        or (reader.guard == STALE and model.second_look)
    ):
        return IDLE
    return reader._replace(at="adding", todo=missing)


def _missing(model: Model, reader: Reader) -> tuple[int, ...]:
    pairs = zip(model.needs, reader.vector, strict=True)
    return tuple(item for item, token in pairs if not token)


def _adds(model: Model, state: State, number: int, reader: Reader) -> Iterator[Read]:
    yield from _selects_meanwhile(model, state, reader)
    item, *todo = reader.todo
    then = reader._replace(todo=tuple(todo))
    if state.items[item] != MISSING:
        yield f"can't add {item}", state, IDLE
        return
    value: ItemState = ((READERS + number, 0),)
    if model.begin_usable:
        value = FRESH
        then = then._replace(vector=_set(then.vector, model.needs.index(item), value))
    if not todo:
        then = then._replace(at="looking")
    yield f"adds {item}", put(state, item, value), then


def _looks(model: Model, state: State, _number: int, reader: Reader) -> Iterator[Read]:
    assert model.guard is not None
    yield from _selects_meanwhile(model, state, reader)
    same = state.items[model.guard] == reader.guard or not model.second_look
    then = _selected(model, reader._replace(guard=0)) if same else IDLE
    yield f"looks at {model.guard} again", state, then


def _swaps(model: Model, state: State, number: int, reader: Reader) -> Iterator[Read]:
    item, *todo = reader.todo
    value = state.items[item]
    ours = isinstance(value, tuple) and [hold for hold, _ in value] == [READERS + number]
    vector = _set(reader.vector, model.needs.index(item), FRESH if ours else STALE)
    at = "swapping" if todo else "storing"
    then = reader._replace(at=at, todo=tuple(todo), vector=vector)
    if not todo and STALE in vector:
        then = IDLE
    if ours:
        yield f"begins {item}", put(state, item, FRESH), then
    else:
        yield f"can't begin {item}", state, then


def _selects(model: Model, state: State, _number: int, reader: Reader) -> Iterator[Read]:
    then = _selected(model, reader._replace(value=state.committed))
    yield "SELECTs", _returned(model, state), then


def _selects_meanwhile(model: Model, state: State, reader: Reader) -> Iterator[Read]:
    if reader.value < 0:
        yield "SELECTs", _returned(model, state), reader._replace(value=state.committed)


def _selected(model: Model, reader: Reader) -> Reader:
    """What comes once the table was looked at: the SELECT if it is still to come, the swap, the entry."""
    missing = _missing(model, reader)
    if reader.value < 0:
        return reader._replace(at="selecting", todo=missing)
    return reader._replace(at="swapping" if missing else "storing", todo=missing)


def _stores(_model: Model, state: State, _number: int, reader: Reader) -> Iterator[Read]:
    yield "stores", state._replace(entry=(reader.vector, reader.value)), IDLE


READING = {
    "idle": _starts,
    "probing": _probes,
    "comparing": _probes,
    "reading": _fetches,
    "adding": _adds,
    "looking": _looks,
    "swapping": _swaps,
    "selecting": _selects,
    "storing": _stores,
}

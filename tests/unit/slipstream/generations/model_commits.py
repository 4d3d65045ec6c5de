"""The protocol's model for any number of readers, evictions and transactions, by any clocks.

What a stale hit takes: its read began after a COMMIT that the SELECT of its entry came before, and
it found each item at the generation that was read before that SELECT. No generation returns, so all
of them were there at the COMMIT: **all items of an entry were usable at a COMMIT.** Conversely, where
they are, somebody may have read them, SELECTed, and be about to store what a stale hit is made of.
So these steps raise StaleHit at such a COMMIT, and need no entry, no SELECT, no version and no hit.

A row that is missing begins while the SELECT runs: its hold is added, and its table looked at again,
before the SELECT, after it, or one of them before it; the swap comes after it. A COMMIT that the SELECT
came before may find the table's generation usable, where the reader is still to look at the table, or
the row with no hold but the reader's own, where it has looked. No COMMIT may find either.

What is left of readers is what changes items. Mending needs no memory (`model_steps.py`). Of one that
begins rows there is left its hold:

- Each row by itself: a reader that begins two rows does no more than two that begin one each.
- Its table's generation is the same when it is read, when the hold is added, and at the second look,
  or the hold is no more than a quarantine. So nothing is lost if the look comes at once, and all
  three are one step here, taken where the table is usable.
- A hold is added where the item is missing, and swapped for a generation where it is the only one. So
  each item has one such hold at most, and the readers that lost theirs can do no harm.

Hence no end of readers is needed, nor of transactions: a writer that is over begins another one.

Of time there is left its order. A hold is lifted once it is older than any writer may be whose COMMIT
is still to come. So it may be lifted whenever, but writers that began before it was put can't commit
after that. The number beside a hold is the set of these, as bits. Of several holds of nobody on one
item the youngest counts, and its set has the others' in it.

Taken for granted, for `model_steps.py` to look for: that no generation returns, and that readers
take all of them before the SELECT, and again for a hit.
"""

from collections.abc import Iterator
from functools import lru_cache

from .model_state import (
    BEGUN,
    FRESH,
    HOLDING,
    MISSING,
    NOBODY,
    OLD,
    OVER,
    PENDING,
    READY,
    WRITERS,
    ItemState,
    Model,
    State,
    Writer,
    is_generation,
    quarantine,
    release,
)
from .model_steps import StaleHit, Step, put, with_writer, writer_steps

__all__ = ["commit_steps"]


def commit_steps(model: Model, state: State) -> Iterator[Step]:
    """Yield what can happen to the items; raise StaleHit where a COMMIT finds all of an entry's usable."""
    for label, after in _all_steps(model, state):
        if after.committed and _has_readers_behind(model, state):
            raise StaleHit("a hit returns what a COMMIT found usable")
        yield label, _canonical(state, after)


def _has_readers_behind(model: Model, state: State) -> bool:
    """Say whether somebody may store, or be about to store, what was before a COMMIT now."""
    if model.guard is not None and is_generation(state.items[model.guard]):
        return True
    return all(_is_free(state.items[item]) for item in model.needs)


def _is_free(item: ItemState) -> bool:
    return is_generation(item) or (isinstance(item, tuple) and [one for one, _ in item] == [BEGUN])


def _all_steps(model: Model, state: State) -> Iterator[Step]:
    for number, writer in enumerate(state.writers):
        yield from writer_steps(model, state, number, writer)
        if _is_pending(writer):
            yield f"writer {number} is too old", with_writer(state, number, _too_old(writer))
    for item, value in enumerate(state.items):
        yield from _item(model, state, item, value)
    if model.guard is not None:
        for item in model.needs:
            yield from _begins_row(model, state, model.guard, item)


def _is_pending(writer: Writer) -> bool:
    return writer.at in PENDING and writer.age < OLD


def _too_old(writer: Writer) -> Writer:
    return OVER if writer.at == "lost" else writer._replace(age=OLD)


def _item(model: Model, state: State, item: int, value: ItemState) -> Iterator[Step]:
    if value == MISSING:
        after = quarantine(model.transitions, FRESH)
        yield f"a reader quarantines {item}", put(state, item, after)
        return
    if model.evictions is None:
        yield f"{item} is evicted", put(state, item, MISSING)
    elif state.evictions:
        yield (
            f"{item} is evicted",
            put(state, item, MISSING)._replace(evictions=state.evictions - 1),
        )
    for token, older in value if isinstance(value, tuple) else ():
        writers = tuple(
            _too_old(writer) if older & 1 << number and _is_pending(writer) else writer
            for number, writer in enumerate(state.writers)
        )
        after = release(model.transitions, value, token, FRESH)
        yield (
            f"a reader lifts hold {token} of {item}",
            put(state, item, after)._replace(writers=writers),
        )


def _begins_row(model: Model, state: State, guard: int, item: int) -> Iterator[Step]:
    value = state.items[item]
    looked = model.second_look and not model.begin_usable  # before the row can be usable
    if value == MISSING and (is_generation(state.items[guard]) or not looked):
        begun: ItemState = FRESH if model.begin_usable else ((BEGUN, 0),)
        yield f"a reader adds its hold to {item}", put(state, item, begun)
    elif not is_generation(value) and _is_free(value):
        yield f"a reader begins {item}", put(state, item, FRESH)


def _canonical(before: State, after: State) -> State:
    writers = tuple([READY if writer == OVER else writer for writer in after.writers])
    marks = tuple([WRITERS + number for number, one in enumerate(writers) if one.at in HOLDING])
    pending = sum([1 << number for number, writer in enumerate(writers) if _is_pending(writer)])
    items = tuple(
        [
            _holds(was, item, marks, pending) if isinstance(item, tuple) else item and number + 1
            for number, (was, item) in enumerate(zip(before.items, after.items, strict=True))
        ]
    )
    return after._replace(items=items, committed=0, writers=writers)


@lru_cache(maxsize=100_000)
def _holds(
    before: ItemState, item: tuple[tuple[int, int], ...], marks: tuple[int, ...], pending: int
) -> ItemState:
    known = {token for token, _ in before} if isinstance(before, tuple) else ()
    holds: dict[int, int] = {}
    for token, older in item:
        owner = token if token == BEGUN or token in marks else NOBODY
        now = older & pending if token in known else pending
        holds[owner] = holds.get(owner, 0) | now
    return tuple(sorted(holds.items()))

"""One cache item per table or row: either a generation, or the holds that keep it from being used.

Pure states and transitions; `reading.py` and `writing.py` apply them by compare-and-swap. A *generation* is a
random token that never returns. A *hold* is a random token, too: the mark of a writer between its
mark and the end of its COMMIT, or a quarantine, the hold of nobody, on an item that was missing.
"""

import secrets
from dataclasses import dataclass

__all__ = ["TOKEN_BYTES", "Item", "decode", "encode", "held", "marked", "new_token", "released"]

TOKEN_BYTES = 12
GENERATION, HELD = b"g", b"h"


@dataclass(frozen=True, slots=True)
class Item:
    """`generation` is empty while there are `holds`; an item with a generation is usable.

    `state` is new whenever holds are put or taken: an item that has the same holds again is another.
    """

    generation: bytes = b""
    holds: frozenset[bytes] = frozenset()
    state: bytes = b""


def new_token() -> bytes:
    """Return a token that no item has had."""
    return secrets.token_bytes(TOKEN_BYTES)


def held(*holds: bytes) -> Item:
    """Return the item that these holds keep from being used."""
    return Item(holds=frozenset(holds), state=new_token())


def marked(item: Item | None, mark: bytes, fresh: bytes) -> Item:
    """Return what a writer makes of an item before its COMMIT.

    Where it is missing, others' marks may have been lost with it: `fresh` becomes its quarantine.
    """
    holds = frozenset({fresh}) if item is None else item.holds
    return held(*holds, mark)


def released(item: Item | None, holds: frozenset[bytes], fresh: bytes) -> Item:
    """Return what is left once `holds` go: the last one out publishes `fresh` as the generation.

    A generation that is there although ours should have held it (the hold was lifted or lost) is
    replaced: what was read under it may be older than our COMMIT. A missing item is quarantined.
    """
    if item is None:
        return held(fresh)
    left = item.holds - holds
    return held(*left) if left else Item(generation=fresh)


def encode(item: Item) -> bytes:
    """Return the item's bytes, without a signature."""
    if item.holds:
        return HELD + b"".join([item.state, *sorted(item.holds)])
    return GENERATION + item.generation


def decode(payload: bytes) -> Item:
    """Return the item that `encode` made these bytes of."""
    if payload[:1] == GENERATION:
        return Item(generation=payload[1:])
    starts = range(1, len(payload), TOKEN_BYTES)
    state, *holds = [payload[start : start + TOKEN_BYTES] for start in starts]
    return Item(holds=frozenset(holds), state=state)

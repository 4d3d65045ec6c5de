"""Values that somebody who lacks SECRET_KEY can put into a cache."""

from collections.abc import Iterator

from slipstream.generations.signing import MAC_BYTES, Signer

PLACES = 300
"""Of a value at which it is cut, and at which it is changed."""


def forgeries(key: str, good: bytes, other: bytes, bomb: bytes) -> Iterator[bytes]:
    """Cut, changed, lengthened; another key's; and code of the forger's own, signed or not."""
    step = -(-len(good) // PLACES)
    yield from (good[:cut] for cut in range(0, len(good), step))
    yield from (_flipped(good, at) for at in range(0, len(good), step))
    yield from (good + b"\0", b"\0" + good, good + good, b"\0" * len(good), other)
    yield from (bomb, good[:MAC_BYTES] + bomb, Signer("another secret").signed(key, bomb))


def _flipped(good: bytes, at: int) -> bytes:
    return bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]])

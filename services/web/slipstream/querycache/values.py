"""The bytes of an entry: the generations it was read under, and the rows, signed as a whole.

Nothing is unpickled before its signature and its generations were found right.
"""

import pickle
import zlib
from collections.abc import Sequence
from typing import Any

from slipstream.generations.lease import MISS
from slipstream.generations.signing import Signer

__all__ = ["MISS", "Unstorable", "opened", "sealed"]

PLAIN, COMPRESSED = b"p", b"z"
LENGTH_BYTES = 2


class Unstorable(Exception):
    """A result that can't be an entry, with the reason."""


def sealed(  # noqa: PLR0913 - all by name
    signer: Signer,
    key: str,
    *,
    vector: Sequence[bytes],
    rows: Any,
    most_bytes: int,
    compress_above: int,
) -> bytes:
    """Return an entry's bytes. Raises Unstorable."""
    try:
        body = pickle.dumps(rows, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # a driver's types may raise anything here
        raise Unstorable("a value that can't be pickled") from error
    kind = PLAIN
    if len(body) > compress_above:
        kind, body = COMPRESSED, zlib.compress(body, 1)
    if len(body) > most_bytes:
        raise Unstorable("an entry over MAX_ENTRY_BYTES")
    generations = b"".join(vector)
    length = len(generations).to_bytes(LENGTH_BYTES, "big")
    return signer.signed(key, length + generations + kind + body)


def opened(
    signer: Signer, key: str, entry: bytes, vectors: Sequence[Sequence[bytes | None]]
) -> Any:
    """Return the rows, or MISS where the entry isn't ours or belongs to none of the vectors."""
    payload = signer.opened(key, entry)
    if payload is None:
        return MISS
    start = LENGTH_BYTES + int.from_bytes(payload[:LENGTH_BYTES], "big")
    generations = payload[LENGTH_BYTES:start]
    if not any(None not in vector and b"".join(vector) == generations for vector in vectors):  # type: ignore[arg-type]
        return MISS
    body = payload[start + 1 :]
    if payload[start : start + 1] == COMPRESSED:
        body = zlib.decompress(body)
    return pickle.loads(body)  # noqa: S301 - signed by us, for this key

"""The bytes of a stored fragment, and what it depends on. Signed as a whole, and never unpickled.

An entry is either a body with its dependencies, the digest of their generations and the end
of its life, or the names of the values that its key has to hold besides those that the template names.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from slipstream.generations.database import Database, database_of
from slipstream.generations.recording import Vector
from slipstream.generations.tags import EVERYTHING, guard_of

__all__ = ["BODY", "NAMES", "Dependencies", "digest", "opened_body", "sealed_body"]

BODY, NAMES = b"c", b"n"
LENGTH_BYTES = 4
DIGEST_BYTES = 20
SECONDS_BYTES = 8


def digest(*parts: bytes) -> bytes:
    """Return the digest of all parts, one after the other."""
    return blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """By alias, tables and tags; the default database's EVERYTHING comes first.

    text: how an entry says it. keys: of the tags' items in the store, in the same order.
    """

    text: bytes
    by_alias: tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]
    databases: tuple[Database, ...]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Sequence[str]]]) -> "Dependencies":
        """Make them of aliases and their tags."""
        given = [(alias, list(tags)) for alias, tags in pairs]
        databases = [database_of(connections[alias]) for alias, _tags in given]
        return cls(
            text=json.dumps(given, separators=(",", ":")).encode(),
            by_alias=tuple((alias, _tables(tags), tuple(tags)) for alias, tags in given),
            databases=tuple(databases),
            keys=tuple(
                database.items.key(tag)
                for database, (_alias, tags) in zip(databases, given, strict=True)
                for tag in tags
            ),
        )

    @classmethod
    def told(cls, text: bytes) -> "Dependencies | None":
        """Read them as an entry says them; None where an alias isn't this site's any more."""
        given: Any = json.loads(text)
        if any(alias not in connections.databases for alias, _tags in given):
            return None
        return cls.of(given)

    @classmethod
    def of_vector(cls, vector: Vector) -> tuple["Dependencies", bytes]:
        """Return the dependencies of a vector, and its items in their order."""
        first = (DEFAULT_DB_ALIAS, EVERYTHING)
        order = [first, *sorted(pair for pair in vector if pair != first)]
        tags: dict[str, list[str]] = {}
        for alias, tag in order:
            tags.setdefault(alias, []).append(tag)
        found = [vector[alias, tag] for alias, those in tags.items() for tag in those]
        return cls.of(tags.items()), b"".join(found)


def _tables(tags: Iterable[str]) -> frozenset[str]:
    guards = (guard_of(tag) or tag for tag in tags)
    return frozenset(tag.removeprefix("t:") for tag in guards if tag != EVERYTHING)


def sealed_body(dependencies: Dependencies, expected: bytes, end: int, body: bytes) -> bytes:
    """Return the payload of an entry with a body.

    expected: the digest of the dependencies' items. end: of its life, in seconds since 1970.
    """
    length = len(dependencies.text).to_bytes(LENGTH_BYTES, "big")
    seconds = end.to_bytes(SECONDS_BYTES, "big")
    return b"".join([BODY, length, dependencies.text, expected, seconds, body])


def opened_body(payload: bytes) -> tuple[bytes, bytes, int, bytes]:
    """Return the dependencies' text, the digest of their items, the end of its life, and the body."""
    text = 1 + LENGTH_BYTES
    expected = text + int.from_bytes(payload[1:text], "big")
    end = expected + DIGEST_BYTES
    body = end + SECONDS_BYTES
    seconds = int.from_bytes(payload[end:body], "big")
    return payload[text:expected], payload[expected:end], seconds, payload[body:]

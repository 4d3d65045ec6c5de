"""Values in memcached and Redis that somebody else put there: none is unpickled, no answer is wrong.

Whoever reaches the server can write to it; SECRET_KEY is all that they lack.
"""

import itertools
import pickle
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections

from benchmarks import services
from slipstream.generations.signing import MAC_BYTES, Signer
from slipstream.querycache import cache as caches
from slipstream.querycache.values import COMPRESSED, LENGTH_BYTES, PLAIN
from tests.races import faults
from tests.unit.slipstream.querycache.waiting import until

from .query_cache import ALIAS, names, queries

LEAST_FORGERIES = 500
PLACES = 40
"""Of an entry at which it is cut, and at which it is changed."""
PINNED = 1_000_000
"""The primary key of a user whose entry depends on that row alone."""
ENTRY = re.compile(r"(^|[|:])q:[0-9a-f]{40}$")
Values = dict[str, bytes]


class Bomb:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


PAGES: Sequence[tuple[Callable[[], Any], str]] = (
    (names, "SELECT array_agg(first_name ORDER BY id) FROM auth_user"),
    (lambda: User.objects.using(ALIAS).count(), "SELECT count(*) FROM auth_user"),
    (
        lambda: User.objects.using(ALIAS).get(username="first").first_name,
        "SELECT first_name FROM auth_user WHERE username = 'first'",
    ),
    (
        lambda: User.objects.using(ALIAS).get(pk=PINNED).first_name,
        f"SELECT first_name FROM auth_user WHERE id = {PINNED}",  # noqa: S608 - our own number
    ),
    (
        lambda: [one.username for one in User.objects.using(ALIAS).order_by("-pk")[:3]],
        "SELECT (array_agg(username ORDER BY id DESC))[:3] FROM auth_user",
    ),
    (
        lambda: list(Group.objects.using(ALIAS).order_by("pk").values_list("name", flat=True)),
        "SELECT array_agg(name ORDER BY id) FROM auth_group",
    ),
)


def shown() -> list[Any]:
    """What the site shows, through the cache."""
    return [read() for read, _ in PAGES]


def true() -> list[Any]:
    """What the database says, past Django and every hook."""
    driver = connections[ALIAS].connection
    return [driver.execute(text).fetchone()[0] for _, text in PAGES]


@pytest.fixture
def filled(cache: caches.Cache, cache_server: services.Server) -> caches.Cache:
    """A cache from which every page comes, without any SQL, and no entry but theirs."""
    Group.objects.using(ALIAS).all().delete()
    Group.objects.using(ALIAS).bulk_create([Group(name=f"group {number}") for number in range(5)])
    everybody = [User(username=f"user {number}", first_name="x") for number in range(5)]
    everybody += [User(pk=PINNED, username="pinned", first_name="old")]
    User.objects.using(ALIAS).bulk_create(everybody)
    faults.Cache(cache_server).delete(keys(cache_server, ENTRY).values())
    until(lambda: queries(shown) == 0)
    return cache


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All that is unpickled from now on."""
    seen: list[bytes] = []
    real = pickle.loads
    monkeypatch.setattr(pickle, "loads", lambda data: seen.append(data) or real(data))
    return seen


def entries_on(cache: caches.Cache, server: services.Server) -> Values:
    """Every page's: a list of memcached's keys may be short of one at first."""
    listed: list[str] = []

    def complete() -> bool:
        listed[:] = sorted(keys(server, ENTRY))
        return len(listed) == len(PAGES)

    until(complete)
    return cache.store_of_entries.get_many(listed)


def generations_on(cache: caches.Cache, server: services.Server) -> Values:
    return cache.store_of_entries.get_many(sorted(keys(server, faults.GENERATION)))


def keys(server: services.Server, kind: re.Pattern[str]) -> dict[str, str]:
    """The keys of one kind on the server, by what they are without the alias's prefix."""
    listed: list[str] = []
    until(lambda: bool(listed.extend(faults.Cache(server).keys()) or listed))
    found = [(key, kind.search(key)) for key in listed]
    return {match[0].lstrip("|:"): key for key, match in found if match}


def tampered(good: bytes) -> Iterator[bytes]:
    """Cut, changed, lengthened."""
    step = -(-len(good) // PLACES)
    yield from (good[:cut] for cut in range(0, len(good), step))
    yield from (_flipped(good, at) for at in range(0, len(good), step))
    yield from (good + b"\0", b"\0" + good, good + good, b"\0" * len(good))


def _flipped(good: bytes, at: int) -> bytes:
    return bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]])


def armed(good: bytes, key: str, bomb: Bomb) -> Iterator[bytes]:
    """A pickle that would run code, in place of the rows, with all else as it was."""
    code, payload = good[:MAC_BYTES], good[MAC_BYTES:]
    head = payload[: LENGTH_BYTES + int.from_bytes(payload[:LENGTH_BYTES], "big")]
    body = pickle.dumps(bomb)
    for rows in (PLAIN + body, COMPRESSED + zlib.compress(body)):
        yield code + head + rows
        yield Signer("another secret").signed(key, head + rows)
        yield rows
    yield body


def test_no_forged_entry_is_unpickled_and_every_answer_is_the_databases(
    filled: caches.Cache, cache_server: services.Server, loaded: list[bytes], tmp_path: Path
) -> None:
    entries, expected = entries_on(filled, cache_server), true()
    bomb = Bomb(tmp_path / "boom")
    forged = [(key, value) for key, good in entries.items() for value in tampered(good)]
    forged += [(key, value) for key, good in entries.items() for value in armed(good, key, bomb)]
    forged += [(key, entries[other]) for key, other in itertools.permutations(entries, 2)]
    assert len(entries) == len(PAGES)
    assert len(forged) >= LEAST_FORGERIES

    for key, value in forged:
        put(filled, {key: value})
        loaded.clear()
        assert shown() == expected
        assert len(loaded) == len(PAGES) - 1  # the other pages' own entries, and not this one
    assert not bomb.file.exists()


def test_no_forged_generation_brings_back_what_was_before_a_write(
    filled: caches.Cache, cache_server: services.Server
) -> None:
    entries, old = entries_on(filled, cache_server), generations_on(filled, cache_server)
    write()
    until(lambda: queries(shown) == 0)
    expected, now = true(), filled.store_of_entries.get_many(list(old))
    changed = [key for key in old if now[key] != old[key]]
    forgeries = list(zip(*(tampered(old[key]) for key in changed), strict=False))
    forgeries += [tuple(old[key] for key in [*changed[1:], changed[0]])]  # each under another's key
    forgeries += [tuple(entries.values())[: len(changed)]]
    assert len(changed) > 1

    for forged in forgeries:
        put(filled, entries | dict(zip(changed, forged, strict=True)))
        assert shown() == expected
    until(lambda: queries(shown) == 0)
    assert shown() == expected


def test_an_entry_from_before_a_write_is_not_used_again(
    filled: caches.Cache, cache_server: services.Server, loaded: list[bytes]
) -> None:
    old = entries_on(filled, cache_server)
    write()
    until(lambda: queries(shown) == 0)
    loaded.clear()
    put(filled, old)
    assert shown() == true()
    assert len(loaded) == 1  # the groups, which nobody wrote


def test_an_entry_and_its_generations_from_before_a_write_are_taken_for_true(
    filled: caches.Cache, cache_server: services.Server
) -> None:
    """What a signature can't prevent, as the docs say."""
    before = true()
    old = entries_on(filled, cache_server) | generations_on(filled, cache_server)
    write()
    assert shown() == true() != before
    put(filled, old)
    assert shown() == before


def write() -> None:
    User.objects.using(ALIAS).update(first_name="new")


def put(cache: caches.Cache, values: Values) -> None:
    """Put values where others read them, as whoever reaches the server can."""
    for key, value in values.items():
        cache.store_of_entries.set(key, value, 60)

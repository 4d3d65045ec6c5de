"""Forged entries, outages of the cache, verify mode, leases: no page fails, no lie is told."""

import asyncio
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection

from slipstream.generations import tags
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.writes import WriteRefused
from slipstream.querycache import signals
from slipstream.querycache.cache import Cache
from slipstream.querycache.clearing import clear, clear_as_soon_as_possible
from slipstream.querycache.needs import Need

from .conftest import Started, queries, warmed
from .waiting import until

RAN: list[str] = []


class Bomb:
    """A pickle that would run code."""

    def __reduce__(self) -> Any:
        return RAN.append, ("boom",)


def names() -> list[str]:
    return list(User.objects.order_by("pk").values_list("username", flat=True))


def test_forged_entries_are_never_unpickled(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = names()
    until(lambda: queries(names) == 0)
    store, loaded = cache.store_of_entries, []
    real = pickle.loads
    monkeypatch.setattr(pickle, "loads", lambda data: loaded.append(data) or real(data))
    key = max(_entry_keys(cache), key=len)
    good = store.get_many([key])[key]
    forgeries = [good[:cut] for cut in range(0, len(good), 3)]
    forgeries += [bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]]) for at in range(len(good))]
    forgeries += [pickle.dumps(Bomb()), good[:40] + pickle.dumps(Bomb()), b"", b"\0" * 100]
    assert len(forgeries) > 250

    for forged in forgeries:
        store.set(key, forged, 60)
        assert names() == expected
    assert RAN == []
    assert not any(b"boom" in data for data in loaded)


def test_an_entry_under_another_key_is_not_used(cache: Cache) -> None:
    count = User.objects.count
    until(lambda: queries(names) + queries(count) == 0)
    store = cache.store_of_entries
    keys = _entry_keys(cache)
    found = store.get_many(keys)
    for key, other in zip(keys, [*keys[1:], keys[0]], strict=True):
        store.set(key, found[other], 60)
    assert count() == 10
    assert len(names()) == 10


def _entry_keys(cache: Cache) -> list[str]:
    inner: Any = cache.store_of_entries
    while not hasattr(inner, "_entries"):
        inner = inner._store
    return [key[key.index("q:") :] for key in inner._entries if "q:" in key]


class Away:
    """Stands before a store and refuses for as long as it is told to."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.away = False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise StoreUnavailable("away")
        return getattr(self.store, name)


@pytest.fixture
def away(cache: Cache) -> Away:
    return _put_before(cache)


def _put_before(cache: Cache) -> Away:
    front = Away(cache.store_of_entries)
    cache.store_of_entries = front  # type: ignore[assignment]
    cache.database.items.store = front  # type: ignore[assignment]
    return front


def test_while_the_cache_is_away_reads_go_to_the_database(cache: Cache, away: Away) -> None:
    until(lambda: queries(names) == 0)
    away.away = True
    assert queries(names) == 1
    assert len(names()) == 10
    assert cache.table("auth_user").bypasses["the cache is down"] == 2


def test_a_write_during_an_outage_proceeds_and_is_seen_once_the_cache_is_back(
    cache: Cache, away: Away
) -> None:
    until(lambda: queries(names) == 0)
    away.away = True
    User.objects.filter(username="user1").update(username="renamed")
    assert "renamed" in names()
    away.away = False
    assert "renamed" in names()
    until(lambda: not cache.database.owed)
    until(lambda: queries(names) == 0)
    assert "renamed" in names()


def test_with_refuse_a_write_during_an_outage_is_not_made(start: Started) -> None:
    cache = warmed(start({"CACHE_DOWN": "refuse"}))
    away = _put_before(cache)
    away.away = True
    with pytest.raises(WriteRefused, match="the cache can't be told"):
        User.objects.filter(username="user1").update(username="renamed")
    away.away = False
    assert "renamed" not in names()


def test_verify_mode_reports_what_the_database_says_otherwise(start: Started) -> None:
    cache = warmed_in_verify_mode(start)
    seen: list[dict[str, Any]] = []
    signals.difference.connect(lambda **what: seen.append(what), weak=False, dispatch_uid="test")
    try:
        raw = connection.connection.cursor()  # the driver's own: no hook sees it
        raw.execute("UPDATE auth_user SET username = 'behind' WHERE username = 'user1'")
        raw.close()
        assert "behind" in names()
    finally:
        signals.difference.disconnect(dispatch_uid="test")
    assert [what["sql"].split()[0] for what in seen] == ["SELECT"]
    assert cache.table("auth_user").differences == 1


def test_verify_mode_sees_a_difference_in_a_get_which_is_a_slice(start: Started) -> None:
    cache = warmed_in_verify_mode(start)
    user = User.objects.get(username="user1")
    hits = cache.table("auth_user").hits

    def hit() -> bool:
        User.objects.get(pk=user.pk)
        return cache.table("auth_user").hits > hits

    until(hit)
    raw = connection.connection.cursor()
    raw.execute("UPDATE auth_user SET username = 'behind' WHERE username = 'user1'")
    raw.close()
    assert User.objects.get(pk=user.pk).username == "behind"
    assert cache.table("auth_user").differences == 1


def test_a_hit_in_an_event_loop_is_refused_as_the_query_is(cache: Cache) -> None:  # noqa: ARG001
    until(lambda: queries(names) == 0)

    async def hit() -> list[str]:
        return names()

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(hit())


def test_verify_mode_finds_nothing_where_nothing_is_wrong(start: Started) -> None:
    cache = warmed_in_verify_mode(start)
    for number in range(20):
        User.objects.filter(username=f"user{number % 3}").update(first_name=str(number))
        names()
        User.objects.count()
    assert cache.table("auth_user").differences == 0
    assert cache.table("auth_user").hits > 0


def warmed_in_verify_mode(start: Started) -> Cache:
    cache = start(VERIFY=True)
    User.objects.bulk_create([User(username=f"user{number}") for number in range(10)])

    def hit() -> bool:
        names()
        return cache.table("auth_user").hits > 0

    until(hit)
    return cache


def test_clear_drops_what_a_write_behind_the_cache_made_stale(cache: Cache) -> None:  # noqa: ARG001
    until(lambda: queries(names) == 0)
    raw = connection.connection.cursor()
    raw.execute("UPDATE auth_user SET username = 'behind' WHERE username = 'user1'")
    raw.close()
    assert "behind" not in names()
    clear()
    assert "behind" in names()


def test_a_clear_that_the_cache_misses_is_made_before_anything_is_read(
    cache: Cache, away: Away
) -> None:
    until(lambda: queries(names) == 0)
    raw = connection.connection.cursor()
    raw.execute("UPDATE auth_user SET username = 'behind' WHERE username = 'user1'")
    raw.close()
    away.away = True
    clear_as_soon_as_possible()
    away.away = False
    assert "behind" in names()
    until(lambda: not cache.database.owed)


def test_an_empty_cache_makes_database_and_tables_wait_at_the_same_time(start: Started) -> None:
    cache = start({"HOLD_SECONDS": 60.0})
    list(User.objects.all())
    seen = cache.reader.items.versions([tags.EVERYTHING, tags.table("auth_user")])
    assert all(one.item and one.item.holds for one in seen.values())


def test_a_lease_lets_one_of_many_compute_a_missed_entry(start: Started) -> None:
    cache = warmed(start(LEASE_WAIT_SECONDS=5.0))
    entered, release, ran = threading.Event(), threading.Event(), []
    need = Need(frozenset(), [tags.EVERYTHING])
    _, usable = cache.reader.read(need.tags)
    plan = _plan(cache)  # here: a thread's own connection would have to be closed

    def compute() -> str:
        ran.append(1)
        entered.set()
        release.wait(10)
        return "rows"

    def client() -> Any:
        lease = cache.lease("q:slow", need, usable)
        if lease.found == "rows":
            return lease.found
        rows = compute()
        cache.store("q:slow", plan, need, usable, rows)
        lease.end()
        return rows

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(client) for _ in range(20)]
        assert entered.wait(10)
        release.set()
        assert {answer.result() for answer in answers} == {"rows"}
    assert len(ran) == 1


def test_whoever_gets_a_lease_late_gets_what_its_last_holder_stored(start: Started) -> None:
    cache = warmed(start(LEASE_WAIT_SECONDS=5.0))
    need = Need(frozenset(), [tags.EVERYTHING])
    _, usable = cache.reader.read(need.tags)
    holders = cache.lease("q:slow", need, usable)
    cache.store("q:slow", _plan(cache), need, usable, "rows")
    holders.end()

    assert cache.lease("q:slow", need, usable).found == "rows"
    # The late one gave it back as well.
    assert cache.lease("q:slow", need, usable).found == "rows"


def _plan(cache: Cache) -> Any:
    list(User.objects.all())
    return next(iter(cache.plans._known.values()))

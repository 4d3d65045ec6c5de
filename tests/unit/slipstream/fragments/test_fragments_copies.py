"""A process's own copies: served without being fetched, never longer or staler than what is stored."""

import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connection

from slipstream.fragments.cache import Fragments
from slipstream.fragments.copies import OVERHEAD_BYTES, Copies, Copy
from slipstream.fragments.entries import Dependencies
from slipstream.generations import tags
from slipstream.generations.owed import Owed

from .showing import round_trips, show
from .test_fragments_fresh import PEOPLE, people

HUNDRED = sys.getsizeof(b"x" * 100) + OVERHEAD_BYTES


def copy(shown: bytes = b"x" * 100, seconds: float = 60, keys: int = 0) -> Copy:
    names = tuple(str(number) for number in range(keys))
    dependencies = Dependencies(text=b"[]", by_alias=(), databases=(), keys=names)
    until = time.monotonic() + seconds
    return Copy(dependencies=dependencies, expected=b"", shown=shown, until=until)


def key_of_what_is_shown(fragments: Fragments) -> str:
    show(PEOPLE, people)
    return next(reversed(fragments.dependencies))


def kept_as_if_the_clock_were_off(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> float:
    """For how long a copy is kept that is fetched while the clock is ahead by so much."""
    key = key_of_what_is_shown(fragments)
    fragments.copies.drop(key)
    clock = SimpleNamespace(time=lambda: time.time() + seconds, monotonic=time.monotonic)
    monkeypatch.setattr("slipstream.fragments.cache.time", clock)
    show(PEOPLE, people)
    assert fragments.table("people").hits == 1
    kept = fragments.copies.get(key)
    assert kept is not None
    return kept.until - time.monotonic()


def test_those_used_longest_ago_make_room() -> None:
    copies = Copies(2 * HUNDRED)
    for key in "ab":
        copies.keep(key, copy())
    copies.get("a")

    copies.keep("c", copy())

    assert [key for key in "abc" if copies.get(key)] == ["a", "c"]


def test_one_that_is_kept_again_counts_once() -> None:
    copies = Copies(2 * HUNDRED)
    copies.keep("b", copy())
    for _ in range(5):
        copies.keep("a", copy())
    assert copies.get("b")


def test_one_larger_than_all_is_left_out() -> None:
    copies = Copies(HUNDRED)
    copies.keep("a", copy())
    copies.keep("b", copy(b"x" * 101))
    assert [key for key in "ab" if copies.get(key)] == ["a"]


def test_what_one_depends_on_counts() -> None:
    copies = Copies(10 * HUNDRED)
    copies.keep("a", copy())
    copies.keep("b", copy(keys=500))
    assert [key for key in "ab" if copies.get(key)] == ["a"]


def test_one_that_took_its_place_stays() -> None:
    copies = Copies(HUNDRED)
    old, new = copy(), copy()
    copies.keep("a", new)
    copies.drop("a", old)
    assert copies.get("a") is new


def test_one_whose_time_is_over_is_gone() -> None:
    copies = Copies(HUNDRED)
    copies.keep("a", copy(seconds=0))
    assert copies.get("a") is None


@pytest.mark.usefixtures("ann")
def test_a_copy_is_served_by_its_generations_alone(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of_what_is_shown(fragments)
    fragments.store.delete(key)
    asked: list[str] = []
    original = fragments.store.get_many
    monkeypatch.setattr(
        fragments.store, "get_many", lambda keys: asked.extend(keys) or original(keys)
    )

    again = show(PEOPLE, people)

    assert (again.html, again.queries) == ("Ann ", 0)
    assert asked
    assert key not in asked
    assert round_trips(lambda: show(PEOPLE, people)) <= 1


@pytest.mark.usefixtures("ann")
def test_a_copy_is_not_shown_where_a_generation_is_missing(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(PEOPLE, people)
    evicted = fragments.database.items.key(tags.EVERYTHING)
    original = fragments.store.get_many
    monkeypatch.setattr(
        fragments.store, "get_many", lambda keys: original([key for key in keys if key != evicted])
    )
    assert show(PEOPLE, people).queries == 1


def test_what_another_process_made_anew_is_fetched(ann: User, fragments: Fragments) -> None:
    key = key_of_what_is_shown(fragments)
    old = fragments.copies.get(key)
    assert old is not None
    User.objects.filter(pk=ann.pk).update(first_name="New")
    show(PEOPLE, people)
    fragments.copies.keep(key, old)  # as it is in a process that slept meanwhile

    again = show(PEOPLE, people)

    assert (again.html, again.queries) == ("New ", 0)


@pytest.mark.usefixtures("ann")
def test_a_copy_lives_no_longer_than_what_is_stored(fragments: Fragments) -> None:
    key = key_of_what_is_shown(fragments)
    kept = fragments.copies.get(key)
    assert kept is not None
    most = time.monotonic() + fragments.settings.TIMEOUT_SECONDS
    assert most - 5 < kept.until <= most + 1
    fragments.copies.keep(key, replace(kept, until=time.monotonic()))
    fragments.store.delete(key)

    show(PEOPLE, people)

    assert fragments.table("people").hits == 0


@pytest.mark.usefixtures("ann")
def test_a_copy_of_an_entry_that_is_old_already_is_as_old(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = fragments.settings.TIMEOUT_SECONDS / 2
    assert abs(kept_as_if_the_clock_were_off(fragments, monkeypatch, half) - half) < 5


@pytest.mark.usefixtures("ann")
def test_a_copy_made_by_a_clock_that_is_ahead_lives_no_longer_than_any(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_seconds = kept_as_if_the_clock_were_off(fragments, monkeypatch, -9999)
    assert kept_seconds <= fragments.settings.TIMEOUT_SECONDS


@pytest.mark.parametrize("own", [True, False], ids=["a copy", "the store's"])
def test_what_the_store_is_still_owed_is_told_before_anything_is_shown(
    ann: User, fragments: Fragments, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    key = key_of_what_is_shown(fragments)
    if not own:
        fragments.copies.drop(key)
    # By the driver itself: nobody hears of it.
    connection.connection.execute("UPDATE auth_user SET first_name = 'New' WHERE id = ?", [ann.pk])
    monkeypatch.setattr(Owed, "_retry", lambda _self: None)  # only who reads tells the store
    fragments.database.owed.add({tags.EVERYTHING})

    shown = show(PEOPLE, people)

    fragments.database.owed._thread = None
    assert shown.html == "New "

"""What every store owes: one body of tests, run over local memory here and over servers elsewhere.

A subclass named `Test...` gives the fixture `store`, empty of the keys used here.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipstream.generations.stores import Change, Store, Versions

THREADS = 8
ROUNDS = 25
PATIENCE_SECONDS = 10


class StoreContract:
    """The tests; collected through subclasses only."""

    has_server = True

    def test_gets_only_what_is_there(self, store: Store) -> None:
        store.add("a", b"1", 60)
        store.add("b", b"2", 60)
        assert store.get_many(["a", "missing", "b"]) == {"a": b"1", "b": b"2"}
        assert store.get_many([]) == {}

    def test_server_counts_the_keys_that_it_found(self, store: Store) -> None:
        before = store.served()
        store.add("a", b"1", 60)
        store.get_many(["a", "missing"])
        after = store.served()
        if self.has_server:
            assert after > before
        else:
            assert (before, after) == (None, None)

    def test_versions_come_with_the_values(self, store: Store) -> None:
        store.add("a", b"1", 60)
        found = versions(store, ["a", "missing"])
        assert list(found) == ["a"]
        assert found["a"][0] == b"1"
        assert versions(store, []) == {}

    def test_swap_with_the_present_version_replaces(self, store: Store) -> None:
        store.add("a", b"1", 60)
        assert swap(store, [_change(store, "a", b"2")]) == [True]
        assert store.get_many(["a"]) == {"a": b"2"}

    def test_swap_with_a_stale_version_changes_nothing(self, store: Store) -> None:
        store.add("a", b"1", 60)
        stale = _change(store, "a", b"mine")
        swap(store, [_change(store, "a", b"another's")])
        assert swap(store, [stale]) == [False]
        assert store.get_many(["a"]) == {"a": b"another's"}

    def test_swap_creates_what_is_expected_absent(self, store: Store) -> None:
        assert swap(store, [Change(key="a", value=b"1", version=None)]) == [True]
        assert store.get_many(["a"]) == {"a": b"1"}

    def test_swap_that_expects_absence_fails_on_what_is_there(self, store: Store) -> None:
        store.add("a", b"", 60)
        assert swap(store, [Change(key="a", value=b"1", version=None)]) == [False]
        assert store.get_many(["a"]) == {"a": b""}

    def test_swap_does_not_bring_back_what_was_deleted(self, store: Store) -> None:
        store.add("a", b"1", 60)
        change = _change(store, "a", b"2")
        store.delete("a")
        assert swap(store, [change]) == [False]
        assert store.get_many(["a"]) == {}

    def test_swap_of_an_empty_value_expects_just_that(self, store: Store) -> None:
        store.add("a", b"", 60)
        change = _change(store, "a", b"1")
        assert swap(store, [change]) == [True]
        assert swap(store, [change]) == [False]

    def test_each_change_stands_or_falls_by_itself(self, store: Store) -> None:
        for key in ("a", "b", "c"):
            store.add(key, b"1", 60)
        changes = [_change(store, key, b"2") for key in ("a", "b", "c")]
        swap(store, [_change(store, "b", b"another's")])
        assert swap(store, changes) == [True, False, True]
        assert store.get_many(["a", "b", "c"]) == {"a": b"2", "b": b"another's", "c": b"2"}
        assert swap(store, []) == []

    def test_changes_are_made_in_order(self, store: Store) -> None:
        store.add("a", b"1", 60)
        first = _change(store, "a", b"first")
        second = Change(key="a", value=b"second", version=first.version)
        create = [Change(key="b", value=value, version=None) for value in (b"first", b"second")]
        assert swap(store, [create[0], first, create[1], second]) == [True, True, False, False]
        assert store.get_many(["a", "b"]) == {"a": b"first", "b": b"first"}

    def test_keys_are_read_after_the_changes(self, store: Store) -> None:
        store.add("a", b"1", 60)
        store.add("b", b"1", 60)
        changes = [_change(store, "a", b"2"), Change(key="b", value=b"2", version=None)]
        done, found = store.exchange(changes, ["missing", "b", "a"])
        assert done == [True, False]
        assert {key: value for key, (value, _) in found.items()} == {"a": b"2", "b": b"1"}
        again = [
            Change(key=key, value=b"3", version=version) for key, (_, version) in found.items()
        ]
        assert swap(store, again) == [True, True]

    def test_what_was_asked_is_answered_as_an_exchange(self, store: Store) -> None:
        store.add("a", b"1", 60)
        changes = [_change(store, "a", b"2"), Change(key="a", value=b"3", version=None)]
        done, found = store.ask(changes, ["a", "missing"]).answer()
        assert done == [True, False]
        assert {key: value for key, (value, _) in found.items()} == {"a": b"2"}
        again = Change(key="a", value=b"4", version=found["a"][1])
        assert swap(store, [again]) == [True]

    def test_asked_and_not_answered_yet_mixes_up_no_other_answer(self, store: Store) -> None:
        store.add("a", b"1", 60)
        asked = [store.ask([_create(number)], ["a"]) for number in range(3)]
        assert store.get_many(["a", "missing"]) == {"a": b"1"}
        assert store.ask([], ["missing"]).answer() == ([], {})
        for one in asked:
            done, found = one.answer()
            assert done == [True]
            assert found["a"][0] == b"1"
        assert len(store.get_many([_create(number).key for number in range(3)])) == 3

    def test_dropped_answer_mixes_up_no_other(self, store: Store) -> None:
        store.add("a", b"1", 60)
        store.ask([_create(0)], ["a"]).drop()
        assert store.get_many(["missing", "a"]) == {"a": b"1"}
        assert store.exchange([_create(1)], [])[0] == [True]

    def test_swapped_value_outlives_the_time_that_the_old_one_had(self, store: Store) -> None:
        store.add("kept", b"1", 1)
        store.add("gone", b"1", 1)
        assert swap(store, [_change(store, "kept", b"2")]) == [True]
        _await_absence(store, "gone")
        assert store.get_many(["kept"]) == {"kept": b"2"}

    def test_add_leaves_what_is_there(self, store: Store) -> None:
        assert store.add("a", b"1", 60) is True
        assert store.add("a", b"2", 60) is False
        assert store.get_many(["a"]) == {"a": b"1"}

    def test_set_replaces(self, store: Store) -> None:
        store.add("a", b"1", 60)
        stale = _change(store, "a", b"3")
        store.set("a", b"2", 60)
        assert store.get_many(["a"]) == {"a": b"2"}
        assert swap(store, [stale]) == [False]

    def test_values_stored_in_a_row_do_not_mix_up_what_is_answered_later(
        self, store: Store
    ) -> None:
        store.add("begun", b"1", 60)
        for number in range(20):
            store.set(f"{number}", b"%d" % number, 60, after=[_change(store, "begun", b"2")])
            store.set(f"once more {number}".replace(" ", "-"), b"", 60)
        expected = {f"{number}": b"%d" % number for number in range(20)}
        assert store.get_many(list(expected)) == expected
        assert store.add("added", b"1", 60) is True
        assert store.get_many(["begun"]) == {"begun": b"2"}

    def test_values_expire(self, store: Store) -> None:
        store.set("set", b"1", 1)
        store.add("added", b"1", 1)
        store.set("kept", b"1", 60)
        _await_absence(store, "set")
        _await_absence(store, "added")
        assert store.add("added", b"2", 60) is True
        assert store.get_many(["kept"]) == {"kept": b"1"}

    def test_a_time_beyond_30_days_is_no_date(self, store: Store) -> None:
        store.set("a", b"1", 365 * 24 * 3600)
        assert store.get_many(["a"]) == {"a": b"1"}

    def test_delete_removes_and_minds_no_absence(self, store: Store) -> None:
        store.add("a", b"1", 60)
        store.delete("a")
        store.delete("a")
        assert store.get_many(["a"]) == {}

    @pytest.mark.parametrize(
        "value",
        [b"", bytes(range(256)), b"\r\nEND\r\n", b"12", bytes(range(256)) * 400],
        ids=["empty", "every byte", "looks like protocol", "looks like a number", "100 KB"],
    )
    def test_bytes_come_back_as_they_were(self, store: Store, value: bytes) -> None:
        store.set("set", value, 60)
        store.add("added", value, 60)
        swap(store, [Change(key="swapped", value=value, version=None)])
        swap(store, [_change(store, "swapped", value)])
        keys = ["set", "added", "swapped"]
        assert store.get_many(keys) == dict.fromkeys(keys, value)
        assert {key: found[0] for key, found in versions(store, keys).items()} == dict.fromkeys(
            keys, value
        )

    def test_longest_keys_are_taken(self, store: Store) -> None:
        key = "r:app_book:" + "k" * 189
        store.set(key, b"1", 60)
        assert store.get_many([key]) == {key: b"1"}

    def test_no_swap_is_lost_between_threads(self, store: Store) -> None:
        store.add("counter", b"0", 60)
        together = threading.Barrier(THREADS)

        def count() -> None:
            together.wait()
            for _ in range(ROUNDS):
                while swap(store, [_incremented(store)]) != [True]:
                    pass

        with ThreadPoolExecutor(THREADS) as threads:
            for future in [threads.submit(count) for _ in range(THREADS)]:
                future.result()
        assert store.get_many(["counter"]) == {"counter": b"%d" % (THREADS * ROUNDS)}

    def test_one_thread_creates(self, store: Store) -> None:
        together = threading.Barrier(THREADS)

        def create(number: int) -> bool:
            together.wait()
            return swap(store, [Change(key="a", value=b"%d" % number, version=None)])[0]

        with ThreadPoolExecutor(THREADS) as threads:
            created = list(threads.map(create, range(THREADS)))
        assert created.count(True) == 1
        assert store.get_many(["a"]) == {"a": b"%d" % created.index(True)}


def swap(store: Store, changes: Sequence[Change]) -> list[bool]:
    return store.exchange(changes, ())[0]


def versions(store: Store, keys: Sequence[str]) -> Versions:
    return store.exchange((), keys)[1]


def _change(store: Store, key: str, value: bytes) -> Change:
    return Change(key=key, value=value, version=versions(store, [key])[key][1])


def _create(number: int) -> Change:
    return Change(key=f"new-{number}", value=b"new", version=None)


def _incremented(store: Store) -> Change:
    value, version = versions(store, ["counter"])["counter"]
    return Change(key="counter", value=b"%d" % (int(value) + 1), version=version)


def _await_absence(store: Store, key: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while store.get_many([key]):
        assert time.monotonic() < deadline, f"{key!r} did not expire"
        time.sleep(0.01)

"""What a store does while its server is in trouble: one error, soon, and at once the next time."""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

import pytest
from django.test import override_settings

from slipstream.generations.stores import (
    Change,
    Store,
    StoreRefused,
    StoreUnavailable,
    reset,
    store_for,
)
from slipstream.generations.stores.idle import SOCKET_CLOSED, Connections
from slipstream.generations.stores.redis import READ_TIMEOUT_SECONDS
from slipstream.timing.counters import CURRENT, Counters

from ..querycache.waiting import until
from ..sessions.servers import closed_port, complaining_port, silent_port
from .talking_port import END, always, talking_port

TIMEOUT_SECONDS = 0.1  # of tests in which nobody answers
PATIENCE_SECONDS = 10.0  # where somebody does, on a machine that is busy
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
REDIS = "django.core.cache.backends.redis.RedisCache"
DJANGO_REDIS = "django_redis.cache.RedisCache"

Place = Callable[..., Store]


@pytest.fixture
def memcached_at() -> Iterator[Place]:
    """Return a function that makes the store on memcached at these addresses."""
    overrides: list[Any] = []

    def make(*locations: str, timeout: float = PATIENCE_SECONDS) -> Store:
        options = {"timeout": timeout}
        entry = {"BACKEND": MEMCACHED, "LOCATION": list(locations), "OPTIONS": options}
        overrides.append(override_settings(CACHES={"default": entry}))
        overrides[-1].enable()
        return store_for("default")

    yield make
    for override in reversed(overrides):
        override.disable()


def _caches(
    backend: str, address: tuple[str, int], timeout: float = PATIENCE_SECONDS
) -> dict[str, Any]:
    host, port = address
    return {
        MEMCACHED: {"LOCATION": f"{host}:{port}", "OPTIONS": {"timeout": timeout}},
        REDIS: {
            "LOCATION": f"redis://{host}:{port}",
            "OPTIONS": {"socket_timeout": timeout},
        },
        DJANGO_REDIS: {
            "LOCATION": f"redis://{host}:{port}",
            "OPTIONS": {"SOCKET_TIMEOUT": timeout},
        },
    }[backend] | {"BACKEND": backend}


def _seconds_of(command: Callable[[], object]) -> float:
    start = time.perf_counter()
    with pytest.raises(StoreUnavailable):
        command()
    return time.perf_counter() - start


COMMANDS: dict[str, Callable[[Store], object]] = {
    "get_many": lambda store: store.get_many(["a"]),
    "versions": lambda store: store.exchange((), ["a"]),
    "swap": lambda store: store.exchange([Change(key="a", value=b"1", version=None)], ()),
    "ask": lambda store: store.ask([Change(key="a", value=b"1", version=None)], ()).answer(),
    "add": lambda store: store.add("a", b"1", 60),
    "delete": lambda store: store.delete("a"),
}


@pytest.mark.parametrize("what", COMMANDS)
@pytest.mark.parametrize("backend", [MEMCACHED, REDIS, DJANGO_REDIS])
@pytest.mark.parametrize("port", [closed_port, silent_port])
def test_every_operation_says_that_the_store_is_unavailable(
    port: Callable[[], AbstractContextManager[tuple[str, int]]], backend: str, what: str
) -> None:
    with (
        port() as address,
        override_settings(CACHES={"default": _caches(backend, address, TIMEOUT_SECONDS)}),
    ):
        store = store_for("default")
        with pytest.raises(StoreUnavailable, match=r"CACHES\['default'\]"):
            COMMANDS[what](store)


@pytest.mark.parametrize("backend", [MEMCACHED, REDIS, DJANGO_REDIS])
@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 2 * READ_TIMEOUT_SECONDS), ({"OPTIONS": {}}, READ_TIMEOUT_SECONDS)],
)
def test_silence_costs_one_time_out_and_the_second_call_next_to_nothing(
    backend: str, options: dict[str, Any], seconds: float
) -> None:
    with silent_port() as address:
        entry = _caches(backend, address, 2 * READ_TIMEOUT_SECONDS) | options
        with override_settings(CACHES={"default": entry}):
            store = store_for("default")
            first = _seconds_of(lambda: store.get_many(["a"]))
            second = _seconds_of(lambda: store.get_many(["a"]))
    assert seconds <= first < 2 * seconds
    assert second < seconds / 4


def test_begin_and_end_of_an_outage_are_logged_and_nothing_between(
    memcached_at: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        talking_port(lambda number: b"" if number == 0 else END) as talk,
    ):
        store = memcached_at(talk.location, timeout=1.0)
        deadline = time.monotonic() + 10
        for what in ("get_many", "add", "get_many"):
            with pytest.raises(StoreUnavailable):
                COMMANDS[what](store)
        while _is_unavailable(store):
            assert time.monotonic() < deadline
        store.get_many(["a"])
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("slipstream.generations", "ERROR"),
        ("slipstream.generations", "WARNING"),
    ]
    assert "timed out; reads go to the database meanwhile" in caplog.messages[0]
    assert len(talk.commands) == 3


def _is_unavailable(store: Store) -> bool:
    try:
        store.get_many(["a"])
    except StoreUnavailable:
        return True
    return False


def test_connection_is_closed_when_an_answer_is_late(memcached_at: Place) -> None:
    with talking_port(always(b"")) as talk:
        store = memcached_at(talk.location, timeout=TIMEOUT_SECONDS)
        with pytest.raises(StoreUnavailable):
            store.get_many(["a"])
        assert talk.ended.wait(10)


@pytest.mark.parametrize(
    "answer",
    [
        b"VALUE b 0 1\r\n1\r\nEND\r\n",  # to another command
        b"VALUE slipstream|a 0\r\nEND\r\n",
        b"+PONG\r\n",
        b"STORED\r\n",
    ],
)
def test_connection_is_closed_after_an_answer_that_makes_no_sense(
    memcached_at: Place, answer: bytes
) -> None:
    with talking_port(always(answer)) as talk:
        store = memcached_at(talk.location)
        with pytest.raises(StoreUnavailable):
            store.get_many(["a"])
        assert talk.ended.wait(10)


def test_connection_is_closed_after_an_unknown_answer_to_a_swap(memcached_at: Place) -> None:
    with talking_port(always(b"STORED\r\nOK\r\n")) as talk:
        store = memcached_at(talk.location)
        changes = [Change(key=key, value=b"1", version=None) for key in ("a", "b")]
        with pytest.raises(StoreUnavailable):
            store.exchange(changes, ())
        assert talk.ended.wait(10)


def test_connection_that_was_closed_while_idle_is_replaced_without_a_word(
    memcached_at: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with talking_port(lambda number: None if number == 1 else END) as talk:
        store = memcached_at(talk.location)
        assert store.get_many(["a"]) == {}
        assert store.get_many(["a"]) == {}
    assert talk.connections == 2
    assert not caplog.records


def test_refusal_is_told_apart_and_does_not_stop_reads(
    memcached_at: Place, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = b"SERVER_ERROR out of memory storing object\r\n"
    with talking_port(lambda number: refusal if number % 2 else END) as talk:
        store = memcached_at(talk.location)
        for _ in range(2):
            assert store.get_many(["a"]) == {}
            with pytest.raises(StoreRefused, match="out of memory"):
                COMMANDS["swap"](store)
        store.get_many(["a"])
    assert len(caplog.records) == 1


def test_redis_that_refuses_is_told_apart() -> None:
    complaint = "OOM command not allowed when used memory > 'maxmemory'."
    with (
        complaining_port(complaint) as address,
        override_settings(CACHES={"default": _caches(REDIS, address)}),
    ):
        for _ in range(2):
            with pytest.raises(StoreRefused, match="OOM"):
                COMMANDS["swap"](store_for("default"))


def test_redis_that_takes_no_more_connections_is_away() -> None:
    with (
        complaining_port("ERR max number of clients reached") as address,
        override_settings(CACHES={"default": _caches(REDIS, address)}),
    ):
        store = store_for("default")
        for reason in ("ConnectionError: ERR max number", "is unavailable"):
            with pytest.raises(StoreUnavailable, match=reason) as caught:
                store.get_many(["a"])
            assert not isinstance(caught.value, StoreRefused)


@pytest.mark.parametrize(
    "command",
    [
        lambda store: store.set("a", b"1", 60),
        lambda store: store.ask([Change(key="a", value=b"1", version=None)], ()),
    ],
    ids=["set", "ask"],
)
@pytest.mark.parametrize("backend", [MEMCACHED, REDIS])
def test_what_is_not_answered_does_not_end_an_outage(
    backend: str, command: Callable[[Store], object]
) -> None:
    with (
        talking_port(always(b"")) as talk,
        override_settings(CACHES={"default": _caches(backend, talk.address, TIMEOUT_SECONDS)}),
    ):
        store: Any = store_for("default")
        _seconds_of(lambda: store.get_many(["a"]))
        until(lambda: talk.commands)
        store._breaker._retry_at = 0.0  # as if it were time to try again
        asked = len(talk.commands)
        _seconds_of(lambda: command(store))
        assert len(talk.commands) == asked


@pytest.mark.parametrize("error", [ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError])
def test_connection_that_was_closed_while_idle_is_replaced(error: type[Exception]) -> None:
    made, closed = count(), []
    connections = Connections(lambda: next(made), closed.append, SOCKET_CLOSED)

    def ask(connection: int) -> int:
        if connection == 0 and again:
            raise error
        return connection

    again: list[bool] = []
    assert connections.use(ask) == 0
    again.append(True)
    assert connections.use(ask) == 1
    assert closed == [0]


@pytest.mark.parametrize("when", ["it is sent", "it is answered"])
def test_connection_that_was_closed_before_it_was_asked_is_replaced(when: str) -> None:
    made, closed = count(), []
    connections = Connections(lambda: next(made), closed.append, SOCKET_CLOSED)
    connections.use(lambda connection: connection)

    def send(connection: int) -> Callable[[], int]:
        def read() -> int:
            if connection == 0:
                raise ConnectionResetError
            return connection

        if connection == 0 and when == "it is sent":
            raise BrokenPipeError
        return read

    assert connections.send(send).answer() == 1
    assert connections.use(lambda connection: connection) == 1
    assert closed == [0]


def test_connection_whose_answer_nobody_reads_is_closed() -> None:
    made, closed = count(), []
    connections = Connections(lambda: next(made), closed.append, SOCKET_CLOSED)
    connections.send(lambda connection: lambda: connection).drop()
    assert closed == [0]
    assert connections.use(lambda connection: connection) == 1


def test_redis_that_refused_to_store_is_waited_for_until_it_stores_again() -> None:
    answers = [b"+OK\r\n", *[b"-OOM no room\r\n"] * 3, *[b"+OK\r\n"] * 2]
    with (
        talking_port(lambda number: answers[number]) as talk,
        override_settings(CACHES={"default": _caches(REDIS, talk.address)}),
    ):
        store = store_for("default")
        for number in range(3):  # nobody waits: the refusal of the second is read by the third
            store.set("a", b"1", 60)
            until(lambda: len(talk.commands) == number + 1)  # noqa: B023 - called at once
        with pytest.raises(StoreRefused, match="OOM no room"):
            store.set("a", b"1", 60)
        store.set("a", b"1", 60)
        assert len(talk.commands) == 5
        store.set("a", b"1", 60)
        assert talk.connections == 1


SEVENTH = b"VALUE slipstream|b 0 1 7\r\n1\r\nEND\r\n"
CREATE_A = b"add slipstream|a 0 0 1\r\n1\r\n"


def _changes(store: Store) -> list[Change]:
    """Create `a`, and replace the value of `b` that is there now."""
    (_value, version) = store.exchange((), ["b"])[1]["b"]
    return [
        Change(key="a", value=b"1", version=None),
        Change(key="b", value=b"22", version=version),
    ]


def test_all_changes_and_what_is_read_after_them_go_out_in_one_write(memcached_at: Place) -> None:
    with talking_port(
        lambda number: b"STORED\r\nEXISTS\r\n" + SEVENTH if number else SEVENTH
    ) as talk:
        store = memcached_at(talk.location)
        done, found = store.exchange(_changes(store), ["b"])
    assert done == [True, False]
    assert found["b"][0] == b"1"
    change_b = b"cas slipstream|b 0 0 2 7\r\n22\r\n"
    assert talk.commands[1:] == [CREATE_A + change_b + b"gets slipstream|b\r\n"]


def test_number_of_a_former_server_is_not_sent_to_the_next(memcached_at: Place) -> None:
    """They begin again with each start: it could be that of another value by now."""
    answers = [SEVENTH, None, b"STORED\r\n" + SEVENTH]
    with talking_port(lambda number: answers[number]) as talk:
        store = memcached_at(talk.location)
        assert store.exchange(_changes(store), ["b"])[0] == [True, False]
    assert talk.connections == 2
    assert talk.commands[2] == CREATE_A + b"gets slipstream|b\r\n"


def test_number_that_another_connection_was_told_is_not_sent_by_a_younger_one(
    memcached_at: Place,
) -> None:
    with talking_port(always(SEVENTH)) as talk:
        store = memcached_at(talk.location)
        changes = _changes(store)[1:]
        store.close()  # type: ignore[attr-defined]
        assert store.exchange(changes, ["b"])[0] == [False]
    assert talk.commands[1] == b"gets slipstream|b\r\n"


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("get_many", END),
        ("versions", END),
        ("swap", b"STORED\r\n"),
        ("ask", b"STORED\r\n"),
        ("add", b"STORED\r\n"),
        ("delete", b"DELETED\r\n"),
        ("set", b""),
    ],
)
def test_each_operation_is_one_round_trip_of_the_request(
    memcached_at: Place, what: str, answer: bytes
) -> None:
    commands = COMMANDS | {"set": lambda store: store.set("a", b"1", 60)}
    with talking_port(always(answer)) as talk:
        store = memcached_at(talk.location)
        counters = Counters()
        token = CURRENT.set(counters)
        try:
            commands[what](store)
        finally:
            CURRENT.reset(token)
    assert counters.round_trips == 1
    assert counters.cache_seconds > 0


def test_keys_of_a_dead_server_go_to_no_other(memcached_at: Place) -> None:
    with talking_port(always(END)) as talk, closed_port() as (host, port):
        store = memcached_at(talk.location, f"{host}:{port}")
        keys = [f"t:{number}" for number in range(50)]
        before = [_answers(store, key) for key in keys]
        after = [_answers(store, key) for key in keys]
    assert {True, False} == set(before)
    assert before == after
    assert len(talk.commands) == 2 * before.count(True)


def _answers(store: Store, key: str) -> bool:
    try:
        store.get_many([key])
    except StoreUnavailable:
        return False
    return True


def test_threads_use_connections_of_their_own(memcached_at: Place) -> None:
    together = threading.Barrier(2, timeout=10)

    def meet(_number: int) -> bytes:
        together.wait()
        return END

    with talking_port(meet) as talk:
        store = memcached_at(talk.location)
        threads = [threading.Thread(target=store.get_many, args=[["a"]]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert talk.connections == 2
        reset()

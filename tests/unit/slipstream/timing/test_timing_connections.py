"""Connections out of a pool are new once; connections to a cache count what they send."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from slipstream.timing.counters import CURRENT, Counters
from slipstream.timing.install import install, uninstall
from slipstream.timing.instruments import connect

from ..sessions.servers import complaining_port


@pytest.fixture
def counters() -> Iterator[Counters]:
    counted = Counters()
    token = CURRENT.set(counted)
    yield counted
    CURRENT.reset(token)


class Physical:
    """What a pool hands out."""


class Wrapper:
    """As much of Django's connection as the instrument looks at."""

    def __init__(self, pool: list[Physical] | None) -> None:
        self.pool = pool
        self.execute_wrappers: list[Callable[..., Any]] = []
        self.connection: Physical | None = None


def _check_out(wrapper: Wrapper) -> None:
    wrapper.connection = wrapper.pool[0] if wrapper.pool else Physical()


def test_physical_connection_out_of_a_pool_is_new_once(counters: Counters) -> None:
    pool = [Physical()]
    for _ in range(3):
        connect(_check_out)(Wrapper(pool))
    assert counters.connections == 1


def test_connection_seen_before_the_request_is_not_new(counters: Counters) -> None:
    pool = [Physical()]
    token = CURRENT.set(None)
    connect(_check_out)(Wrapper(pool))
    CURRENT.reset(token)
    connect(_check_out)(Wrapper(pool))
    assert counters.connections == 0


def test_each_connection_without_a_pool_is_new(counters: Counters) -> None:
    wrapper = Wrapper(None)
    for _ in range(3):
        connect(_check_out)(wrapper)
    assert counters.connections == 3


def test_connection_that_fails_costs_time_and_is_not_new(counters: Counters) -> None:
    def fail(_wrapper: Wrapper) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - ours
        connect(fail)(Wrapper(None))
    assert counters.connections == 0
    assert counters.connect_seconds > 0
    assert not counters.in_connect


def test_redis_command_is_one_round_trip(counters: Counters) -> None:
    install()
    try:
        with complaining_port("ERR no") as (host, port):
            client = Redis(host=host, port=port, protocol=2, driver_info=None)
            for _ in range(3):
                with pytest.raises(ResponseError):
                    client.get("key")
            client.close()
    finally:
        uninstall()
    assert counters.round_trips == 3
    assert counters.cache_seconds > 0
